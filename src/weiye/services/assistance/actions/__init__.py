"""Changes to assistance files, lists and contacts; each checked, done and logged in one go.

Sentences in ``ValidationError`` are for the worker who typed. Everything outside the actor's area
does not exist: ``DoesNotExist``.
"""

from .contacts import record_contact, withdraw_contact
from .entries import comment_entry, hide_entry, restore_entry
from .files import close_file, reassign_file, reopen_file
from .pipeline import Outcome, refresh_people, run_pipeline

__all__ = [
    "Outcome",
    "close_file",
    "comment_entry",
    "hide_entry",
    "reassign_file",
    "record_contact",
    "refresh_people",
    "reopen_file",
    "restore_entry",
    "run_pipeline",
    "withdraw_contact",
]
