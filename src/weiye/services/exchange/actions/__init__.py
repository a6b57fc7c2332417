"""Imports step by step: upload → columns → check → commit, or cancel; and undo.

Sentences in ``SheetRefused`` and ``ValidationError`` are for the person at the desk.
"""

from ..sheets import SheetRefused
from .steps import (
    ask_transfers,
    ask_transfers_now,
    cancel,
    check_now,
    commit,
    commit_now,
    dry_run,
    go_on_checking,
    summary,
)
from .undoing import preview_undo, preview_undo_now, undo, undo_now, undo_until
from .uploading import forget_columns, set_column, set_mapping, set_origin, upload

__all__ = [
    "SheetRefused",
    "ask_transfers",
    "ask_transfers_now",
    "cancel",
    "check_now",
    "commit",
    "commit_now",
    "dry_run",
    "forget_columns",
    "go_on_checking",
    "preview_undo",
    "preview_undo_now",
    "set_column",
    "set_mapping",
    "set_origin",
    "summary",
    "undo",
    "undo_now",
    "undo_until",
    "upload",
]
