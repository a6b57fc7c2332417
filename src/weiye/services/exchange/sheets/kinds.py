"""What a kind of file consists of: one declarative table of fields each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

from .values import Parser

if TYPE_CHECKING:
    from .rows import Block

#: Checks across the columns of one block; adds problems to it.
BlockCheck = Callable[["Block"], None]


@dataclass(frozen=True)
class Field:
    """One fact that a file may carry.

    ``synonyms`` are header texts without spaces and remarks, the label among them. ``column`` says
    that the file must have such a column, ``filled`` that every row must fill it.
    """

    name: str
    label: str
    synonyms: tuple[str, ...]
    parser: Callable[[date], Parser]
    column: bool = False
    filled: bool = False
    looks_like: str = ""
    """Name of the content test in ``mapping`` that recognises the column without its header."""
    sensitive: bool = False
    """Masked in previews unless the reader may see it in full."""


@dataclass(frozen=True)
class Answer:
    """What a sender may say once for every row that does not say it itself."""

    field: str
    value: object
    text: str


@dataclass(frozen=True)
class Kind:
    """One kind of file."""

    name: str
    label: str
    fields: tuple[Field, ...]
    ignored: tuple[str, ...]
    """Headers that are known and carry no fact (序号 …)."""
    foreign: tuple[str, ...]
    """Beginnings of headers that speak of somebody else (联系人, 配偶 …)."""
    checks: tuple[BlockCheck, ...] = ()
    unique: str = ""
    """Field whose value may appear once in a file."""
    name_of: str = ""
    """Field that names what ``unique`` numbers."""
    alike: tuple[str, ...] = ()
    """Fields that together hardly two people share."""
    answers: tuple[Answer, ...] = ()
    """Facts without which little can be decided, and which rosters often leave out."""

    @cached_property
    def by_name(self) -> dict[str, Field]:
        return {field.name: field for field in self.fields}

    @cached_property
    def needed(self) -> tuple[Field, ...]:
        return tuple(field for field in self.fields if field.column)


def field(
    name: str,
    label: str,
    parse: Parser,
    synonyms: str = "",
    *,
    column: bool = False,
    filled: bool = False,
    looks_like: str = "",
    sensitive: bool = False,
) -> Field:
    """A field whose parser does not depend on the day."""
    return Field(
        name,
        label,
        (label, *synonyms.split()),
        lambda _today: parse,
        column,
        filled,
        looks_like,
        sensitive,
    )


def dated(
    name: str,
    label: str,
    parser: Callable[[date], Parser],
    synonyms: str = "",
    *,
    column: bool = False,
    filled: bool = False,
    looks_like: str = "",
    sensitive: bool = False,
) -> Field:
    """A field whose parser is told today's date."""
    words = (label, *synonyms.split())
    return Field(name, label, words, parser, column, filled, looks_like, sensitive)
