"""The running programs, web server and worker: started, watched, restarted, stopped."""

import contextlib
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from weiye.launcher.processes import end_with_parent, make_room, open_log
from weiye.launcher.progress import say
from weiye.launcher.trouble import Trouble, tail

PATIENT_STOP = 20.0
STEADY = 60.0  # seconds after which a program counts as running well
RESTARTS = 5
RESTARTS_AT_FIRST = 2  # of a program that never ran well
PAUSE = 0.3
LOGS_EVERY = 5.0


@dataclass
class Program:
    """One child; ``environ`` is asked anew at every start."""

    name: str
    command: list[str]
    environ: Callable[[], Mapping[str, str]]
    log: Path
    folder: Path
    pass_fds: tuple[int, ...] = ()
    child: "subprocess.Popen[bytes] | None" = field(default=None, init=False)
    deaths: int = field(default=0, init=False)
    _started: float = field(default=0.0, init=False)
    _again_at: float = field(default=0.0, init=False)
    proven: bool = field(default=False, init=False)

    def start(self) -> None:
        descriptor = open_log(self.log)
        try:
            self.child = subprocess.Popen(
                self.command,
                env=dict(self.environ()),
                stdin=subprocess.DEVNULL,
                stdout=descriptor,
                stderr=descriptor,
                cwd=self.folder,
                pass_fds=self.pass_fds,
                start_new_session=True,
                preexec_fn=end_with_parent(),
            )
        finally:
            os.close(descriptor)
        self._started = time.monotonic()

    def look_after(self) -> None:
        """Start it again if it has died, each time a little later. Raises Trouble in the end."""
        now = time.monotonic()
        if self.child is None:
            if now >= self._again_at:
                self.start()
            return
        status = self.child.poll()
        if status is None:
            return
        if now - self._started > STEADY:
            self.deaths, self.proven = 0, True
        self.deaths += 1
        if self.deaths > (RESTARTS if self.proven else RESTARTS_AT_FIRST):
            raise Trouble(
                f"The {self.name} keeps stopping. Its last words ({self.log}):\n{tail(self.log)}"
            )
        pause = 0.5 * 2 ** (self.deaths - 1)
        say(f"The {self.name} stopped (status {status}); starting it again in {pause:g} s.")
        self._sweep()
        self.child, self._again_at = None, now + pause

    def ask_to_stop(self) -> None:
        if self.child and self.child.poll() is None:
            self.child.terminate()

    def finish(self, until: float) -> None:
        """Wait for the end until a moment of the monotonic clock, then end what is left."""
        if self.child is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.child.wait(max(0.1, until - time.monotonic()))
        self._sweep()
        self.child.wait()
        self.child = None

    def _sweep(self) -> None:
        """End whatever is left of the child's group."""
        if self.child:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.child.pid, signal.SIGKILL)


@dataclass
class Programs:
    """All children together."""

    members: list[Program]
    _logs_seen: float = field(default=0.0, init=False)

    def add(self, program: Program) -> None:
        self.members.append(program)
        program.start()

    def start(self) -> None:
        for program in self.members:
            program.start()

    def look_after(self) -> None:
        for program in self.members:
            program.look_after()
        if self.members and time.monotonic() > self._logs_seen + LOGS_EVERY:
            self._logs_seen = time.monotonic()
            for log in self.members[0].log.parent.glob("*.log"):
                make_room(log)

    def stop(self, patience: float = PATIENT_STOP) -> None:
        for program in self.members:
            program.ask_to_stop()
        until = time.monotonic() + patience
        for program in self.members:
            program.finish(until)

    def wait_until_healthy(self, url: str, patience: float) -> None:
        """Wait until ``/healthz`` answers 200, looking after the children meanwhile."""
        until = time.monotonic() + patience
        said = "nothing"
        while time.monotonic() < until:
            self.look_after()
            try:
                with urllib.request.urlopen(f"{url}/healthz", timeout=2) as answer:  # noqa: S310
                    if answer.status == 200:
                        self.members[0].proven = True
                        return
                    said = str(answer.status)
            except urllib.error.HTTPError as error:
                said = str(error.code)
                error.close()
            except (OSError, ValueError) as error:
                said = str(error)
            time.sleep(PAUSE)
        web = self.members[0]
        raise Trouble(
            f"The web server does not become healthy ({url}/healthz: {said}). Its last words "
            f"({web.log}):\n{tail(web.log)}"
        )
