"""Changes to people, and the reads that are acts: each is checked, done and logged in one go.

Sentences in ``ValidationError`` are for the worker who typed.
"""

from .facts import EDITABLE, NOTED, edit_person, held, name_key, note, record_wish
from .periods import (
    add_period,
    change_registration,
    change_status,
    correct_period,
    remove_period,
)
from .reading import REVEALABLE, open_person, print_person, reveal

__all__ = [
    "EDITABLE",
    "NOTED",
    "REVEALABLE",
    "add_period",
    "change_registration",
    "change_status",
    "correct_period",
    "edit_person",
    "held",
    "name_key",
    "note",
    "open_person",
    "print_person",
    "record_wish",
    "remove_period",
    "reveal",
]
