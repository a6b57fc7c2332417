"""The moves of an assistance file: from, to, who may, what must be said."""

from dataclasses import dataclass

from .models import FileState


@dataclass(frozen=True)
class Move:
    """One move; ``verb`` is its name in the audit log."""

    verb: str
    source: FileState
    target: FileState
    right: str
    needs_reason: bool


MOVES = {
    move.verb: move
    for move in (
        Move("file.close", FileState.OPEN, FileState.CLOSED, "files.manage", True),
        Move("file.reopen", FileState.CLOSED, FileState.OPEN, "files.manage", True),
        Move("file.reassign", FileState.OPEN, FileState.OPEN, "files.manage", False),
    )
}
