"""Which server, if any, runs over a data folder; read from the outside."""

import contextlib
import os
import signal
from dataclasses import dataclass
from pathlib import Path

from weiye.launcher.processes import wait_until


@dataclass(frozen=True)
class Running:
    pid: int
    port: int
    ready: bool


def look(data: Path) -> Running | None:
    """The server that holds the data folder; None where there is none or the record is stale."""
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        pid = int(lines[0])
        port = int(lines[3]) if len(lines) > 3 and lines[3].strip() else 0
    except (OSError, ValueError, IndexError):
        return None
    if not _is_ours(pid, data):
        return None
    return Running(pid, port, len(lines) > 7 and lines[7].strip() == "ready")


def _is_ours(pid: int, data: Path) -> bool:
    """Whether the process is a server over this folder, and not another with a reused number."""
    proc = Path("/proc")
    if not proc.joinpath("self").exists():  # no /proc: believe the record if the process lives
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == data.resolve()
    except OSError:
        return False


def clear_stale(data: Path) -> None:
    """After a kill -9: wait for orphaned back ends, end those that stay, drop a stale record.

    PostgreSQL itself refuses to start when the record's process number is in use by anything, which
    after a restart of the machine or a container is likely.
    """
    record = data / "postmaster.pid"
    if not record.exists() or look(data) is not None:
        return
    if not wait_until(lambda: not _orphans(data), 5):
        for pid in _orphans(data):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGQUIT)
        wait_until(lambda: not _orphans(data), 5)
    if look(data) is None and not _orphans(data):
        record.unlink(missing_ok=True)


def _orphans(data: Path) -> list[int]:
    """Processes whose working folder is the data folder: only PostgreSQL's own have it so."""
    goal, found = data.resolve(), []
    with contextlib.suppress(FileNotFoundError):
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    if entry.joinpath("cwd").readlink() == goal:
                        found.append(int(entry.name))
    return found
