"""For load balancers, the launcher and Prometheus: alive, ready, figures.

Answered before everything else (`Probes`): a probe must tell of a database that is gone, bears the
machine's address as its host name, and has no session.
"""

import hmac
import ipaddress
import logging
import shutil
import time
from collections.abc import Callable
from functools import cache
from typing import Literal

from django.conf import settings
from django.db import connection
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotAllowed,
    JsonResponse,
)

from weiye.base.scope.access import public

log = logging.getLogger("weiye.health")

# Below this PostgreSQL on the same disk is about to stop writing.
ENOUGH_DISK = 200 * 1024 * 1024
SILENT_SECONDS = 60
PATIENCE_MS = 3000
_FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA")


class Probes:
    """Answers the three addresses itself; all others go on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.views = {"/healthz": healthz, "/readyz": readyz, "/metrics": metrics}

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        view = self.views.get(request.path_info)
        if view is None:
            return self.get_response(request)
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(("GET", "HEAD"))
        response: HttpResponseBase = view(request)
        response.headers["Cache-Control"] = "no-store"
        return response


@public("load balancers and the launcher ask; answers that this process lives, nothing else")
def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"ok": True})


@public("load balancers ask; answers yes or no, and to operators which check fails")
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when this process can serve. What is wrong is told to those who may see the metrics.

    A silent worker degrades the product but is no reason to take the pages away.
    """
    found = checks()
    ready = all(state == "ok" for name, state in found.items() if name not in ONLY_DEGRADE)
    said: dict[str, object] = {"ready": ready, "degraded": any(s != "ok" for s in found.values())}
    if for_operators(request):
        said["checks"] = found
    return JsonResponse(said, status=200 if ready else 503)


@public("asks for the operator's token, or to be asked from this very machine")
def metrics(request: HttpRequest) -> HttpResponse:
    if not for_operators(request):
        return HttpResponse("not for you\n", status=403, content_type="text/plain")
    from weiye.config.telemetry.metrics import exposition

    return HttpResponse(
        exposition(), content_type="text/plain; version=0.0.4; charset=utf-8", status=200
    )


def for_operators(request: HttpRequest) -> bool:
    """Whoever bears WEIYE_METRICS_TOKEN; where none is set, programs of this machine.

    Behind a proxy of the same machine everybody comes from here: what bears a proxy's header is
    not believed to.
    """
    token = settings.METRICS_TOKEN
    given = request.META.get("HTTP_AUTHORIZATION", "")
    if token:
        return hmac.compare_digest(given.encode(), f"Bearer {token}".encode())
    if any(request.META.get(name) for name in _FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


# -- what must hold -----------------------------------------------------------

State = Literal["ok"] | str
ONLY_DEGRADE = frozenset({"worker", "disk"})


def checks() -> dict[str, State]:
    """Name of each check → "ok", or one English sentence without any data."""
    found: dict[str, State] = {}
    steps: tuple[tuple[str, Callable[[], str]], ...] = (
        ("database", _database),
        ("fence", _fence),
        ("migrations", _migrations),
        ("keys", _keys),
        ("packs", _packs),
        ("worker", _worker),
        ("disk", _disk),
    )
    for name, step in steps:
        if found.get("database", "ok") != "ok" and name in ("fence", "migrations", "worker"):
            found[name] = "not asked"
            continue
        try:
            found[name] = step() or "ok"
        except Exception as error:
            log.warning("check %s failed", name, exc_info=error)
            found[name] = type(error).__name__
    return found


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SET statement_timeout = {PATIENCE_MS}")
            cursor.execute("RESET statement_timeout")
    except Exception:
        # A connection kept from before the database went: the next question opens a new one.
        connection.close()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    return ""


@cache
def _fence() -> str:
    from weiye.base.scope.login import refuse_unfenced_login

    refuse_unfenced_login()
    return ""


_migrated: list[float] = []


def _migrations() -> str:
    """Whether all migrations of this code are applied; newer ones in the database do no harm."""
    if _migrated:
        return ""
    from django.db.migrations.loader import MigrationLoader

    loader = MigrationLoader(connection)
    missing = set(loader.disk_migrations) - set(loader.applied_migrations)
    if missing:
        return f"{len(missing)} not applied: run ./weiye setup"
    _migrated.append(time.monotonic())
    return ""


def _keys() -> str:
    from weiye.base.privacy.keyring import KeyTrouble, ring

    try:
        ring("field"), ring("index")
    except KeyTrouble as error:
        return str(error)
    return "" if settings.SECRET_KEY else "WEIYE_SECRET_KEY is missing"


def _packs() -> str:
    from weiye.base.packs import PackError, load_all

    try:
        load_all(settings.PACKS_DIR)
    except PackError as error:
        return f"cannot be read: {error}"
    return ""


def _worker() -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT extract(epoch FROM now() - max(last_heartbeat)) FROM procrastinate_workers"
        )
        silent = cursor.fetchone()[0]
    if silent is None:
        return "no worker runs"
    return "" if silent < SILENT_SECONDS else f"no sign of life for {int(silent)} s"


def _disk() -> str:
    free = shutil.disk_usage(settings.HOME).free
    return "" if free >= ENOUGH_DISK else f"{free // 2**20} MB free"
