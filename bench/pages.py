"""p50 and p95 of the desk's pages over HTTP, signed in as one user.

    python bench/pages.py http://127.0.0.1:8000 USERNAME PASSWORD [REQUESTS]

Asks a running product (./weiye run): the ledger, its second page filtered by a group, a person's
page and the public market, first one request at a time, then eight at once.
"""

import re
import statistics
import sys
import time
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from http.cookiejar import CookieJar


def sign_in(base: str, username: str, password: str) -> urllib.request.OpenerDirector:
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    page = opener.open(base + "/signin/").read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token is not None
    form = {"csrfmiddlewaretoken": token[1], "username": username, "password": password}
    answer = opener.open(base + "/signin/", urllib.parse.urlencode(form).encode())
    assert "/signin/" not in answer.geturl(), "sign-in failed"
    return opener


def timed(opener: urllib.request.OpenerDirector, url: str) -> float:
    started = time.perf_counter()
    with opener.open(url) as answer:
        answer.read()
        assert answer.status == 200
    return time.perf_counter() - started


def line(name: str, seconds: list[float], wall: float) -> str:
    cuts = statistics.quantiles(seconds, n=20)
    return (
        f"{name:28} p50 {statistics.median(seconds) * 1000:7.1f} ms   p95 {cuts[18] * 1000:7.1f} ms"
        f"   {len(seconds) / wall:7.1f} requests/s"
    )


def main() -> None:
    base, username, password = sys.argv[1:4]
    number = int(sys.argv[4]) if len(sys.argv) > 4 else 200
    opener = sign_in(base, username, password)
    ledger = opener.open(base + "/community/people/").read().decode()
    person = re.search(r"/community/people/\d+/", ledger)
    assert person is not None, "the ledger is empty"
    for name, path in (
        ("today", "/community/"),
        ("ledger, 50 rows", "/community/people/"),
        ("person page", person[0]),
        ("public market", "/"),
    ):
        url = base + path
        for _ in range(5):
            timed(opener, url)
        for workers in (1, 8):
            started = time.perf_counter()
            with ThreadPoolExecutor(workers) as pool:
                seconds = list(pool.map(timed, [opener] * number, [url] * number))
            print(line(f"{name}, {workers} at once", seconds, time.perf_counter() - started))


if __name__ == "__main__":
    main()
