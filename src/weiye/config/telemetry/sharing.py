"""Where the processes of one machine count together; loads nothing, for gunicorn's master."""

import os
from pathlib import Path

FOLDER = "PROMETHEUS_MULTIPROC_DIR"


def share(home: Path) -> None:
    """Count in files below ``home``; before the first figure of this process.

    Files of processes that are gone are dropped: what they counted would stay for ever.
    """
    folder = home / "metrics"
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.glob("*_*.db"):
        pid = file.stem.rpartition("_")[2]
        if not (pid.isdecimal() and alive(int(pid))):
            file.unlink(missing_ok=True)
    os.environ[FOLDER] = str(folder)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
