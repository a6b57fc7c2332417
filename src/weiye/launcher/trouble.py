"""What stops the launcher, said in one sentence to the person at the terminal."""

import errno
from pathlib import Path


class Trouble(Exception):
    """A sentence for the operator; ``status`` becomes the exit status."""

    def __init__(self, sentence: str, *, status: int = 1) -> None:
        super().__init__(sentence)
        self.status = status


class Stop(BaseException):
    """Ctrl-C or a polite signal: clean up and leave."""


def of_system(error: OSError) -> Trouble:
    """Say an error of the operating system in words (full disk, no right to write, …)."""
    where = f" ({error.filename})" if error.filename else ""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return Trouble(f"The disk is full{where}. Free some space and start again.")
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return Trouble(
                f"No right to write here{where}. Make the folder writable, or choose another with "
                "WEIYE_HOME=/path/to/folder."
            )
        case _:
            return Trouble(f"{error.strerror or error}{where}.")


def tail(log: Path, lines: int = 40) -> str:
    """The last lines of a log file, indented, for the screen."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return "\n".join("    " + line for line in text.splitlines()[-lines:])
