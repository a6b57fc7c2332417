"""Starts the product once for all browser tests, and a browser per module.

The tests talk to the product through its pages alone: no database call is made in this process, so
Playwright's event loop and Django never meet.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, TimeoutError, sync_playwright

from tests.world import PASSWORD

ROOT = Path(__file__).parents[2]
PHONE, DESKTOP = (360, 740), (1366, 768)
# Several test runs may share the machine.
PATIENCE_MS = 60_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of a running product on a database of its own, and the folder of its logs."""
    owner = os.environ["WEIYE_OWNER_URL"]
    name = f"test_{urlsplit(owner).path.strip('/')}_browser"
    folder = tmp_path_factory.mktemp("site")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "weiye.config.settings_test",
        "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
        "WEIYE_OWNER_URL": _database(owner, name),
        "WEIYE_APP_URL": _database(os.environ["WEIYE_APP_URL"], name),
        "WEIYE_DEMO": "1",
    }

    def program(*arguments: str) -> list[str]:
        return [sys.executable, *arguments]

    def finish(*arguments: str) -> None:
        done = subprocess.run(
            program(*arguments), env=environment, cwd=ROOT, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr[-4000:]

    running: list[subprocess.Popen[bytes]] = []

    def start(label: str, *arguments: str) -> None:
        with (folder / f"{label}.log").open("wb") as log:
            running.append(
                subprocess.Popen(
                    program(*arguments), env=environment, cwd=ROOT, stdout=log, stderr=log
                )
            )

    _recreate(owner, name)
    try:
        finish("-m", "weiye.config.cli", "migrate")
        finish("-m", "tests.browser.seed")
        bind = f"127.0.0.1:{port}"
        start("web", "-m", "gunicorn", "-k", "gthread", "--threads", "4", "-b", bind,
              "--no-control-socket", "weiye.config.wsgi")  # fmt: skip
        start("worker", "-m", "weiye.config.cli", "worker")
        address = f"http://{bind}"
        _wait(address, running[0], folder / "web.log")
        yield address, folder
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait(timeout=20)
        _recreate(owner, name, again=False)


def _database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def _recreate(owner: str, name: str, *, again: bool = True) -> None:
    assert name.startswith("test_")
    with psycopg.connect(_database(owner, "postgres"), autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        if again:
            connection.execute(f'CREATE DATABASE "{name}"')


def _wait(address: str, web: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(f"{address}/healthz", timeout=5).close()
            return
        except OSError:
            assert web.poll() is None, log.read_text()[-4000:]
            assert time.monotonic() < deadline, "the web server does not answer"
            time.sleep(0.1)


@pytest.fixture(scope="session")
def site(product: tuple[str, Path]) -> str:
    return product[0]


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, from the front-end packages."""
    home = Path(os.environ.get("WEIYE_HOME", ROOT / "var"))
    places = [ROOT, home / "front", home.parent / "front"]
    for place in places:
        found = place / "node_modules" / "axe-core" / "axe.min.js"
        if found.is_file():
            return found.read_text(encoding="utf-8")
    pytest.fail("axe-core is not installed: run the tests with ./weiye test")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = (
        os.environ.get("WEIYE_CHROMIUM")
        or shutil.which("chromium")
        or shutil.which("google-chrome")
    )
    if not path:
        pytest.fail("no Chromium: run the tests with ./weiye test, or set WEIYE_CHROMIUM")
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@dataclass
class Visitor:
    """One browser window, and what went wrong in it."""

    address: str
    axe: str
    context: BrowserContext
    page: Page
    faults: list[str] = field(default_factory=list)
    logs: tuple[Path, ...] = ()

    def go(self, path: str) -> Page:
        self.page.goto(self.address + path)
        return self.page

    def sign_in(self, username: str) -> "Visitor":
        self.go("/signin/")
        self.page.get_by_label("用户名").fill(username)
        self.page.get_by_label("密码").fill(PASSWORD)
        self.page.get_by_role("button", name="登录").click()
        # Each role has a first page of its own.
        self.page.wait_for_url(lambda url: "/signin/" not in url)
        return self

    def path(self) -> str:
        return urlsplit(self.page.url).path

    def first_person(self, query: str = "?file=yes") -> str:
        """Open the first person of the ledger; returns the path."""
        self.go(f"/community/people/{query}").locator("tbody th a").first.click()
        self.page.wait_for_url("**/community/people/*/")
        return self.path()

    def see(self, text: str) -> None:
        """Wait until the page says so; when it does not, tell what it says instead."""
        try:
            self.page.get_by_text(text).first.wait_for(state="attached")
        except TimeoutError:
            shown = self.page.locator("main").inner_text()[:1000]
            logs = [log.read_text()[-2000:] for log in self.logs]
            pytest.fail("\n".join([f"{self.page.url} does not say {text!r}:", shown, *logs]))

    def sound(self) -> None:
        """Assert: no fault, no missing variable, no sideways scrolling, axe finds nothing."""
        self.page.wait_for_load_state()
        assert "missing variable" not in self.page.content()
        over = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert over <= 0, f"{self.page.url} scrolls {over}px sideways"
        assert self.violations() == []
        assert self.faults == []

    def violations(self, rules: list[str] | None = None) -> list[str]:
        """What axe finds: all of its rules, or some."""
        only = f", runOnly: {json.dumps(rules)}" if rules else ""
        # Through the debugger: the page's own policy forbids scripts that it did not bring.
        session: Any = self.context.new_cdp_session(self.page)
        session.send("Runtime.evaluate", {"expression": self.axe})
        answer = session.send(
            "Runtime.evaluate",
            {
                "expression": f"axe.run(document, {{resultTypes: ['violations']{only}}})"
                ".then(found => JSON.stringify(found.violations))",
                "awaitPromise": True,
                "returnByValue": True,
            },
        )
        session.detach()
        return [
            f"{v['id']}: {node['html'][:160]}"
            for v in json.loads(answer["result"]["value"])
            for node in v["nodes"]
        ]


@pytest.fixture
def visit(product: tuple[str, Path], axe: str, chromium: Browser) -> Iterator[Any]:
    """Open a window: ``visit(PHONE, "worker-c", large=True)``."""
    contexts: list[BrowserContext] = []
    site, folder = product

    def open_window(
        size: tuple[int, int] = DESKTOP, username: str = "", *, large: bool = False, **options: Any
    ) -> Visitor:
        context = chromium.new_context(
            viewport={"width": size[0], "height": size[1]},
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            has_touch=size == PHONE,
            accept_downloads=True,
            **options,
        )
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        if large:
            context.add_cookies([{"name": "weiye_large", "value": "1", "url": site}])
        logs = (folder / "worker.log", folder / "web.log")
        visitor = Visitor(site, axe, context, context.new_page(), logs=logs)
        page, faults = visitor.page, visitor.faults
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        page.on(
            "response",
            lambda got: faults.append(f"{got.status} {got.url}") if got.status >= 500 else None,
        )
        page.on(
            "request",
            lambda sent: (
                None
                if sent.url.startswith((site, "data:"))
                else faults.append(f"asked another host: {sent.url}")
            ),
        )
        return visitor.sign_in(username) if username else visitor

    yield open_window
    for context in contexts:
        context.close()
