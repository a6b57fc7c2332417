"""p50 and p95 of the desk's pages over HTTP, signed in as one user.

    python bench/pages.py http://127.0.0.1:8000 USERNAME PASSWORD [REQUESTS]

Asks a running product (./weiye run): today, the ledger, a person's page and the public market,
first one request at a time, then eight at once.

    python bench/fences.py --keep 1250000      # leaves a scratch database with a city of a million
    python bench/pages.py --ledger [REQUESTS]  # then drops it unless --keep

Serves that database (WEIYE_OWNER_URL and WEIYE_APP_URL exported) to somebody who may see the whole
city, and asks for the ledger in the ways in which people narrow, sort and turn it.
"""

import os
import re
import secrets
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from http.cookiejar import CookieJar
from pathlib import Path


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
        f"{name:44} p50 {statistics.median(seconds) * 1000:7.1f} ms   p95 {cuts[18] * 1000:7.1f} ms"
        f"   quickest {min(seconds) * 1000:7.1f} ms"
        f"   {len(seconds) / wall:7.1f} requests/s"
    )


# As a city's desk narrows it; the second of each pair is what the address says.
LEDGER = (
    ("first page, everybody", ""),
    ("second page", "page=2"),
    ("deep page (10 000 of 20 000)", "page=10000"),
    ("last page", "page=20000"),
    ("one group, a fifth of all", "group=低技能"),
    ("one group, one in forty", "group=就业困难人员"),
    ("one group, one in 400", "group=零就业家庭"),
    ("three groups", "group=残疾&group=低保家庭&group=大龄"),
    ("a group, its 40th page", "group=低技能&page=40"),
    ("unemployed today", "status=失业"),
    ("unemployed on 2022-03-01", "status=失业&on=2022-03-01"),
    ("registered as unemployed", "registered=2"),
    ("status not known (nobody)", "status=unknown"),
    ("aged 50 to 55", "age_from=50&age_to=55"),
    ("unemployed and 50 or older", "status=失业&age_from=50"),
    ("overdue visit", "visit=overdue"),
    ("overdue visit, of a group", "visit=overdue&group=残疾"),
    ("with a file", "file=yes"),
    ("12333 behind", "pace=behind"),
    ("one street", "area=371001001000"),
    ("search 王建国 (56 people)", "q=王建国"),
    ("search wangjian (2 750)", "q=wangjian"),
    ("search 王 (61 500)", "q=王"),
    ("by age", "sort=age"),
    ("by place", "sort=unit"),
    ("by next visit", "sort=visit"),
)
# What stands beside it: the exact count of what was only counted up to the cap, asked afterwards.
COUNTS = (
    ("one group, a fifth: 200 000", "group=低技能&count=1"),
    ("unemployed today: 250 000", "status=失业&count=1"),
    ("unemployed and 50 or older", "status=失业&age_from=50&count=1"),
    ("overdue visit", "visit=overdue&count=1"),
)
CITY = "37/10/"
PORT = 8219


def served() -> tuple[subprocess.Popen[bytes], str, str]:
    """The product on the scratch database, and the name and password of who may see the city."""
    from fences import aim_at_scratch

    aim_at_scratch(create=False)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "weiye.config.settings")
    import django

    django.setup()
    from weiye.base.accounts.actions import create_account
    from weiye.base.accounts.models import Account, Membership
    from weiye.base.regions.models import Unit
    from weiye.base.scope.actor import system
    from weiye.base.scope.fence import fence

    name, password = "bench-city", secrets.token_urlsafe(16)
    with fence(system()):
        city = Unit.objects.get(path=CITY)
        Account.objects.filter(username=name).delete()
        account = create_account(
            actor=system(), username=name, name="测试", password=password, unit=city
        )
        # No role of a city sees persons; that of a street is given straight, for the worst case.
        Membership.objects.create(
            account=account,
            account_name=account.name,
            role="street_clerk",
            unit=city,
            unit_path=city.path,
        )
    # One sign-in of a measurement needs no second factor.
    os.environ["WEIYE_TOTP"] = "optional"
    command = [sys.executable, "-m", "gunicorn", "weiye.config.wsgi:application"]
    command += ["-k", "gthread", "-w", "2", "--threads", "4", "-b", f"127.0.0.1:{PORT}"]
    server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    for _ in range(120):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{PORT}/healthz").close()
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.5)
        else:
            break
    return server, name, password


def spent(pids: list[int]) -> float:
    """Seconds of CPU that processes have used; what a busy machine disturbs least."""
    ticks = 0
    for pid in pids:
        # After the name, which may hold blanks: fields 14 and 15 of proc(5).
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def processes(server: int) -> tuple[list[int], list[int]]:
    """The web server's processes, and those of the database that work for it."""
    import psycopg
    from fences import NAME

    own = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    with psycopg.connect(os.environ["WEIYE_OWNER_URL"]) as c:
        asked = "SELECT pid FROM pg_stat_activity WHERE datname = %s AND usename = 'weiye_app'"
        return [int(pid) for pid in own], [pid for (pid,) in c.execute(asked, [NAME])]


def ledger_of_a_city(number: int, keep: bool) -> None:
    server, name, password = served()
    base = f"http://127.0.0.1:{PORT}"
    try:
        opener = sign_in(base, name, password)
        for title, asked in (("page", LEDGER), ("exact count", COUNTS)):
            for words, query in asked:
                url = f"{base}/community/people/?{urllib.parse.quote(query, safe='=&')}"
                # Every worker has read its packs, and the database its pages.
                for _ in range(4):
                    timed(opener, url)
                own, database = processes(server.pid)
                before = spent(own), spent(database)
                started = time.perf_counter()
                seconds = [timed(opener, url) for _ in range(number)]
                wall = time.perf_counter() - started
                cpu = [
                    (now - then) / number * 1000
                    for now, then in zip((spent(own), spent(database)), before, strict=True)
                ]
                told = f"   CPU: server {cpu[0]:.0f} ms, database {cpu[1]:.0f} ms"
                print(line(f"{title}: {words}", seconds, wall) + told, flush=True)
    finally:
        server.terminate()
        server.wait()
        if not keep:
            from fences import drop

            drop()


def main() -> None:
    if sys.argv[1:2] == ["--ledger"]:
        rest = [word for word in sys.argv[2:] if word != "--keep"]
        ledger_of_a_city(int(rest[0]) if rest else 40, "--keep" in sys.argv)
        return
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
