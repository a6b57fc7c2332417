"""What every parser gives: a value, unknown, known to be none, a remark, or an error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from .. import words
from ..text import Cell


class Known(Enum):
    """``NEVER``: the sender says that there is none (as against not saying anything)."""

    NEVER = "never"


NEVER = Known.NEVER
Value = Any
Parser = Callable[[Cell], Value]


class CellError(ValueError):
    """One cell that cannot be taken; the message is a sentence without line number."""


@dataclass(frozen=True, slots=True)
class Noted:
    """A good value with a remark for the sender."""

    value: Value
    note: str


def shown(text: str, limit: int = 20) -> str:
    """What the sender wrote, in quotation marks and not longer than a message bears."""
    return f"“{text if len(text) <= limit else text[:limit] + '…'}”"


def unsaid(text: str) -> bool:
    return not text or text in words.UNKNOWN_WORDS
