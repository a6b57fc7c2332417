"""Asking for a person, sending one, what the other side answers, and what time does."""

from .asking import Ask, Asked, Outcome, ask, ask_many, send
from .deciding import BUSY, accept, refuse, withdraw
from .rows import OFFICE, rows_by_side
from .sweeping import sweep

__all__ = [
    "BUSY",
    "OFFICE",
    "Ask",
    "Asked",
    "Outcome",
    "accept",
    "ask",
    "ask_many",
    "refuse",
    "rows_by_side",
    "send",
    "sweep",
    "withdraw",
]
