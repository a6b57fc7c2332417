"""The four lists: what each holds and why, computed for all open files of an area at once."""

from .entries import Entry, Sheet, entries
from .jobs import TOP_JOBS

__all__ = ["TOP_JOBS", "Entry", "Sheet", "entries"]
