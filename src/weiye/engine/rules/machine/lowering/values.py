"""What the trees become on the way to steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from ... import calendar
from ...compile.functions import (
    _shift_by,
)
from ...facts import Fact, Kind
from .. import kernel as k
from ..assembler import EVERYBODY, HIGHEST, LOWEST, NOBODY

EPOCH: Final = date(1970, 1, 1).toordinal()
# Days that tables hold; a day outside sends its block to Polars.
FIRST, LAST = date(1900, 1, 1), date(2100, 1, 1)
WIDTHS: Final[dict[pl.DataType, tuple[int, tuple[int, int]]]] = {
    pl.Int8(): (k.I8, (-(2**7), 2**7 - 1)),
    pl.Int16(): (k.I16, (-(2**15), 2**15 - 1)),
    pl.Int32(): (k.I32, (-(2**31), 2**31 - 1)),
    pl.Int64(): (k.I64, (LOWEST, HIGHEST)),
    pl.UInt8(): (k.U8, (0, 2**8 - 1)),
    pl.UInt16(): (k.U16, (0, 2**16 - 1)),
    pl.UInt32(): (k.U32, (0, 2**32 - 1)),
    pl.Date(): (k.I32, (-(2**31), 2**31 - 1)),
}
Span = tuple[int, int]
Table = npt.NDArray[np.int64]


class Unfit(Exception):
    """The machine does not know this."""


@dataclass(frozen=True)
class Truth:
    """Masks of the rows where it holds and where it does not; elsewhere it is unknown."""

    yes: int
    no: int


@dataclass(frozen=True)
class Column:
    """A column of the block. ``times``: what its numbers are multiplied by (yuan → fen).

    ``words``: of an Enum, in the order of the codes; ``plain``: a text that is none.
    """

    number: int
    span: Span = (0, 0)
    times: int = 1
    words: tuple[str, ...] | None = None
    plain: bool = False


@dataclass(frozen=True)
class Value:
    """A number, amount (fen), day (since 1970) or text: a few cases, a column, or a register.

    ``there``: where it is known to be something; ``none``: known not to exist. ``cases``: mask →
    value, no row in two masks. ``stands``: the value of rows ``standing`` of a column that says
    nothing there.
    """

    kind: Kind
    there: int
    none: int = NOBODY
    cases: tuple[tuple[int, Any], ...] | None = None
    column: Column | None = None
    register: int = -1
    stands: Any = None
    standing: int = NOBODY


@dataclass(frozen=True)
class Source:
    """What of a block the machine reads: a column's values, or its validity bits."""

    name: str
    kind: int
    validity: bool


def certain(holds: bool) -> Truth:
    return Truth(EVERYBODY, NOBODY) if holds else Truth(NOBODY, EVERYBODY)


def number_of(day: date) -> int:
    return day.toordinal() - EPOCH


def inner(kind: Kind, value: Any) -> Any:
    """Amounts in fen, days since 1970."""
    if kind is Kind.MONEY:
        return int(Decimal(value) * 100)
    return number_of(value) if kind is Kind.DATE else value


def stands_for(fact: Fact) -> Any:
    none = fact.none
    if fact.type is Kind.MONEY:
        return 0
    return none if isinstance(none, bool | int | str) else None


def last_of_shift(shift: Callable[[date, int], date], by: int, until: date) -> date | None:
    return calendar.latest(lambda day: shift(day, by) <= until)


def last_that_long(today: date, count: Callable[[date, date], int], least: int) -> date | None:
    return calendar.latest(lambda day: count(day, today) >= least)


def shifting(name: str, by: int) -> Callable[[pl.Expr], pl.Expr]:
    return lambda day: _shift_by(name, by, day)


def table_of(of: Callable[[pl.Expr], pl.Expr]) -> Table:
    """Of every day from `FIRST` to `LAST`."""
    days = pl.date_range(FIRST, LAST, eager=True).to_frame("day")
    try:
        found = days.select(of(pl.col("day")).to_physical().cast(pl.Int64)).to_series()
    except pl.exceptions.PolarsError:
        raise Unfit from None
    if found.null_count():
        raise Unfit
    return found.to_numpy()
