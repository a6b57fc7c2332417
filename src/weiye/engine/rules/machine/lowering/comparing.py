"""Comparisons; ages and durations become comparisons with a constant day."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import date, timedelta
from typing import Any

from ...compile.comparisons import _MIRRORED, _ORDER
from ...compile.functions import (
    EDUCATION_LEVELS,
    SHIFTS,
    SINCE,
)
from ...facts import Kind
from ...language import (
    Call,
    Compare,
    Literal,
    Node,
    Within,
)
from .. import kernel as k
from ..assembler import EVERYBODY, HIGHEST, LOWEST, NOBODY
from .ground import Ground
from .values import (
    EPOCH,
    Truth,
    Unfit,
    Value,
    inner,
    last_of_shift,
    last_that_long,
    number_of,
)


class Comparing(Ground, ABC):
    """Nodes, each lowered once, and what is said of two of them."""

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

    @abstractmethod
    def _lowered(self, node: Node) -> Value | Truth: ...

    def alike(self, a: Node, b: Node) -> tuple[Value, Value]:
        left, right = self.value(a), self.value(b)
        if left.kind is Kind.MONEY and isinstance(b, Literal):
            right = self.money(right, b)
        if right.kind is Kind.MONEY and isinstance(a, Literal):
            left = self.money(left, a)
        return left, right

    def money(self, value: Value, node: Node) -> Value:
        if value.kind is Kind.INT and isinstance(node, Literal):
            return Value(Kind.MONEY, EVERYBODY, cases=((EVERYBODY, inner(Kind.MONEY, node.value)),))
        return value

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
                    end = date.fromordinal(day.cases[0][1] + EPOCH)
                    until = end if op in ("<=", ">") else end - timedelta(days=1)
                    shift = SHIFTS[side.function]
                    start = self.value(side.arguments[0])
                    cases = (
                        (
                            mask,
                            self._up_to(start, last_of_shift(shift, by, until), op in ("<", "<=")),
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
                            last_that_long(self.as_of, count_of, n if op in (">=", "<") else n + 1),
                            op in (">=", ">"),
                        ),
                    )
                    for mask, n in limit.cases
                )
                return self.false_if_none(self.by_cases(cases), start)
        return None

    def _up_to(self, start: Value, last: date | None, up_to: bool) -> Truth:
        """Whether a day is at most ``last`` (None: none is), or the contrary."""
        bound = LOWEST if last is None else number_of(last)
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
            self._against(value, "==", inner(value.kind, option.value)) for option in node.options
        )
        return self.false_if_none(found, value)
