"""Probes tell the truth, and details to operators alone."""

from pathlib import Path

import pytest
from django.test import Client, RequestFactory, override_settings

from weiye.config import health
from weiye.config.telemetry import metrics

pytestmark = pytest.mark.django_db


def test_alive_needs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "django.db.backends.utils.CursorWrapper.execute",
        lambda *_: pytest.fail("a question to the database"),
    )
    answer = Client().get("/healthz", headers={"Host": "10.1.2.3:8000"})
    assert answer.status_code == 200 and answer.json() == {"ok": True}


def test_ready_says_yes_and_what_is_degraded() -> None:
    said = Client().get("/readyz")
    assert said.status_code == 200
    told = said.json()
    assert told["ready"] is True
    assert {name for name, state in told["checks"].items() if state != "ok"} <= {"worker"}
    assert set(told["checks"]) == {
        "database", "fence", "migrations", "keys", "packs", "worker", "disk",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["database", "fence", "migrations", "keys", "packs"])
def test_each_check_that_fails_takes_the_process_out(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def fail() -> str:
        raise RuntimeError("secret details")

    monkeypatch.setattr(health, f"_{name}", fail)
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"][name] == "RuntimeError"
    assert b"secret" not in answer.content


def test_a_silent_worker_takes_no_page_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_worker", lambda: "no sign of life for 99 s")
    answer = Client().get("/readyz")
    assert answer.status_code == 200 and answer.json()["degraded"] is True


def test_a_missing_migration_and_an_unreadable_pack_are_seen(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from django.db.migrations.loader import MigrationLoader

    monkeypatch.setattr(health, "_migrated", [])
    plain = MigrationLoader.build_graph

    def one_more(self: MigrationLoader) -> None:
        plain(self)
        self.disk_migrations["people", "9999_coming"] = None  # type: ignore[index]

    monkeypatch.setattr(MigrationLoader, "build_graph", one_more)
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "pack.yaml").write_text("id: [")
    with override_settings(PACKS_DIR=tmp_path, FIELD_KEYS="00", ROOT_URLCONF="weiye.config.urls"):
        found = health.checks()
    assert found["migrations"].startswith("1 not applied")
    assert found["packs"].startswith("cannot be read")
    assert found["keys"] != "ok" and "hexadecimal" in found["keys"]


@pytest.mark.parametrize(
    ("address", "headers", "token", "allowed"),
    [
        ("127.0.0.1", {}, "", True),
        ("::1", {}, "", True),
        ("10.0.0.7", {}, "", False),
        ("127.0.0.1", {"X-Forwarded-For": "8.8.8.8"}, "", False),
        ("127.0.0.1", {"Via": "1.1 proxy"}, "", False),
        ("127.0.0.1", {}, "t0k", False),
        ("10.0.0.7", {"Authorization": "Bearer t0k"}, "t0k", True),
        ("10.0.0.7", {"Authorization": "Bearer t0k2"}, "t0k", False),
        ("10.0.0.7", {"Authorization": "Bearer ü"}, "t0k", False),
        ("10.0.0.7", {"Authorization": "Bearer "}, "", False),
        ("not an address", {}, "", False),
    ],
)
def test_figures_are_for_operators(
    address: str, headers: dict[str, str], token: str, allowed: bool
) -> None:
    with override_settings(METRICS_TOKEN=token):
        client = Client(REMOTE_ADDR=address)
        answer = client.get("/metrics", headers=headers)
        assert (answer.status_code == 200) is allowed
        assert (b"weiye_" in answer.content) is allowed
        assert ("checks" in client.get("/readyz", headers=headers).json()) is allowed


def test_the_figures_count_requests_by_route_and_ask_the_database() -> None:
    Client().get("/signin/")
    Client().get("/somewhere/379902199001011234/")
    said = Client().get("/metrics").content.decode()
    assert 'weiye_requests_total{method="GET",route="components:signin",status="200"}' in said
    assert 'route="none",status="404"' in said and "379902199001011234" not in said
    assert "weiye_request_seconds_bucket" in said
    assert "weiye_database_asked 1.0" in said
    for name, *_ in metrics._ASKED:
        assert f"# TYPE {name} gauge" in said
    assert "weiye_disk_free_bytes" in said


def test_several_processes_are_added_up(tmp_path: Path) -> None:
    """Two processes count, a third tells; one that has ended still counts until the next start."""
    import subprocess
    import sys

    script = (
        "import os, sys, time; from pathlib import Path\n"
        "from weiye.config.telemetry import metrics, sharing\n"
        "sharing.share(Path(sys.argv[1]))\n"
        "for _ in range(3): metrics.request(route='r', method='GET', status=200, seconds=.01)\n"
        "print('counted', flush=True); sys.stdin.read()\n"
        "from prometheus_client import CollectorRegistry, generate_latest, multiprocess\n"
        "registry = CollectorRegistry(); multiprocess.MultiProcessCollector(registry)\n"
        "print(generate_latest(registry).decode())\n"
    )

    def start() -> "subprocess.Popen[str]":
        child = subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout and child.stdout.readline() == "counted\n"
        return child

    total = 'weiye_requests_total{method="GET",route="r",status="200"}'
    first, second = start(), start()
    assert f"{total} 6.0" in second.communicate()[0]
    assert f"{total} 6.0" in first.communicate()[0]
    again = start()
    assert f"{total} 3.0" in again.communicate()[0]


@pytest.mark.parametrize(("proxies", "secure"), [(0, False), (1, True)])
def test_only_a_proxy_of_ones_own_says_that_it_was_https(proxies: int, secure: bool) -> None:
    from django.http import HttpRequest, HttpResponse

    from weiye.config.middleware import Proxies

    seen: list[HttpRequest] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(request)
        return HttpResponse()

    with override_settings(PROXIES=proxies):
        Proxies(view)(RequestFactory().get("/", HTTP_X_FORWARDED_PROTO="https"))
    assert seen[0].is_secure() is secure
