"""``./weiye run``: from whatever is there to a running system, until Ctrl-C."""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import webbrowser
from collections.abc import Mapping
from typing import Any

from weiye.launcher import address, programs, stamps
from weiye.launcher.installation import Installation
from weiye.launcher.locks import Lock
from weiye.launcher.processes import end_with_parent, stop
from weiye.launcher.progress import Progress, say
from weiye.launcher.supervise import Programs
from weiye.launcher.trouble import Stop, Trouble

HEALTHY_PATIENCE = 120.0
CHECK_KEYS = ("url", "seconds", "units", "people", "files", "list_entries", "database", "version")


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="./weiye run",
        description="Install what is missing, start the database, the web server and the "
        "background worker, and print the address. Ctrl-C stops everything.",
        epilog="Environment: DATABASE_URL names a PostgreSQL of your own (15 or newer; the login "
        "that owns the tables) instead of the embedded one. WEIYE_HOME is the state folder "
        "(default: var/ in the repository). WEIYE_HOSTS lists the host names that requests may "
        "bear, comma-separated. With DATABASE_URL, or when listening beyond this machine, there "
        "is no demonstration data and no sign-in is printed unless --demo is given; "
        "./weiye admin create makes the first administrator.",
    )
    made.add_argument("--host", default=address.DEFAULT_HOST, help="default: %(default)s")
    made.add_argument(
        "--port", type=programs.port, help=f"default: {address.DEFAULT_PORT}; 0: a free one"
    )
    made.add_argument("--demo", action="store_true", help="demonstration data and its sign-ins")
    made.add_argument("--no-demo", action="store_true", help="no demonstration data")
    programs.add_sizes(made)
    made.add_argument("--open", action="store_true", help="open the page in a browser")
    made.add_argument(
        "--check",
        action="store_true",
        help="start on a free port, do the main job once on the sample roster, print one JSON "
        "object as the last line, stop",
    )
    return made


def main(argv: list[str], started: float) -> int:
    """Run until stopped. ``started``: the monotonic moment at which the command began."""
    options = parser().parse_args(argv)
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, _stop)
    if options.check and options.port is None:
        options.port = 0
    installation = Installation(os.environ)
    with Lock(installation.places.home / "run.lock") as lock:
        if not lock.take():
            raise Trouble(
                f"Weiye is running already from this folder (process {lock.holder()}). Stop it "
                "first, or give this one a state folder of its own with WEIYE_HOME."
            )
        with address.listen(options.host, options.port) as opened:
            lock.note(address.url(opened, options.host))
            return Run(installation, options, opened, started).go()


def _stop(*_: object) -> None:
    raise Stop


class Run:
    """One life of the system."""

    def __init__(
        self, installation: Installation, options: argparse.Namespace, opened: Any, started: float
    ) -> None:
        self.installation = installation
        self.options = options
        self.opened = opened
        self.started = started
        self.url = address.url(opened, options.host)
        self.hosts = address.names(opened, options.host)
        self.demo = wants_demo(
            options, external=bool(installation.external), local=address.is_loopback(opened)
        )
        self.programs = Programs([])

    def go(self) -> int:
        try:
            self._prepare()
            self._start()
            if self.options.check:
                return self._check()
            self._announce()
            self._watch()
        except Stop:
            say("Stopping …")
        finally:
            self._shut_down()
        return 0

    def _prepare(self) -> None:
        progress, installation = Progress(5), self.installation
        installation.packages(progress)
        installation.front_end(progress)
        installation.database(progress, probe=True)
        installation.setup(progress, demo=self.demo)
        self.progress = progress

    def _environ(self) -> Mapping[str, str]:
        return self.installation.for_children(demo=self.demo, hosts=self.hosts)

    def _start(self) -> None:
        options = self.options
        with self.progress.step("Web server and worker"):
            self.programs.add(
                programs.web(
                    self.installation, self.opened, self._environ,
                    workers=options.workers, threads=options.threads,
                )
            )  # fmt: skip
            self.programs.wait_until_healthy(self.url, HEALTHY_PATIENCE)
            # Only now: while the page is not up, the processors are better used for it.
            self.programs.add(programs.worker(self.installation, self._environ))

    def _announce(self) -> None:
        """The address, and with demonstration data the sign-ins, on standard output."""
        print(f"\n  {self.url}\n", flush=True)
        if self.demo:
            print(self._sign_ins(), flush=True)
        say(
            f"Ready after {time.monotonic() - self.started:.1f} s. Ctrl-C stops. "
            f"Logs: {self.installation.places.home / 'log'}"
        )
        if self.options.open and _has_desktop():
            webbrowser.open(self.url)

    def _sign_ins(self) -> str:
        """What ``signins`` prints; remembered until the next set-up, to be up sooner."""
        kept = self.installation.places.home / "signins.json"
        # Demonstration passwords are made from the secret key.
        secret = self._environ()["WEIYE_SECRET_KEY"]
        mark = stamps.digest([self.installation.setup_stamp], secret)
        known = stamps.read(kept)
        if known.get("mark") == mark:
            return str(known.get("text"))
        done = subprocess.run(
            self.installation.command("signins"),
            env=self._environ(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=end_with_parent(),
        )
        if done.returncode == 0:
            stamps.write_whole(kept, json.dumps({"mark": mark, "text": done.stdout}), 0o600)
        return done.stdout

    def _watch(self) -> None:
        cluster = self.installation.cluster
        while True:
            time.sleep(0.5)
            if cluster and not cluster.alive():
                self._restart_database()
            self.programs.look_after()

    def _restart_database(self) -> None:
        """The database died under us: start it again, and the programs if its address changed."""
        cluster = self.installation.cluster
        assert cluster is not None
        say("The database stopped; starting it again.")
        before = cluster.port
        cluster.leave()
        with Progress(1, quiet=True).step("Database") as step:
            cluster.join(step)
        if cluster.port != before:
            self.programs.stop()
            self.programs.start()

    def _check(self) -> int:
        """The main job once, through the running system; one JSON object on standard output."""
        with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
            child = subprocess.Popen(
                self.installation.command("check", "--url", self.url),
                env=self._environ(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                preexec_fn=end_with_parent(),
            )
            try:
                while child.poll() is None:
                    self.programs.look_after()
                    time.sleep(0.1)
            finally:
                stop(child, patience=5)
            output.seek(0)
            report = last_object(output.read())
        if child.returncode or report is None:
            raise Trouble("The check failed (see above).")
        report |= {"url": self.url, "seconds": round(time.monotonic() - self.started, 2)}
        self._shut_down()
        print(json.dumps({key: report.get(key) for key in CHECK_KEYS}, ensure_ascii=False))
        return 0

    def _shut_down(self) -> None:
        """Web server and worker, then the database; a second Ctrl-C does not wait for them."""
        for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(sign, signal.SIG_IGN)
        self.programs.stop()
        self.programs = Programs([])
        self.installation.close()


def wants_demo(options: argparse.Namespace, *, external: bool, local: bool) -> bool:
    """Demonstration data by default, but never on somebody's own database or network unasked."""
    if options.no_demo:
        return False
    return bool(options.demo) or (local and not external)


def last_object(output: str) -> dict[str, Any] | None:
    """The JSON object on the last line of an output; what stands before it goes to stderr."""
    lines = output.rstrip().splitlines()
    for line in lines[:-1]:
        say(line)
    try:
        found = json.loads(lines[-1]) if lines else None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        if lines:
            say(lines[-1])
        return None
    return found


def _has_desktop() -> bool:
    return sys.platform == "darwin" or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
