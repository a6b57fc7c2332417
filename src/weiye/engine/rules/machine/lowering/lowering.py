"""Names, figures and operators: the rules themselves."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from ...compile.compiler import significant
from ...facts import Kind
from ...language import (
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
from ...model import Clause, Rule
from .. import kernel as k
from ..assembler import EVERYBODY, NOBODY
from .calling import Calling
from .values import (
    Truth,
    Unfit,
    Value,
    inner,
)


class Lowering(Calling):
    """Lowers rules of one book for blocks with one schema, one day and area."""

    def rule(self, rule: Rule) -> Truth:
        return self.every(self.clause(clause) for clause in rule.asked(self.as_of))

    def clause(self, clause: Clause) -> Truth:
        if clause.parts:
            return self.some(self.clause(part) for part in clause.parts)
        assert clause.when is not None
        return self.truth(clause.when)

    def amount(self, node: Node) -> Value:
        return self.money(self.value(node), node)

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
        return Value(kind, EVERYBODY, cases=((EVERYBODY, inner(kind, value)),))

    def named(self, name: str) -> Value | Truth:
        fact = self.schema.by_name.get(name)
        if fact is None:
            return self.any(self.book.terms[name].when)
        if name not in self._facts:
            self._facts[name] = self.fact(fact)
        return self._facts[name]

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
                cases.append((place, inner(parameter.kind, period.value)))
            else:
                sex = self.value(Name("sex"))
                for who, value in period.value.items():
                    mask = self.code.both(place, self.says(sex, who).yes)
                    cases.append((mask, inner(parameter.kind, value)))
            if here:
                break
        return self.chosen(parameter.kind, cases)

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
