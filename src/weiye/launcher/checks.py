"""``./weiye test``: what tests need, then every check a change must pass, stopping at the first."""

import argparse
import os
import signal
import subprocess
from dataclasses import replace

from weiye.launcher import browser
from weiye.launcher.installation import Installation
from weiye.launcher.keys import load
from weiye.launcher.postgres.cluster import Cluster
from weiye.launcher.processes import end_with_parent
from weiye.launcher.progress import Progress
from weiye.launcher.trouble import Stop

# Processes that run tests side by side; each has a database, and a product when it meets a browser.
WORKERS = 2


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="./weiye test",
        description="Install what tests need, then: format, lint, types, import contracts, "
        "migrations, tests. With pytest arguments, only pytest runs, with those.",
        epilog="Environment: WEIYE_TEST_DATABASE_URL names a PostgreSQL for tests instead of an "
        "embedded one (a login that may create databases and roles).",
    )
    made.add_argument("--slow", action="store_true", help="the slow tests, and nothing else")
    return made


def main(argv: list[str]) -> int:
    """Run the checks; the exit status is that of the first one that fails."""
    options, rest = parser().parse_known_args(argv)
    rest = [word for word in rest if word != "--"]
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, _stop)
    environ = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
    installation = Installation(environ)
    _use_test_home(installation)
    if given := os.environ.get("WEIYE_TEST_DATABASE_URL"):
        installation.external = given
    try:
        told = _prepare(installation)
        for name, command in _checks(installation, slow=options.slow, rest=rest):
            print(f"\n── {name} " + "─" * max(3, 70 - len(name)), flush=True)
            status = subprocess.run(
                command,
                env=told,
                cwd=installation.places.root,
                preexec_fn=end_with_parent(),
            ).returncode
            if status:
                return status if status > 0 else 128 - status
        return 0
    finally:
        installation.close()


def _stop(*_: object) -> None:
    raise Stop


def _use_test_home(installation: Installation) -> None:
    """Tests have a state folder of their own: nothing they do reaches real data."""
    home = installation.places.home / "test"
    home.mkdir(exist_ok=True)
    home.chmod(installation.places.home.stat().st_mode & 0o777)
    installation.places = replace(installation.places, home=home)
    installation.keys = load(home)


def _prepare(installation: Installation) -> dict[str, str]:
    progress = Progress(4)
    installation.packages(progress, test=True)
    installation.front_end(progress, dev=True)
    with progress.step("Database for tests") as step:
        if not installation.external:
            installation.cluster = Cluster(installation.places, installation.keys, throwaway=True)
            installation.cluster.join(step)
    with progress.step("Browser and Chinese font") as step:
        chromium = browser.ensure(installation.places, step)
    return installation.for_children(demo=False, owner=True) | {"WEIYE_CHROMIUM": chromium}


def _checks(
    installation: Installation, *, slow: bool, rest: list[str]
) -> list[tuple[str, list[str]]]:
    """Name and command of each check, in order."""
    python = os.fspath(installation.places.python)
    tools = installation.places.environment / "bin"
    if slow:
        return [("slow tests", [python, "-m", "pytest", "-m", "slow", *rest])]
    tests = [python, "-m", "pytest", "-m", "not slow", *rest]
    if rest:
        return [("tests", tests)]
    return [
        ("format", [os.fspath(tools / "ruff"), "format", "--check"]),
        ("lint", [os.fspath(tools / "ruff"), "check"]),
        ("types", [python, "-m", "mypy"]),
        ("import contracts", [python, os.fspath(tools / "lint-imports")]),
        (
            "migrations",
            installation.command("makemigrations", "--check", "--dry-run"),
        ),
        # Two at a time, a file whole: databases, browsers and module fixtures are made per worker.
        ("tests", [*tests, "-n", str(WORKERS), "--dist", "loadfile"]),
    ]
