"""Child processes that never outlive their purpose."""

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1
LOG_LIMIT = 10_000_000
LOG_PARTS = 5


def end_with_parent(sign: signal.Signals = signal.SIGTERM) -> Callable[[], None] | None:
    """What a child does before its program starts: ask the kernel to end it with its parent.

    Linux only; elsewhere a killed launcher leaves its children to the next start.
    """
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, int(sign), 0, 0, 0)
        if os.getppid() != parent:  # the parent died before we asked
            os.kill(os.getpid(), signal.SIGKILL)

    return ask


def open_log(log: Path) -> int:
    """Open a log for appending; one that has grown large makes room first."""
    make_room(log)
    return os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)


def make_room(log: Path, limit: int = LOG_LIMIT) -> bool:
    """Move the content of a log that has grown past ``limit`` bytes to ``NAME.log.1``.

    The file itself stays, empty: running programs append to it without noticing. Older parts move
    up to ``.5``, and what was there is gone.
    """
    try:
        if log.stat().st_size <= limit:
            return False
    except FileNotFoundError:
        return False
    for number in range(LOG_PARTS - 1, 0, -1):
        with contextlib.suppress(FileNotFoundError):
            log.with_name(f"{log.name}.{number}").replace(log.with_name(f"{log.name}.{number + 1}"))
    descriptor = os.open(
        log.with_name(f"{log.name}.1"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600
    )
    with os.fdopen(descriptor, "wb") as old, log.open("rb+") as file:
        shutil.copyfileobj(file, old)
        file.truncate(0)
    return True


def run_logged(
    command: Sequence[str | Path],
    log: Path,
    *,
    environ: Mapping[str, str],
    folder: Path | None = None,
    user: Mapping[str, Any] | None = None,
) -> tuple[int, str]:
    """Run a program to its end, its output to a fresh part of the log; status and that output.

    The program dies with us, however we die, so that the next start never meets it half-way.
    """
    descriptor = open_log(log)
    try:
        begin = os.fstat(descriptor).st_size
        done = subprocess.run(
            [os.fspath(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            env=dict(environ),
            cwd=folder,
            start_new_session=True,
            preexec_fn=end_with_parent(signal.SIGKILL),
            **(user or {}),
        )
    finally:
        os.close(descriptor)
    with log.open("rb") as file:
        file.seek(begin)
        return done.returncode, file.read().decode(errors="replace")


def stop(child: "subprocess.Popen[bytes]", patience: float) -> None:
    """Ask a child to end; after ``patience`` seconds end it with its whole group."""
    if child.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            child.terminate()
        try:
            child.wait(patience)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def wait_until(condition: Callable[[], bool], patience: float, pause: float = 0.05) -> bool:
    """Look again and again, for ``patience`` seconds at most."""
    until = time.monotonic() + patience
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(pause)
    return True
