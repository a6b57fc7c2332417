"""The web server as it runs: several processes, planted personal data, its log file searched."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.db import connections

pytestmark = pytest.mark.django_db(transaction=False)

ROOT = Path(__file__).parents[2]
PLANTED = ["379902199001011234", "20000123456", "张三丰", "ZhangSanfeng", "0631-5231234"]


@dataclass
class Web:
    address: str
    port: int
    log: Path

    def ask(self, path: str, data: bytes | None = None, **headers: str) -> tuple[int, str]:
        url = self.address + urllib.parse.quote(path, safe="/?=&%")
        asked = urllib.request.Request(url, data, headers)
        try:
            with urllib.request.urlopen(asked, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def raw(self, text: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as line:
            line.sendall(text)
            line.settimeout(10)
            said = b""
            try:
                while part := line.recv(65536):
                    said += part
            except TimeoutError:
                pass
        return said


@pytest.fixture
def web(django_db_setup: None, tmp_path: Path) -> Iterator[Web]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path / "web.log"
    name = connections["default"].settings_dict["NAME"]
    base = os.environ["WEIYE_APP_URL"].rpartition("/")[0]
    environ = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "weiye.config.settings_test",
        "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
        "WEIYE_APP_URL": f"{base}/{name}",
        "WEIYE_HOME": str(tmp_path),
    }
    environ.pop("WEIYE_OWNER_URL")
    with log.open("wb") as stream:
        child = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", "python:weiye.config.webserver",
             "--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", "2",
             "--no-control-socket"],
            env=environ, stdout=stream, stderr=stream, cwd=ROOT,
        )  # fmt: skip
    made = Web(f"http://127.0.0.1:{port}", port, log)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                if made.ask("/healthz")[0] == 200:
                    break
            except OSError:
                pass
            assert child.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield made
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait(30)


def test_nothing_of_anybody_is_in_the_log_and_all_processes_are_counted(web: Web) -> None:
    number, phone, name, latin, telephone = PLANTED
    for path in (
        f"/?where={name}&q={number}",
        f"/{name}/{phone}/{number}/",
        f"/community/people/{number}/",
        f"/signin/?next=/{latin}/{phone}",
        f"/static/{number}.css",
    ):
        web.ask(path)
    form = urllib.parse.urlencode({"username": latin, "password": number, "phone": telephone})
    assert web.ask("/signin/", form.encode(), Cookie=f"sessionid={latin}{phone}")[0] == 403
    web.ask("/signin/", b"x" * 10, **{"Content-Type": "multipart/form-data; boundary=" + latin})
    web.ask("/", Host=f"{latin}.example")
    # What gunicorn itself refuses never reaches the product.
    for line in (
        f"GET /{number} HTTP/9.9\r\nHost: x\r\n\r\n",
        f"{latin} /{phone}\r\n\r\n",
        f"GET /?q={number * 800} HTTP/1.1\r\nHost: x\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: x\r\n{latin} {phone}: {number}\r\n\r\n",
        f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {number}x\r\n\r\n",
    ):
        web.raw(line.encode())
    for _ in range(40):
        web.ask("/signin/")
    status, said = web.ask("/metrics")
    found = re.search(
        r'weiye_requests_total\{method="GET",route="components:signin",status="200"\} (\d+)', said
    )
    assert status == 200 and found and int(found[1]) >= 41
    status, ready = web.ask("/readyz")
    assert status == 200 and json.loads(ready)["ready"] is True, ready
    text = web.log.read_text()
    assert not [word for word in PLANTED if word in text], text
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    asked = [line for line in lines if line["event"] == "request"]
    assert len(asked) > 45 and {"none", "components:signin"} <= {line["route"] for line in asked}
    assert all(len(line["request"]) == 32 for line in asked)


def test_the_files_of_counting_are_this_installations_own(web: Web, tmp_path: Path) -> None:
    web.ask("/signin/")
    assert list((tmp_path / "metrics").glob("counter_*.db"))
    assert (tmp_path / "metrics").stat().st_uid == os.getuid()
