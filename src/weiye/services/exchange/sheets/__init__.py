"""Reading the tables that offices really send.

``open_book`` → ``find_table`` → ``propose`` → ``RowParser(...).blocks()`` → ``rejects_file``.
Pure functions over bytes: no web, no database. A file that cannot be taken at all raises
``SheetRefused`` with a sentence for its sender; a cell that cannot be taken is a ``Problem`` of its
row and never stops the other rows.
"""

from typing import BinaryIO

from .header import MAX_ROWS, Column, Table, find_table, find_tables, proposed, unread
from .kinds import Field, Kind
from .mapping import Choice, Proposal, propose, signature
from .opening import MAX_BYTES, Book, open_book
from .refused import SheetRefused
from .rejects import rejects_file
from .roster import ROSTER
from .rows import Block, Head, Problem, RowParser, batches, place
from .training import TRAINING
from .vacancies import VACANCIES
from .values import NEVER, Known

KINDS: dict[str, Kind] = {kind.name: kind for kind in (ROSTER, VACANCIES, TRAINING)}


def read_tables(name: str, content: bytes | BinaryIO, kind: str) -> tuple[Table, ...]:
    """The tables of a file of this kind, one per sheet that has one."""
    return find_tables(open_book(name, content), KINDS[kind])


def read_table(name: str, content: bytes | BinaryIO, kind: str) -> Table:
    """The table of a file of this kind (``roster``, ``vacancies``, ``training``)."""
    return find_table(open_book(name, content), KINDS[kind])


__all__ = [
    "KINDS",
    "MAX_BYTES",
    "MAX_ROWS",
    "NEVER",
    "Block",
    "Book",
    "Choice",
    "Column",
    "Field",
    "Head",
    "Kind",
    "Known",
    "Problem",
    "Proposal",
    "RowParser",
    "SheetRefused",
    "Table",
    "batches",
    "find_table",
    "find_tables",
    "open_book",
    "place",
    "propose",
    "proposed",
    "read_table",
    "read_tables",
    "rejects_file",
    "signature",
    "unread",
]
