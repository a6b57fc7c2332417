"""An import block by block: read, checked, committed and undone, each in its own transaction."""

from .committing import commit_blocks
from .passing import check_blocks, transfers_of
from .reading import mapping_of, reread, tables_of
from .rejecting import keep_rejects
from .undoing import undo_blocks

__all__ = [
    "check_blocks",
    "commit_blocks",
    "keep_rejects",
    "mapping_of",
    "reread",
    "tables_of",
    "transfers_of",
    "undo_blocks",
]
