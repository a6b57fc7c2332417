"""Trees → steps of the machine.

What the machine does not know raises `Unfit`; such a rule stays with Polars. Meanings are those of
`compile`, which has checked the rule before: types and names are taken to be right here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from .. import calendar
from ..compile.comparisons import _MIRRORED, _ORDER
from ..compile.compiler import significant
from ..compile.functions import (
    _COLUMNS,
    EDUCATION_LEVELS,
    RETIREMENTS,
    SHIFTS,
    SINCE,
    _share,
    _shift_by,
)
from ..compile.values import MOST_CASES
from ..facts import Fact, Facts, Kind
from ..language import (
    Arithmetic,
    Call,
    Choice,
    Compare,
    Field,
    IsNone,
    Literal,
    Logic,
    Name,
    Node,
    Not,
    Within,
)
from ..model import Clause, Rule, Rulebook
from . import kernel as k
from .assembler import EVERYBODY, HIGHEST, LOWEST, NOBODY, Assembler

_EPOCH: Final = date(1970, 1, 1).toordinal()
# Days that tables hold; a day outside sends its block to Polars.
_FIRST, _LAST = date(1900, 1, 1), date(2100, 1, 1)
_WIDTHS: Final[dict[pl.DataType, tuple[int, tuple[int, int]]]] = {
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


class Lowering:
    """Lowers rules of one book for blocks with one schema, one day and area."""

    def __init__(
        self,
        book: Rulebook,
        schema: Facts,
        columns: pl.Schema,
        *,
        as_of: date,
        region: str,
    ) -> None:
        self.book, self.schema, self.columns = book, schema, columns
        self.as_of, self.region = as_of, region
        self._tables: dict[object, Table] = {}
        self.code = Assembler()
        self.sources: list[Source] = []
        self._facts: dict[str, Value | Truth] = {}
        self._memory: dict[int, tuple[Node, Value | Truth]] = {}

    # Rules -----------------------------------------------------------------------------------

    def rule(self, rule: Rule) -> Truth:
        return self.every(self.clause(clause) for clause in rule.asked(self.as_of))

    def clause(self, clause: Clause) -> Truth:
        if clause.parts:
            return self.some(self.clause(part) for part in clause.parts)
        assert clause.when is not None
        return self.truth(clause.when)

    def amount(self, node: Node) -> Value:
        return self.money(self.value(node), node)

    # Logic -----------------------------------------------------------------------------------

    def every(self, parts: Iterable[Truth]) -> Truth:
        found = Truth(EVERYBODY, NOBODY)
        for part in parts:
            found = Truth(self.code.both(found.yes, part.yes), self.code.either(found.no, part.no))
        return found

    def some(self, parts: Iterable[Truth]) -> Truth:
        turned = self.every(Truth(part.no, part.yes) for part in parts)
        return Truth(turned.no, turned.yes)

    def by_cases(self, cases: Iterable[tuple[int, Truth]]) -> Truth:
        yes = no = NOBODY
        for mask, truth in cases:
            yes = self.code.either(yes, self.code.both(mask, truth.yes))
            no = self.code.either(no, self.code.both(mask, truth.no))
        return Truth(yes, no)

    def false_if_none(self, truth: Truth, *values: Value) -> Truth:
        for value in values:
            truth = Truth(
                self.code.but(truth.yes, value.none), self.code.either(truth.no, value.none)
            )
        return truth

    # Nodes -----------------------------------------------------------------------------------

    def truth(self, node: Node) -> Truth:
        found = self.any(node)
        if not isinstance(found, Truth):
            raise Unfit
        return found

    def value(self, node: Node) -> Value:
        found = self.any(node)
        if not isinstance(found, Value):
            raise Unfit
        return found

    def any(self, node: Node) -> Value | Truth:
        """The node is kept with what it became, so that no id is used again."""
        if id(node) not in self._memory:
            self._memory[id(node)] = node, self._lowered(node)
        return self._memory[id(node)][1]

    def _lowered(self, node: Node) -> Value | Truth:
        match node:
            case Literal():
                return self.literal(node.value)
            case Name():
                return self.literal(self.as_of) if node.name == "today" else self.named(node.name)
            case Field(owner="param"):
                return self.parameter(node.name)
            case Not():
                found = self.truth(node.of)
                return Truth(found.no, found.yes)
            case Logic():
                parts = [self.truth(part) for part in node.parts]
                return self.every(parts) if node.op == "and" else self.some(parts)
            case Compare():
                return self.compare(node)
            case Within():
                return self.within(node)
            case IsNone():
                value = self.value(node.of)
                return Truth(value.none, self.code.but(value.there, value.none))
            case Arithmetic():
                return self.arithmetic(node)
            case Choice():
                return self.choice(node)
            case Call():
                return self.call(node)
        raise Unfit

    def literal(self, value: object) -> Value | Truth:
        if isinstance(value, bool):
            return Truth(EVERYBODY, NOBODY) if value else Truth(NOBODY, EVERYBODY)
        kinds = {int: Kind.INT, Decimal: Kind.MONEY, date: Kind.DATE, str: Kind.TEXT}
        kind = kinds[type(value)]
        return Value(kind, EVERYBODY, cases=((EVERYBODY, _inner(kind, value)),))

    def named(self, name: str) -> Value | Truth:
        fact = self.schema.by_name.get(name)
        if fact is None:
            return self.any(self.book.terms[name].when)
        if name not in self._facts:
            self._facts[name] = self.fact(fact)
        return self._facts[name]

    # Facts -----------------------------------------------------------------------------------

    def source(self, name: str, kind: int = 0, *, validity: bool = False) -> int:
        found = Source(name, kind, validity)
        if found not in self.sources:
            self.sources.append(found)
        return self.sources.index(found)

    def fact(self, fact: Fact) -> Value | Truth:
        """As `prepare` says: a value without its flag is unknown; a flag without a value stands
        for something, or says that there is none."""
        kind, code = fact.type, self.code
        if not isinstance(kind, Kind):
            raise Unfit
        if fact.name not in self.columns:
            return Truth(NOBODY, NOBODY) if kind is Kind.BOOL else Value(kind, NOBODY, cases=())
        dtype, flag = self.columns[fact.name], f"{fact.name}_known"
        empty = dtype == pl.Null
        filled = NOBODY if empty else code.column_bits(self.source(fact.name, validity=True))
        here = EVERYBODY
        if flag in self.columns:
            here = NOBODY
            if self.columns[flag] != pl.Null:
                here = code.both(
                    code.column_bits(self.source(flag, validity=True)),
                    code.column_bits(self.source(flag)),
                )
        there = code.both(filled, here)
        blank = code.but(here, filled) if flag in self.columns else NOBODY
        none = blank if fact.may_be_none else NOBODY
        stands = _stands_for(fact)
        standing = NOBODY if stands is None else blank
        if kind is Kind.BOOL:
            said = NOBODY if empty else code.column_bits(self.source(fact.name))
            yes, no = code.both(there, said), code.but(there, said)
            return Truth(
                code.either(yes, standing if stands else NOBODY),
                code.either(no, NOBODY if stands else standing),
            )
        if empty:
            return Value(
                kind, standing, none, cases=() if stands is None else ((standing, stands),)
            )
        return Value(
            kind,
            code.either(there, standing),
            none,
            column=self.column(fact, dtype),
            stands=stands,
            standing=standing,
        )

    def column(self, fact: Fact, dtype: pl.DataType) -> Column:
        if fact.type is Kind.TEXT:
            if isinstance(dtype, pl.Enum):
                words = tuple(dtype.categories)
                kind = k.U8 if len(words) < 2**8 else k.U16 if len(words) < 2**16 else k.U32
                span = (0, 2 ** (8 << (kind - k.U8)) - 1)
                return Column(self.source(fact.name, kind), span, words=words)
            if dtype != pl.String:
                raise Unfit
            return Column(self.source(fact.name), plain=True)
        if fact.type is Kind.MONEY and isinstance(dtype, pl.Decimal) and dtype.scale == 2:
            return Column(self.source(fact.name, k.I128), (LOWEST, HIGHEST))
        if dtype not in _WIDTHS:
            raise Unfit
        kind, span = _WIDTHS[dtype]
        times = 100 if fact.type is Kind.MONEY else 1
        return Column(self.source(fact.name, kind), span, times)

    # Figures ---------------------------------------------------------------------------------

    def parameter(self, name: str) -> Value:
        parameter = self.book.parameters[name]
        if parameter.kind is None or parameter.kind is Kind.BOOL:
            raise Unfit
        cases: list[tuple[int, Any]] = []
        unit = self.value(Name(self.schema.unit))
        asked = significant(self.region)
        for period in parameter.on(self.as_of):
            here = self.region.startswith(period.region)
            if not here and not period.region.startswith(asked):
                continue
            place = EVERYBODY if here else self.starts(unit, period.region).yes
            if not isinstance(period.value, dict):
                cases.append((place, _inner(parameter.kind, period.value)))
            else:
                sex = self.value(Name("sex"))
                for who, value in period.value.items():
                    mask = self.code.both(place, self.says(sex, who).yes)
                    cases.append((mask, _inner(parameter.kind, value)))
            if here:
                break
        return self.chosen(parameter.kind, cases)

    def chosen(self, kind: Kind, cases: Sequence[tuple[int, Any]]) -> Value:
        """The first case that holds; equal values are one case."""
        taken = NOBODY
        masks: dict[Any, int] = {}
        for mask, value in cases:
            mine = self.code.but(mask, taken)
            taken = self.code.either(taken, mask)
            if mine != NOBODY:
                masks[value] = self.code.either(masks.get(value, NOBODY), mine)
        return Value(kind, taken, cases=tuple((mask, value) for value, mask in masks.items()))

    def folded(self, kind: Kind, result: Callable[..., Any], *values: Value) -> Value | None:
        """``result`` of values of a few cases, worked out now."""
        lists = [value.cases for value in values if value.cases is not None]
        if len(lists) < len(values) or math.prod(len(cases) for cases in lists) > MOST_CASES:
            return None
        cases = []
        for each in product(*lists):
            mask = EVERYBODY
            for one, _ in each:
                mask = self.code.both(mask, one)
            cases.append((mask, result(*(value for _, value in each))))
        found = self.chosen(kind, cases)
        there, none = EVERYBODY, NOBODY
        for value in values:
            there = self.code.both(there, value.there)
            none = self.code.either(none, value.none)
        return Value(kind, there, none, cases=found.cases)

    # Tests -----------------------------------------------------------------------------------

    def inside(self, value: Value, low: int, high: int) -> Truth:
        """Whether a number or day lies between two; unknown where there is none."""
        if value.cases is not None:
            return self.by_cases((mask, _certain(low <= one <= high)) for mask, one in value.cases)
        column = value.column
        if column is None:
            found = self.code.between(value.register, low, high)
        else:
            # Of whole yuan: the yuan between the two.
            ends = -(-low // column.times), high // column.times
            found = self.code.test(column.number, *ends, column.span)
        return self._standing(value, found, lambda one: low <= one <= high)

    def says(self, value: Value, word: str) -> Truth:
        """Whether a text is this word."""
        if value.cases is not None:
            return self.by_cases((mask, _certain(one == word)) for mask, one in value.cases)
        column = value.column
        if column is None:
            raise Unfit
        if column.words is not None:
            number = column.words.index(word) if word in column.words else -1
            found = self.code.test(column.number, number, number, column.span)
        elif len(word.encode()) <= 12:
            found = self.code.view(column.number, word.encode(), whole=True)
        else:
            raise Unfit
        return self._standing(value, found, lambda one: bool(one == word))

    def starts(self, value: Value, prefix: str) -> Truth:
        """Whether a text begins so."""
        if value.cases is not None:
            return self.by_cases(
                (mask, _certain(one.startswith(prefix))) for mask, one in value.cases
            )
        column = value.column
        if column is None or (column.words is None and len(prefix.encode()) > 12):
            raise Unfit
        if column.words is None:
            found = self.code.view(column.number, prefix.encode(), whole=False)
        else:
            found = NOBODY
            for number, word in enumerate(column.words):
                if word.startswith(prefix):
                    one = self.code.test(column.number, number, number, column.span)
                    found = self.code.either(found, one)
                if number > 40:
                    raise Unfit
        return self._standing(value, found, lambda one: bool(one.startswith(prefix)))

    def _standing(self, value: Value, found: int, holds: Callable[[Any], bool]) -> Truth:
        """What a column or register says where it says something, and what stands for it."""
        code = self.code
        there = code.but(value.there, value.standing)
        yes, no = code.both(there, found), code.but(there, found)
        if value.standing == NOBODY:
            return Truth(yes, no)
        if holds(value.stands):
            return Truth(code.either(yes, value.standing), no)
        return Truth(yes, code.either(no, value.standing))

    # Comparisons -----------------------------------------------------------------------------

    def compare(self, node: Compare) -> Truth:
        return self._compared_length(node) or self._plain(node)

    def _compared_length(self, node: Compare) -> Truth | None:
        for side, other, op in (
            (node.left, node.right, node.op),
            (node.right, node.left, _MIRRORED[node.op]),
        ):
            if not isinstance(side, Call) or op in ("==", "!="):
                continue
            if side.function in SHIFTS and len(side.arguments) == 2:
                day, count = self.value(other), self.value(side.arguments[1])
                if len(day.cases or ()) == 1 and day.there == EVERYBODY and count.cases is not None:
                    assert day.cases is not None
                    end = date.fromordinal(day.cases[0][1] + _EPOCH)
                    until = end if op in ("<=", ">") else end - timedelta(days=1)
                    shift = SHIFTS[side.function]
                    start = self.value(side.arguments[0])
                    cases = (
                        (
                            mask,
                            self._up_to(start, _last_of_shift(shift, by, until), op in ("<", "<=")),
                        )
                        for mask, by in count.cases
                    )
                    return self.false_if_none(self.by_cases(cases), start)
            if side.function == "level" and len(side.arguments) == 1:
                return self._levels(side, op, other)
            if side.function in SINCE and len(side.arguments) == 1:
                limit = self.value(other)
                if limit.cases is None:
                    continue
                start = self.value(side.arguments[0])
                count_of = SINCE[side.function]
                cases = (
                    (
                        mask,
                        self._up_to(
                            start,
                            _last_that_long(
                                self.as_of, count_of, n if op in (">=", "<") else n + 1
                            ),
                            op in (">=", ">"),
                        ),
                    )
                    for mask, n in limit.cases
                )
                return self.false_if_none(self.by_cases(cases), start)
        return None

    def _up_to(self, start: Value, last: date | None, up_to: bool) -> Truth:
        """Whether a day is at most ``last`` (None: none is), or the contrary."""
        bound = LOWEST if last is None else _number(last)
        found = Truth(NOBODY, start.there) if last is None else self.inside(start, LOWEST, bound)
        return found if up_to else Truth(found.no, found.yes)

    def _levels(self, side: Call, op: str, other: Node) -> Truth:
        limit = self.value(other)
        if limit.cases is None or len(limit.cases) != 1 or limit.there != EVERYBODY:
            raise Unfit
        code = self.value(side.arguments[0])
        yes = no = NOBODY
        for digit, level in EDUCATION_LEVELS.items():
            parts = [
                self.inside(code, digit * tens, digit * tens + tens - 1).yes for tens in (1, 10)
            ]
            mine = self.code.either(*parts)
            if _ORDER[op](level, limit.cases[0][1]):
                yes = self.code.either(yes, mine)
            else:
                no = self.code.either(no, mine)
        return self.false_if_none(Truth(yes, no), code)

    def _plain(self, node: Compare) -> Truth:
        op = node.op
        sides = [self.any(node.left), self.any(node.right)]
        if all(isinstance(side, Truth) for side in sides):
            one, other = sides
            assert isinstance(one, Truth) and isinstance(other, Truth)
            both = self.by_cases(((one.yes, other), (one.no, Truth(other.no, other.yes))))
            return both if op == "==" else Truth(both.no, both.yes)
        left, right = self.alike(node.left, node.right)
        if left.cases is not None and right.cases is None:
            left, right, op = right, left, _MIRRORED[op]
        test = op if op != "!=" else "=="
        if right.cases is not None:
            found = self.by_cases(
                (mask, self._against(left, test, one)) for mask, one in right.cases
            )
        elif left.kind is Kind.TEXT:
            raise Unfit
        else:
            found = self._of_two(left, test, right)
        found = self.false_if_none(found, left, right)
        return Truth(found.no, found.yes) if op == "!=" else found

    def _against(self, left: Value, op: str, one: Any) -> Truth:
        if left.kind is Kind.TEXT:
            return self.says(left, one)
        if op == "==":
            return self.inside(left, one, one)
        low, high = LOWEST, HIGHEST
        match op:
            case "<":
                high = one - 1
            case "<=":
                high = one
            case ">":
                low = one + 1
            case _:
                low = one
        return self.inside(left, low, high)

    def _of_two(self, left: Value, op: str, right: Value) -> Truth:
        a, b = self.number(left), self.number(right)
        there = self.code.both(left.there, right.there)
        if op == "==":
            found = self.code.compared(k.SAME, a, b)
        elif op in ("<", ">="):
            found = self.code.compared(k.LESS, a, b)
        else:
            found = self.code.compared(k.LESS, b, a)
        truth = Truth(self.code.both(there, found), self.code.but(there, found))
        return Truth(truth.no, truth.yes) if op in (">=", "<=") else truth

    def within(self, node: Within) -> Truth:
        value = self.any(node.left)
        if isinstance(value, Truth):
            raise Unfit
        found = self.some(
            self._against(value, "==", _inner(value.kind, option.value)) for option in node.options
        )
        return self.false_if_none(found, value)

    # Numbers ---------------------------------------------------------------------------------

    def number(self, value: Value) -> int:
        """A register with the number; what it says where there is none means nothing."""
        if value.kind is Kind.TEXT:
            raise Unfit
        if value.cases is not None:
            if not value.cases:
                return self.code.fill(0)
            register = self.code.fill(value.cases[-1][1])
            for mask, one in value.cases[:-1]:
                register = self.code.put(mask, one, register)
            return register
        if value.column is None:
            return value.register
        register = self.code.load(value.column.number, value.column.times)
        if value.standing != NOBODY:
            register = self.code.put(value.standing, value.stands, register)
        return register

    def alike(self, a: Node, b: Node) -> tuple[Value, Value]:
        left, right = self.value(a), self.value(b)
        if left.kind is Kind.MONEY and isinstance(b, Literal):
            right = self.money(right, b)
        if right.kind is Kind.MONEY and isinstance(a, Literal):
            left = self.money(left, a)
        return left, right

    def money(self, value: Value, node: Node) -> Value:
        if value.kind is Kind.INT and isinstance(node, Literal):
            return Value(
                Kind.MONEY, EVERYBODY, cases=((EVERYBODY, _inner(Kind.MONEY, node.value)),)
            )
        return value

    def arithmetic(self, node: Arithmetic) -> Value:
        if node.op == "*":
            left, right = self.value(node.left), self.value(node.right)
        else:
            left, right = self.alike(node.left, node.right)
        kind = Kind.MONEY if Kind.MONEY in (left.kind, right.kind) else Kind.INT
        what, of = {
            "+": (k.ADD, int.__add__),
            "-": (k.SUB, int.__sub__),
            "*": (k.MUL, int.__mul__),
        }[node.op]
        return self.folded(kind, of, left, right) or self._of_numbers(kind, what, left, right)

    def _of_numbers(self, kind: Kind, what: int, left: Value, right: Value) -> Value:
        return Value(
            kind,
            self.code.both(left.there, right.there),
            self.code.either(left.none, right.none),
            register=self.code.number(what, self.number(left), self.number(right)),
        )

    def choice(self, node: Choice) -> Value | Truth:
        test = self.truth(node.condition)
        if isinstance(self.any(node.then), Truth):
            return self.by_cases(
                ((test.yes, self.truth(node.then)), (test.no, self.truth(node.otherwise)))
            )
        then, other = self.alike(node.then, node.otherwise)
        both, either = self.code.both, self.code.either
        there = either(both(test.yes, then.there), both(test.no, other.there))
        none = either(both(test.yes, then.none), both(test.no, other.none))
        if then.cases is not None and other.cases is not None:
            cases = [(both(test.yes, mask), one) for mask, one in then.cases]
            cases += [(both(test.no, mask), one) for mask, one in other.cases]
            return Value(then.kind, there, none, cases=self.chosen(then.kind, cases).cases)
        register = self.code.pick(test.yes, self.number(then), self.number(other))
        return Value(then.kind, there, none, register=register)

    # Functions -------------------------------------------------------------------------------

    def call(self, node: Call) -> Value | Truth:
        name, given = node.function, node.arguments
        if name in SINCE and len(given) == 1:
            unit, today = _COLUMNS[name], pl.lit(self.as_of)
            return self.by_day(Kind.INT, (name, self.as_of), lambda day: unit(day, today), given[0])
        if name == "year":
            return self.by_day(Kind.INT, name, lambda day: day.dt.year(), given[0])
        if name in SHIFTS:
            count = self.value(given[1])
            if count.cases is None:
                raise Unfit
            days = [
                (mask, self.by_day(Kind.DATE, (name, by), _shifting(name, by), given[0]))
                for mask, by in count.cases
            ]
            return self.one_of(Kind.DATE, days, self.value(given[0]).none)
        if name in RETIREMENTS:
            return self.retirement_date(node)
        if name == "before_retirement":
            return self.before_retirement(node)
        if name == "lies_in":
            place, prefix = self.value(given[0]), self.value(given[1])
            if prefix.cases is None or len(prefix.cases) != 1:
                raise Unfit
            return self.false_if_none(self.starts(place, prefix.cases[0][1]), place)
        if name == "known":
            return self.known(given[0])
        if name == "group":
            return self.group(given[0])
        if name == "share":
            return self.share(node)
        if name in ("min", "max"):
            return self.extreme(node)
        raise Unfit

    def by_day(
        self, kind: Kind, name: object, of: Callable[[pl.Expr], pl.Expr], day: Node
    ) -> Value:
        """Of a day, looked up in a table."""
        value = self.value(day)
        if name not in self._tables:
            self._tables[name] = _table(of)
        register = self.code.look(
            self.number(value), name, self._tables[name], _number(_FIRST), value.there
        )
        return Value(kind, value.there, value.none, register=register)

    def one_of(self, kind: Kind, cases: Sequence[tuple[int, Value]], none: int) -> Value:
        if not cases:
            return Value(kind, NOBODY, none, cases=())
        there, register = NOBODY, self.number(cases[-1][1])
        for mask, value in cases:
            there = self.code.either(there, self.code.both(mask, value.there))
        for mask, value in cases[:-1]:
            register = self.code.pick(mask, self.number(value), register)
        return Value(kind, there, none, register=register)

    def retirement_date(self, node: Call) -> Value:
        birth, sex, base = node.arguments
        cases: list[tuple[int, Value]] = []
        for who, lines in self.book.schedule(self.as_of, self.region).items():
            this = self.says(self.value(sex), who).yes
            for years, delay in lines.items():
                mask = this
                if len(lines) > 1:
                    mask = self.code.both(this, self.inside(self.value(base), years, years).yes)

                def of(day: pl.Expr, years: int = years, delay: calendar.Delay = delay) -> pl.Expr:
                    return calendar.retirement_date_column(
                        day, years, delay, RETIREMENTS[node.function]
                    )

                day = self.by_day(Kind.DATE, (node.function, years, delay), of, birth)
                cases.append((mask, day))
        return self.one_of(Kind.DATE, cases, NOBODY)

    def before_retirement(self, node: Call) -> Truth:
        birth, sex, base = (self.value(part) for part in node.arguments)
        cases: list[tuple[int, Truth]] = []
        for who, lines in self.book.schedule(self.as_of, self.region).items():
            this = self.says(sex, who).yes
            ahead: dict[int, Truth] = {}
            for years, delay in lines.items():
                last = calendar.latest(
                    lambda day, years=years, delay=delay: (  # type: ignore[misc]
                        calendar.retirement_date(day, years, delay) <= self.as_of
                    )
                )
                ahead[years] = self.inside(birth, _number(last or date.min) + 1, HIGHEST)
            if len(ahead) == 1:
                cases.append((this, next(iter(ahead.values()))))
                continue
            for years, test in ahead.items():
                cases.append((self.code.both(this, self.inside(base, years, years).yes), test))
            doubt = Truth(
                self.every(ahead.values()).yes,
                self.some(ahead.values()).no,
            )
            cases.append((self.code.but(this, base.there), doubt))
        return self.by_cases(cases)

    def known(self, node: Node) -> Truth:
        if not isinstance(node, Name) or node.name not in self.schema.by_name:
            raise Unfit
        found = self.named(node.name)
        if isinstance(found, Truth):
            there = self.code.either(found.yes, found.no)
        else:
            there = self.code.either(found.there, found.none)
        return Truth(there, self.code.but(EVERYBODY, there))

    def group(self, node: Node) -> Truth:
        assert isinstance(node, Literal) and isinstance(node.value, str)
        group = self.book.groups[node.value]
        return self.rule(group) if group.in_force(self.as_of) else Truth(NOBODY, NOBODY)

    def share(self, node: Call) -> Value:
        amount = self.money(self.value(node.arguments[0]), node.arguments[0])
        over, under = (part.value for part in node.arguments[1:] if isinstance(part, Literal))
        assert isinstance(over, int) and isinstance(under, int)
        fixed = self.folded(Kind.MONEY, lambda fen: _share(fen, over, under), amount)
        if fixed is not None:
            return fixed
        if max(over, under) > 1_000_000:
            raise Unfit
        register = self.code.share(self.number(amount), over, under)
        return Value(Kind.MONEY, amount.there, amount.none, register=register)

    def extreme(self, node: Call) -> Value:
        values = [self.value(part) for part in node.arguments]
        if any(value.kind is Kind.MONEY for value in values):
            values = [self.money(v, part) for v, part in zip(values, node.arguments, strict=True)]
        least = node.function == "min"
        fixed = self.folded(values[0].kind, min if least else max, *values)
        if fixed is not None:
            return fixed
        found = values[0]
        for value in values[1:]:
            found = self._of_numbers(found.kind, k.LEAST if least else k.MOST, found, value)
        return found


def _certain(holds: bool) -> Truth:
    return Truth(EVERYBODY, NOBODY) if holds else Truth(NOBODY, EVERYBODY)


def _number(day: date) -> int:
    return day.toordinal() - _EPOCH


def _inner(kind: Kind, value: Any) -> Any:
    """Amounts in fen, days since 1970."""
    if kind is Kind.MONEY:
        return int(Decimal(value) * 100)
    return _number(value) if kind is Kind.DATE else value


def _stands_for(fact: Fact) -> Any:
    none = fact.none
    if fact.type is Kind.MONEY:
        return 0
    return none if isinstance(none, bool | int | str) else None


def _last_of_shift(shift: Callable[[date, int], date], by: int, until: date) -> date | None:
    return calendar.latest(lambda day: shift(day, by) <= until)


def _last_that_long(today: date, count: Callable[[date, date], int], least: int) -> date | None:
    return calendar.latest(lambda day: count(day, today) >= least)


def _shifting(name: str, by: int) -> Callable[[pl.Expr], pl.Expr]:
    return lambda day: _shift_by(name, by, day)


def _table(of: Callable[[pl.Expr], pl.Expr]) -> Table:
    """Of every day from `_FIRST` to `_LAST`."""
    days = pl.date_range(_FIRST, _LAST, eager=True).to_frame("day")
    try:
        found = days.select(of(pl.col("day")).to_physical().cast(pl.Int64)).to_series()
    except pl.exceptions.PolarsError:
        raise Unfit from None
    if found.null_count():
        raise Unfit
    return found.to_numpy()
