"""The functions of the language, as far as the machine knows them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from datetime import date

import polars as pl

from ... import calendar
from ...compile.functions import (
    _COLUMNS,
    RETIREMENTS,
    SHIFTS,
    SINCE,
    _share,
)
from ...facts import Kind
from ...language import (
    Call,
    Literal,
    Name,
    Node,
)
from ...model import Rule
from .. import kernel as k
from ..assembler import EVERYBODY, HIGHEST, NOBODY
from .comparing import Comparing
from .values import (
    FIRST,
    Truth,
    Unfit,
    Value,
    number_of,
    shifting,
    table_of,
)


class Calling(Comparing):
    @abstractmethod
    def named(self, name: str) -> Value | Truth: ...

    @abstractmethod
    def rule(self, rule: Rule) -> Truth: ...

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
                (mask, self.by_day(Kind.DATE, (name, by), shifting(name, by), given[0]))
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
            self._tables[name] = table_of(of)
        register = self.code.look(
            self.number(value), name, self._tables[name], number_of(FIRST), value.there
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
                ahead[years] = self.inside(birth, number_of(last or date.min) + 1, HIGHEST)
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
