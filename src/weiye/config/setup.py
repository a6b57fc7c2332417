"""``./weiye setup``: tables, fence, area tree, packs, static files, demonstration data.

Every step finds out what is there and does what is missing, in transactions: killed at any moment,
the next call goes on.
"""

import argparse
import hashlib
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.utils import timezone
from psycopg import sql

from weiye.base.packs import PackError, load_all, queries
from weiye.base.packs import actions as pack_versions
from weiye.base.privacy.keyring import KeyTrouble
from weiye.base.privacy.known import end_first_form, refuse_wrong_keys
from weiye.base.regions.actions import load_functional, load_official
from weiye.base.scope import leakproof
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence
from weiye.base.scope.login import refuse_unfenced_login
from weiye.base.scope.policies import APP_LOGIN, MissingRole
from weiye.engine import linkage, matching
from weiye.services.demonstration import actions as demonstration

OLDEST_POSTGRESQL = 15


class SetupFailed(Exception):
    """One sentence for the operator."""


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./weiye setup", description=__doc__)
    parser.add_argument("--demo", action="store_true", help="load the demonstration data")
    parser.add_argument(
        "--approve-packs", action="store_true", help="use the packs on disk from today on"
    )
    options = parser.parse_args(argv)
    steps: list[tuple[str, Callable[[], object]]] = [
        ("database login", app_login),
        ("tables and fence", migrate),
        ("keys", keys),
        ("packs", partial(packs, approve_all=options.approve_packs)),
        ("area tree", area_tree),
        ("static files", static_files),
        ("matching kernel", matching.warm),
        ("linkage kernels", linkage.warm),
    ]
    if options.demo or settings.DEMO:
        steps.append(("demonstration data", demo))
    try:
        for name, step in steps:
            with told(name):
                step()
        refuse_unfenced_login()
        tell_of_first_form()
        tell_what_is_slower()
    except SetupFailed as error:
        sys.stderr.write(f"weiye: {error}\n")
        return 1
    return 0


@contextmanager
def told(name: str) -> Any:
    started = time.monotonic()
    yield
    sys.stderr.write(f"  {name}: {time.monotonic() - started:.1f} s\n")


def app_login() -> None:
    """Make the fenced login with the password that web and worker use."""
    app = settings.DATABASES["default"]
    if "owner" not in settings.DATABASES:
        raise SetupFailed("WEIYE_OWNER_URL is not set; run this through ./weiye")
    owner = connections["owner"]
    with owner.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        version = int(cursor.fetchone()[0]) // 10000
        if version < OLDEST_POSTGRESQL:
            raise SetupFailed(
                f"PostgreSQL {version} is too old: {OLDEST_POSTGRESQL} or newer is needed"
            )
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [app["USER"]])
        exists = cursor.fetchone() is not None
    if exists and app_can_log_in(app):
        return
    verb = "ALTER" if exists else "CREATE"
    statement = sql.SQL("{} ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE PASSWORD {}").format(
        sql.SQL(verb), sql.Identifier(app["USER"]), sql.Literal(app["PASSWORD"])
    )
    try:
        with owner.cursor() as cursor:
            cursor.execute(statement.as_string(None))
    except Exception as error:
        raise SetupFailed(
            f"the database user of DATABASE_URL may not {verb.lower()} the login {app['USER']}; "
            f"let an administrator run: {verb} ROLE {app['USER']} LOGIN PASSWORD '…' "
            f"and set WEIYE_APP_URL to it ({str(error).strip().splitlines()[0]})"
        ) from error
    if not app_can_log_in(app):
        raise SetupFailed(
            f"{app['USER']} cannot log in to {app['NAME']}: check the server's pg_hba.conf"
        )


def app_can_log_in(app: dict[str, Any]) -> bool:
    try:
        psycopg.connect(
            host=app["HOST"] or None,
            port=app["PORT"] or None,
            user=app["USER"],
            password=app["PASSWORD"],
            dbname=app["NAME"],
            sslmode=app["OPTIONS"].get("sslmode"),
            connect_timeout=10,
        ).close()
    except psycopg.OperationalError:
        return False
    return True


def migrate() -> None:
    if settings.DATABASES["default"]["USER"] != APP_LOGIN:
        raise SetupFailed(f"web and worker must log in as {APP_LOGIN}")
    try:
        call_command("migrate", database="owner", interactive=False, verbosity=0, skip_checks=True)
    except MissingRole as error:
        raise SetupFailed(str(error)) from error


def keys() -> None:
    """Before anything is written: are these the keys of the data? The first time, note them."""
    try:
        refuse_wrong_keys()
    except KeyTrouble as trouble:
        raise SetupFailed(str(trouble)) from None


def tell_of_first_form() -> None:
    """Values of before they were bound to their column stay as they are until keys are rotated."""
    if left := end_first_form("owner"):
        sys.stderr.write(
            "weiye: everything works; personal data of before this release are not bound to their "
            f"column yet ({', '.join(left)}). Run once, while it is in use: ./weiye keys rotate\n"
        )


def tell_what_is_slower() -> None:
    """Statements for the server's administrator, without which some lists are slower."""
    with connections["owner"].cursor() as cursor:
        wanted = leakproof.mark(cursor)
    if wanted:
        told = "\n".join(f"    {statement};" for statement in wanted)
        sys.stderr.write(
            "weiye: everything works; lists by status of a whole city are faster once an "
            f"administrator of the database server (superuser) runs, in this database:\n{told}\n"
        )


def province_packs() -> list[Path]:
    return sorted(path.parent for path in settings.PACKS_DIR.glob("*/regions.csv.gz"))


def packs(*, approve_all: bool = False) -> None:
    """Read every pack; note versions that are new on disk. They wait for somebody's approval.

    ``approve_all``: the operator lets what is on disk count from today.
    """
    load_all(settings.PACKS_DIR)
    actor = system()
    with fence(actor):
        pack_versions.register(actor=actor, root=settings.PACKS_DIR)
        if approve_all or settings.DEMO:
            pack_versions.approve_all(
                actor=actor, today=timezone.localdate(), note="随系统更新启用"
            )
        waiting = sorted(f"{version.pack} {version.short}" for version in queries.waiting())
        try:
            queries.packs_in_force()
        except PackError as error:
            raise SetupFailed(
                f"the approved packs cannot be read by this version of the software ({error}); "
                "if those on disk are right, run ./weiye setup --approve-packs"
            ) from error
    if waiting:
        sys.stderr.write(f"  waiting for approval (管理台 · 政策包): {', '.join(waiting)}\n")


def area_tree() -> None:
    for path in province_packs():
        load_official(actor=system(), pack=path)
    for path in sorted(each.parent for each in settings.PACKS_DIR.glob("*/pack.yaml")):
        load_functional(actor=system(), pack=path)


def static_files() -> None:
    """Collect the static files if any of them changed since the last time."""
    sources = [Path(__file__).parents[1] / "desks", settings.HOME / "vendor"]
    facts = sorted(
        f"{path}:{path.stat().st_size}:{path.stat().st_mtime_ns}"
        for source in sources
        for path in source.rglob("*")
        if path.is_file() and (source.name == "vendor" or "static" in path.parts)
    )
    digest = hashlib.sha256("\n".join(facts).encode()).hexdigest()
    stamp = settings.HOME / "static.stamp"
    if stamp.is_file() and stamp.read_text() == digest and settings.STATIC_ROOT.is_dir():
        return
    call_command("collectstatic", interactive=False, verbosity=0, clear=True)
    part = stamp.with_suffix(".part")
    part.write_text(digest)
    part.replace(stamp)


def demo() -> None:
    demonstration.load(actor=system())
    demonstration.play_history(actor=system())
