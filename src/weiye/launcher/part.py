"""``./weiye web`` and ``./weiye worker``: one part of an installation of several machines.

Neither touches the tables: ``./weiye setup`` does, once, before the parts of a release start.
"""

import argparse
import os
import signal
import subprocess
import time
from collections.abc import Mapping

from weiye.launcher import address, programs
from weiye.launcher.installation import Installation
from weiye.launcher.keys import FILE
from weiye.launcher.locks import Lock
from weiye.launcher.places import discover
from weiye.launcher.processes import end_with_parent
from weiye.launcher.progress import Progress, say
from weiye.launcher.supervise import Programs
from weiye.launcher.trouble import Stop, Trouble

HEALTHY_PATIENCE = 120.0
KEYS = (
    ("WEIYE_SECRET_KEY",),
    ("WEIYE_FIELD_KEYS", "WEIYE_FIELD_KEY"),
    ("WEIYE_INDEX_KEYS", "WEIYE_INDEX_KEY"),
)


def parser(kind: str) -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog=f"./weiye {kind}",
        description="Start only the "
        + ("web server" if kind == "web" else "background worker")
        + " of an installation of several machines. WEIYE_APP_URL names the database "
        "(login weiye_app); the keys are those of the machine that ran ./weiye setup.",
    )
    if kind == "web":
        made.add_argument("--host", default=address.DEFAULT_HOST, help="default: %(default)s")
        made.add_argument(
            "--port", type=programs.port, help=f"default: {address.DEFAULT_PORT}; 0: a free one"
        )
        programs.add_sizes(made)
    return made


def main(kind: str, argv: list[str], started: float) -> int:
    """Run the part until stopped. ``kind``: "web" or "worker"."""
    options = parser(kind).parse_args(argv)
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, _stop)
    check_given(os.environ)
    installation = Installation(os.environ)
    with Lock(installation.places.home / f"{kind}.lock") as lock:
        if not lock.take():
            raise Trouble(
                f"This machine's {kind} runs already from this folder (process {lock.holder()})."
            )
        running = Programs([])
        try:
            progress = Progress(3)
            installation.packages(progress)
            if kind == "worker":
                running.add(
                    programs.worker(installation, lambda: installation.for_children(demo=False))
                )
                say(f"The worker runs ({time.monotonic() - started:.1f} s). Ctrl-C stops.")
                _watch(running)
            installation.front_end(progress)
            with address.listen(options.host, options.port) as opened:
                url = address.url(opened, options.host)
                lock.note(url)
                told = installation.for_children(
                    demo=False, hosts=address.names(opened, options.host)
                )
                _static_files(installation, told)
                running.add(
                    programs.web(
                        installation, opened, lambda: told,
                        workers=options.workers, threads=options.threads,
                    )
                )  # fmt: skip
                running.wait_until_healthy(url, HEALTHY_PATIENCE)
                print(f"\n  {url}\n", flush=True)
                say(f"Ready after {time.monotonic() - started:.1f} s. Ctrl-C stops.")
                _watch(running)
        except Stop:
            say("Stopping …")
        finally:
            for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(sign, signal.SIG_IGN)
            running.stop()
    return 0


def prepare() -> int:
    """The environment and the served files, and no more: what `bundle.unpacking` ends with."""
    installation = Installation(os.environ)
    progress = Progress(2)
    installation.packages(progress)
    installation.front_end(progress)
    return 0


def check_given(environ: Mapping[str, str]) -> None:
    """Raises Trouble where the database or a key would have to be invented."""
    if not environ.get("WEIYE_APP_URL") and not environ.get("DATABASE_URL"):
        raise Trouble(
            "The parts of several machines share a PostgreSQL: set WEIYE_APP_URL to its address "
            "(login weiye_app). On one machine ./weiye run starts everything."
        )
    home = discover(environ).home
    missing = [names[0] for names in KEYS if not any(environ.get(name) for name in names)]
    if missing and not (home / FILE).is_file():
        raise Trouble(
            f"This machine has no keys: copy {FILE} from the machine that ran ./weiye setup to "
            f"{home}, or set {', '.join(missing)}."
        )


def _stop(*_: object) -> None:
    raise Stop


def _static_files(installation: Installation, told: Mapping[str, str]) -> None:
    done = subprocess.run(
        installation.command("static"),
        env=dict(told),
        stdin=subprocess.DEVNULL,
        preexec_fn=end_with_parent(),
    )
    if done.returncode:
        raise Trouble("The static files could not be collected (see above).")


def _watch(running: Programs) -> None:
    while True:
        time.sleep(0.5)
        running.look_after()
