"""Trees → Polars expressions with three-valued (Kleene) logic: null is unknown.

A value that is *known not to exist* (never registered, no household) is not null-unknown but
``none``: it travels as a second, never-null mask. Any comparison with it is false.
"""

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl

from . import calendar
from .calendar import Schedule
from .errors import RuleError
from .facts import Fact, Facts, Items, Kind, Record, Type, _dtype
from .language import (
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
    Over,
    Within,
)
from .model import Clause, Rule, Rulebook

Counted = Callable[[date, date], int]
UNKNOWN = pl.lit(None, dtype=pl.Boolean)
NONE = "!none"  # suffix of the prepared column: known not to exist
HOUSEHOLD = "!household"  # prepared column: rows with the same value share a household
HOUSEHOLD_KNOWN = "!household_known"


@dataclass(frozen=True)
class Case:
    """``value`` where ``condition`` (None: everywhere else) holds."""

    condition: pl.Expr | None
    value: Any


@dataclass(frozen=True)
class Value:
    """A compiled expression. ``none``: mask of rows where it is known not to exist.

    ``cases``: the finitely many values it can take, in order, for folding into comparisons.
    """

    type: Type
    expr: pl.Expr
    none: pl.Expr | None = None
    cases: tuple[Case, ...] | None = None


class Binding:
    """Where the facts of somebody or something come from."""

    facts: dict[str, Fact]
    unit: str | None = None

    def value(self, fact: Fact) -> Value:
        raise NotImplementedError

    def missing(self, fact: Fact) -> pl.Expr:
        """True where the fact is unknown."""
        value = self.value(fact)
        absent = value.expr.is_null()
        return absent if value.none is None else absent & ~value.none


class Row(Binding):
    """The facts of a frame's row, from the prepared columns."""

    def __init__(self, schema: Facts, columns: frozenset[str]) -> None:
        self.facts = dict(schema.by_name)
        self.unit = schema.unit
        self.columns = columns

    def value(self, fact: Fact) -> Value:
        if fact.name not in self.columns:
            kind = pl.Int64() if fact.type is Kind.MONEY else _dtype(fact.type)
            return Value(fact.type, pl.lit(None, dtype=kind))
        mask = fact.name + NONE
        none = pl.col(mask) if mask in self.columns else None
        return Value(fact.type, pl.col(fact.name), none)


class Fields(Binding):
    """The fields of a record: an item of a list, or a fact that is a record itself."""

    def __init__(self, record: Record, of: pl.Expr, have: frozenset[str]) -> None:
        self.facts = {fact.name: fact for fact in record.fields}
        self.of = of
        self.have = have

    def value(self, fact: Fact) -> Value:
        if fact.name not in self.have:
            kind = pl.Int64() if fact.type is Kind.MONEY else _dtype(fact.type)
            # Tied to the record so that a list of n items has n of them.
            return Value(fact.type, pl.when(self.of.is_null()).then(pl.lit(None, dtype=kind)))
        expr = self.of.struct.field(fact.name)
        none = None
        if fact.may_be_none and f"{fact.name}_known" in self.have:
            known = self.of.struct.field(f"{fact.name}_known").fill_null(False)
            none = known & expr.is_null()
        if fact.type is Kind.MONEY:
            expr = fen(expr)
        return Value(fact.type, expr, none)


@dataclass(frozen=True)
class Around:
    """What names mean at one place of an expression."""

    me: Binding | None  # None inside a quantifier: only the item or member is in reach
    names: dict[str, Binding | Value]
    inside: str = ""  # inside a quantifier over the "household" or a "list"


def fen(yuan: pl.Expr) -> pl.Expr:
    """Whole fen from yuan of any numeric type."""
    return (yuan.cast(pl.Decimal(18, 2)) * 100).cast(pl.Int64)


class Compiler:
    """Compiles the rules of one book for one schema, day and area.

    ``columns`` are the columns of the prepared frame, ``parts`` the fields of its record and
    list-of-record columns; without them every fact is taken to be there (as when a pack is
    checked).
    """

    def __init__(
        self,
        book: Rulebook,
        schema: Facts,
        *,
        as_of: date,
        region: str,
        columns: Iterable[str] | None = None,
        parts: dict[str, frozenset[str]] | None = None,
    ) -> None:
        self.book = book
        self.schema = schema
        self.as_of = as_of
        self.region = region
        self.parts = parts
        have = schema.by_name if columns is None else columns
        self.root = Around(Row(schema, frozenset(have)), {})
        self._open: list[str] = []  # terms and groups being expanded

    # Public ----------------------------------------------------------------------------------

    def condition(self, node: Node) -> pl.Expr:
        return self._bool(node, self.root)

    def clause(self, clause: Clause) -> pl.Expr:
        if clause.parts:
            return any_of([self.clause(part) for part in clause.parts])
        assert clause.when is not None
        return self.condition(clause.when)

    def rule(self, rule: Rule) -> pl.Expr:
        return all_of([self.clause(clause) for clause in rule.asked(self.as_of)])

    def day(self, node: Node) -> pl.Expr:
        return self._of(node, self.root, Kind.DATE).expr

    def amount(self, node: Node) -> pl.Expr:
        """Whole fen."""
        return self._money(self._value(node, self.root), node).expr

    def needs(self, clause: Clause) -> dict[str, pl.Expr]:
        """What the clause looks at → where that is unknown. ``param.x`` for a parameter."""
        found: dict[str, pl.Expr] = {}
        if clause.when is not None:
            pairs = list(self._needs(clause.when, self.root))
        else:
            pairs = [pair for part in clause.parts for pair in self._needs_unless_settled(part)]
        for label, mask in pairs:
            found[label] = found[label] | mask if label in found else mask
        return found

    # Values ----------------------------------------------------------------------------------

    def _bool(self, node: Node, around: Around) -> pl.Expr:
        return self._of(node, around, Kind.BOOL).expr

    def _of(self, node: Node, around: Around, kind: Kind) -> Value:
        value = self._value(node, around)
        if value.type is not kind:
            raise RuleError(
                f"expected {kind.value}, this is {_named(value.type)}", column=node.column
            )
        return value

    def _value(self, node: Node, around: Around) -> Value:
        match node:
            case Literal():
                return literal(node.value)
            case Name():
                return self._name(node, around)
            case Field():
                return self._field(node, around)
            case Not():
                return Value(Kind.BOOL, ~self._bool(node.of, around))
            case Logic():
                parts = [self._bool(part, around) for part in node.parts]
                return Value(Kind.BOOL, all_of(parts) if node.op == "and" else any_of(parts))
            case Compare():
                return self._compare(node, around)
            case Within():
                return self._within(node, around)
            case IsNone():
                value = self._value(node.of, around)
                if value.none is None and not self._could_be_none(node.of, around):
                    raise RuleError("this is never 'none'", column=node.column)
                return Value(Kind.BOOL, is_none(value))
            case Arithmetic():
                return self._arithmetic(node, around)
            case Choice():
                return self._choice(node, around)
            case Over():
                return self._over(node, around)
            case Call():
                return self._call(node, around)

    def _name(self, node: Name, around: Around) -> Value:
        if node.name == "today":
            return literal(self.as_of)
        bound = around.names.get(node.name)
        if isinstance(bound, Value):
            return bound
        if bound is not None:
            raise RuleError(f"{node.name} is a record: name one field", column=node.column)
        if around.me is None:
            raise RuleError(
                f"{node.name}: inside any/all/count/sum only the item itself is in reach",
                column=node.column,
            )
        return self._member(around.me, node.name, node.column, around)

    def _field(self, node: Field, around: Around) -> Value:
        if node.owner == "param":
            return self._parameter(node, around)
        return self._member(self._owner(node, around), node.name, node.column, around)

    def _owner(self, node: Field, around: Around) -> Binding:
        bound = around.names.get(node.owner)
        if isinstance(bound, Binding):
            return bound
        if bound is None and around.me is not None:
            fact = around.me.facts.get(node.owner)
            if fact is not None and isinstance(fact.type, Record):
                return self._fields(fact.type, around.me.value(fact).expr, fact.name)
        raise RuleError(f"{node.owner} has no fields", column=node.column)

    def _fields(self, record: Record, expr: pl.Expr, column: str) -> Fields:
        everything = frozenset(name for f in record.fields for name in (f.name, f"{f.name}_known"))
        have = everything if self.parts is None else self.parts.get(column, frozenset())
        return Fields(record, expr, have)

    def _member(self, binding: Binding, name: str, column: int, around: Around) -> Value:
        fact = binding.facts.get(name)
        if fact is not None:
            return binding.value(fact)
        term = self.book.terms.get(name)
        if term is None:
            raise RuleError(f"there is no fact or term {name!r}", column=column)
        with _Opened(self, name, column):
            return self._value(term.when, Around(binding, {}, around.inside))

    def _parameter(self, node: Field, around: Around) -> Value:
        parameter = self.book.parameters.get(node.name)
        if parameter is None:
            raise RuleError(f"there is no parameter {node.name!r}", column=node.column)
        if parameter.kind is None:
            raise RuleError(f"parameter {node.name} is not a value", column=node.column)
        if parameter.by_sex and (around.me is None or "sex" not in around.me.facts):
            raise RuleError(
                f"param.{node.name} depends on sex, which is not in reach here",
                column=node.column,
            )
        cases: list[Case] = []
        asked = significant(self.region)
        for period in parameter.on(self.as_of):
            here = self.region.startswith(period.region)
            if not here and not period.region.startswith(asked):
                continue
            place = None if here else self._lies_in(period.region, around)
            if not here and place is None:
                continue
            if not isinstance(period.value, dict):
                cases.append(Case(place, period.value))
            else:
                assert around.me is not None
                sex = around.me.value(around.me.facts["sex"]).expr
                for name, value in period.value.items():
                    match = sex == pl.lit(name)
                    cases.append(Case(match if place is None else place & match, value))
            if here:
                break  # the most particular that covers the whole area asked
        return by_cases(parameter.kind, tuple(cases))

    def _lies_in(self, prefix: str, around: Around) -> pl.Expr | None:
        me = around.me
        if me is None or me.unit is None:
            return None
        return me.value(me.facts[me.unit]).expr.str.starts_with(prefix)

    def _could_be_none(self, node: Node, around: Around) -> bool:
        """Whether 'none' makes sense, whatever this frame happens to hold."""
        if isinstance(node, Name) and around.me is not None:
            fact = around.me.facts.get(node.name)
            return fact is not None and fact.may_be_none
        if isinstance(node, Field) and node.owner != "param":
            fact = self._owner(node, around).facts.get(node.name)
            return fact is not None and fact.may_be_none
        return False

    # Operators -------------------------------------------------------------------------------

    def _compare(self, node: Compare, around: Around) -> Value:
        folded = self._folded(node, around)
        if folded is not None:
            return folded
        left, right = self._alike(node.left, node.right, node.column, around)
        if isinstance(left.type, Items | Record):
            raise RuleError("lists and records cannot be compared", column=node.column)
        ordered = left.type in (Kind.INT, Kind.MONEY, Kind.DATE)
        if node.op not in ("==", "!=") and not ordered:
            raise RuleError(f"{left.type.value} has no order", column=node.column)
        if node.op == "!=":
            return Value(Kind.BOOL, ~false_if_none(left.expr == right.expr, left, right))
        return Value(
            Kind.BOOL, false_if_none(_COMPARE[node.op](left.expr, right.expr), left, right)
        )

    def _folded(self, node: Compare, around: Around) -> Value | None:
        """``age(d) >= n`` and its like as one comparison of the date with a constant day."""
        for side, other, op in (
            (node.left, node.right, node.op),
            (node.right, node.left, _MIRRORED[node.op]),
        ):
            if not isinstance(side, Call) or side.function not in _SINCE or op in ("==", "!="):
                continue
            if len(side.arguments) != 1:
                continue
            limit = self._value(other, around)
            if limit.type is not Kind.INT or limit.cases is None:
                continue
            start = self._of(side.arguments[0], around, Kind.DATE)
            count = _SINCE[side.function]

            def compared(
                n: int, count: Counted = count, op: str = op, start: Value = start
            ) -> pl.Expr:
                least = n if op in (">=", "<") else n + 1
                cut = calendar.latest(lambda day: count(day, self.as_of) >= least)
                if op in (">=", ">"):
                    return (
                        pl.lit(False) & start.expr.is_null() if cut is None else start.expr <= cut
                    )
                return start.expr > (date.min if cut is None else cut)

            cases = tuple(Case(case.condition, compared(case.value)) for case in limit.cases)
            return Value(Kind.BOOL, false_if_none(chosen(cases, pl.Boolean()), start))
        return None

    def _cut(self, count: Counted, op: str, limit: int, start: pl.Expr) -> pl.Expr:
        least = limit if op in (">=", "<") else limit + 1
        last = calendar.latest(lambda day: count(day, self.as_of) >= least)
        if op in (">=", ">"):
            return start < date.min if last is None else start <= last
        return start >= date.min if last is None else start > last

    def _within(self, node: Within, around: Around) -> Value:
        value = self._value(node.left, around)
        values: list[Any] = []
        for option in node.options:
            one = literal(option.value)
            if value.type is Kind.MONEY and one.type is Kind.INT:
                one = _yuan(option.value)
            if one.type is not value.type or one.cases is None:
                raise RuleError(
                    f"{option.value!r} is not {_named(value.type)}", column=option.column
                )
            values.append(one.cases[0].value)
        # Written out, a handful of comparisons is faster than a set look-up.
        tests = [value.expr == pl.lit(one) for one in values]
        return Value(Kind.BOOL, false_if_none(any_of(tests), value))

    def _arithmetic(self, node: Arithmetic, around: Around) -> Value:
        left, right = self._value(node.left, around), self._value(node.right, around)
        if node.op == "*":
            if {left.type, right.type} == {Kind.MONEY, Kind.INT}:
                kind = Kind.MONEY
            elif left.type is right.type is Kind.INT:
                kind = Kind.INT
            else:
                raise RuleError("* takes numbers, or an amount and a number", column=node.column)
            return Value(kind, left.expr * right.expr, either(left.none, right.none))
        left, right = self._alike(node.left, node.right, node.column, around)
        if left.type not in (Kind.INT, Kind.MONEY):
            raise RuleError(f"{node.op} takes numbers or amounts", column=node.column)
        expr = left.expr + right.expr if node.op == "+" else left.expr - right.expr
        return Value(left.type, expr, either(left.none, right.none))

    def _choice(self, node: Choice, around: Around) -> Value:
        test = self._bool(node.condition, around)
        then, other = self._alike(node.then, node.otherwise, node.column, around)
        expr = pl.when(test).then(then.expr).when(~test).then(other.expr)
        none = None
        if then.none is not None or other.none is not None:
            yes = pl.lit(False) if then.none is None else then.none
            no = pl.lit(False) if other.none is None else other.none
            none = pl.when(test).then(yes).when(~test).then(no).otherwise(False)
        return Value(then.type, expr, none)

    def _alike(self, a: Node, b: Node, column: int, around: Around) -> tuple[Value, Value]:
        """Both values in one type; a plain number beside an amount is in yuan."""
        left, right = self._value(a, around), self._value(b, around)
        if left.type is Kind.MONEY and isinstance(b, Literal) and right.type is Kind.INT:
            right = _yuan(b.value)
        if right.type is Kind.MONEY and isinstance(a, Literal) and left.type is Kind.INT:
            left = _yuan(a.value)
        if left.type != right.type:
            raise RuleError(f"{_named(left.type)} beside {_named(right.type)}", column=column)
        return left, right

    def _money(self, value: Value, node: Node) -> Value:
        if value.type is Kind.INT and isinstance(node, Literal):
            return _yuan(node.value)
        if value.type is not Kind.MONEY:
            raise RuleError(f"expected an amount, this is {_named(value.type)}", column=node.column)
        return value

    # Lists and households --------------------------------------------------------------------

    def _over(self, node: Over, around: Around) -> Value:
        if node.variable in self.schema.by_name or node.variable in self.book.terms:
            raise RuleError(f"{node.variable} is the name of a fact or term", column=node.column)
        source, item = self._source(node, around)
        if around.inside == "list" or (around.inside and isinstance(source, Household)):
            raise RuleError("any/all/count/sum cannot be nested so", column=node.column)
        inner = Around(None, {node.variable: item}, source.name)
        if not _mentions(node, node.variable):
            raise RuleError(f"this does not look at {node.variable}", column=node.column)
        where = None if node.condition is None else self._bool(node.condition, inner)
        if node.function == "sum":
            value = self._value(node.body, inner)
            if value.type not in (Kind.INT, Kind.MONEY):
                raise RuleError("sum takes numbers or amounts", column=node.column)
            present = (
                value.expr
                if value.none is None
                else (pl.when(value.none).then(0).otherwise(value.expr))
            )
            doubt = present.is_null()
            if where is not None:
                doubt = where.is_null() | (where & doubt)
                present = pl.when(where).then(present).otherwise(0)
            total = source.aggregate(
                present.sum(), present.is_null().any() if where is None else doubt.any()
            )
            return Value(value.type, total)
        test = self._bool(node.body, inner)
        if node.function == "all":
            test = test if where is None else (~where) | test
            return Value(Kind.BOOL, source.every(test))
        test = test if where is None else where & test
        if node.function == "any":
            return Value(Kind.BOOL, source.some(test))
        return Value(Kind.INT, source.aggregate(test.sum().cast(pl.Int64), test.is_null().any()))

    def _source(self, node: Over, around: Around) -> "tuple[Source, Binding | Value]":
        if node.source == Name("household", node.source.column):
            if around.me is not self.root.me or self.schema.subject != "person":
                raise RuleError("household: only the person's own", column=node.column)
            assert self.root.me is not None
            return Household(), self.root.me
        if isinstance(node.source, Name):
            if around.me is None:
                raise RuleError("this list is not in reach here", column=node.column)
            binding, name = around.me, node.source.name
        else:
            binding, name = self._owner(node.source, around), node.source.name
        fact = binding.facts.get(name)
        if fact is None or not isinstance(fact.type, Items):
            raise RuleError(f"{name!r} is not a list", column=node.source.column)
        expr = binding.value(fact).expr
        of = fact.type.of
        if isinstance(of, Record):
            return Listed(expr), self._fields(of, pl.element(), fact.name)
        return Listed(expr), Value(of, pl.element())

    # Functions -------------------------------------------------------------------------------

    def _call(self, node: Call, around: Around) -> Value:
        function = getattr(self, f"_call_{node.function}", None)
        if function is None:
            raise RuleError(f"there is no function {node.function!r}", column=node.column)
        value: Value = function(node, around)
        return value

    def _arguments(
        self, node: Call, around: Around, *kinds: Kind, optional: int = 0
    ) -> list[Value]:
        given = len(node.arguments)
        if not len(kinds) - optional <= given <= len(kinds):
            raise RuleError(
                f"{node.function} takes {len(kinds)} arguments, not {given}", column=node.column
            )
        return [
            self._of(argument, around, kind)
            for argument, kind in zip(node.arguments, kinds, strict=False)
        ]

    def _since(self, node: Call, around: Around) -> Value:
        """Completed units from a day to another (to today where there is none)."""
        values = self._arguments(node, around, Kind.DATE, Kind.DATE, optional=1)
        start = values[0]
        end = values[1] if len(values) > 1 else literal(self.as_of)
        unit = _COLUMNS[node.function]
        return Value(Kind.INT, unit(start.expr, end.expr), either(start.none, end.none))

    _call_age = _call_years_since = _call_months_since = _call_days_since = _since

    def _shifted(self, node: Call, around: Around) -> Value:
        day, count = self._arguments(node, around, Kind.DATE, Kind.INT)
        number = count.expr.cast(pl.Int64)
        match node.function:
            case "add_days":
                expr = day.expr + pl.duration(days=number)
            case "add_months":
                expr = calendar.add_months_column(day.expr, number)
            case "add_years":
                expr = calendar.add_months_column(day.expr, number * 12)
            case _:
                expr = calendar.anniversary_column(day.expr, number)
        return Value(Kind.DATE, expr, either(day.none, count.none))

    _call_add_days = _call_add_months = _call_add_years = _call_turns = _shifted

    def _call_year(self, node: Call, around: Around) -> Value:
        (day,) = self._arguments(node, around, Kind.DATE)
        return Value(Kind.INT, day.expr.dt.year().cast(pl.Int64), day.none)

    def _call_level(self, node: Call, around: Around) -> Value:
        """Level of an education code by its first digit (GB/T 4658 as in files.md)."""
        (code,) = self._arguments(node, around, Kind.INT)
        digit = pl.when(code.expr >= 10).then(code.expr // 10).otherwise(code.expr)
        level = digit.replace_strict(EDUCATION_LEVELS, default=None, return_dtype=pl.Int64)
        return Value(Kind.INT, level, code.none)

    def _call_lies_in(self, node: Call, around: Around) -> Value:
        unit, prefix = self._arguments(node, around, Kind.TEXT, Kind.TEXT)
        if prefix.cases is None or len(prefix.cases) != 1 or not prefix.cases[0].value.isdigit():
            raise RuleError(
                "lies_in takes a unit and the first digits of a code", column=node.column
            )
        test = unit.expr.cast(pl.String).str.starts_with(prefix.cases[0].value)
        return Value(Kind.BOOL, false_if_none(test, unit))

    def _call_is_village(self, node: Call, around: Around) -> Value:
        """A village by the last three digits of a 12-digit code: 200–399 (统计用区划代码)."""
        (unit,) = self._arguments(node, around, Kind.TEXT)
        last = unit.expr.str.slice(9, 1)
        return Value(Kind.BOOL, false_if_none((last == "2") | (last == "3"), unit))

    def _call_same_area(self, node: Call, around: Around) -> Value:
        """same_area(a, b, 9): whether two codes share their first digits."""
        one, other, digits = self._arguments(node, around, Kind.TEXT, Kind.TEXT, Kind.INT)
        count = digits.cases[0].value if digits.cases and len(digits.cases) == 1 else 0
        if not 2 <= count <= 12:
            raise RuleError("same_area takes two units and 2 to 12 digits", column=node.column)
        test = one.expr.str.slice(0, count) == other.expr.str.slice(0, count)
        return Value(Kind.BOOL, false_if_none(test, one, other))

    def _call_size(self, node: Call, around: Around) -> Value:
        listed = self._value(node.arguments[0], around) if len(node.arguments) == 1 else None
        if listed is None or not isinstance(listed.type, Items):
            raise RuleError("size takes a list", column=node.column)
        return Value(Kind.INT, listed.expr.list.len().cast(pl.Int64))

    def _call_known(self, node: Call, around: Around) -> Value:
        target = node.arguments[0] if len(node.arguments) == 1 else None
        found = None if target is None else self._fact_of(target, around)
        if found is None:
            raise RuleError("known takes one fact", column=node.column)
        binding, fact = found
        return Value(Kind.BOOL, ~binding.missing(fact))

    def _call_group(self, node: Call, around: Around) -> Value:
        target = node.arguments[0] if len(node.arguments) == 1 else None
        if not isinstance(target, Literal) or not isinstance(target.value, str):
            raise RuleError("group takes the name of a group", column=node.column)
        group = self.book.groups.get(target.value)
        if group is None:
            raise RuleError(f"there is no group {target.value!r}", column=node.column)
        here = around.me is self.root.me and not around.inside
        if not here or self.schema.subject != group.subject:
            raise RuleError("group: only of the person asked", column=node.column)
        if not group.in_force(self.as_of):
            return Value(Kind.BOOL, UNKNOWN)
        with _Opened(self, f"group {group.id}", node.column):
            return Value(Kind.BOOL, self.rule(group))

    def _call_share(self, node: Call, around: Around) -> Value:
        """share(amount, 2, 3): two thirds, rounded half up to the fen."""
        if len(node.arguments) != 3:
            raise RuleError("share takes an amount and two numbers", column=node.column)
        amount = self._money(self._value(node.arguments[0], around), node.arguments[0])
        over, under = (
            part.value if isinstance(part, Literal) else None for part in node.arguments[1:]
        )
        if type(over) is not int or type(under) is not int or under < 1 or over < 0:
            raise RuleError("share takes an amount and two whole numbers", column=node.column)
        expr = (amount.expr * (2 * over) + under) // (2 * under)
        return Value(Kind.MONEY, expr, amount.none)

    def _extreme(self, node: Call, around: Around) -> Value:
        if len(node.arguments) < 2:
            raise RuleError(f"{node.function} takes two values or more", column=node.column)
        money = any(self._value(part, around).type is Kind.MONEY for part in node.arguments)
        values = [self._value(part, around) for part in node.arguments]
        if money:
            values = [
                self._money(value, part) for value, part in zip(values, node.arguments, strict=True)
            ]
        kind = values[0].type
        if kind not in (Kind.INT, Kind.MONEY, Kind.DATE) or any(v.type is not kind for v in values):
            raise RuleError(f"{node.function} takes numbers, amounts or dates", column=node.column)
        fold = pl.min_horizontal if node.function == "min" else pl.max_horizontal
        complete = all_of([value.expr.is_not_null() for value in values])
        none: pl.Expr | None = None
        for value in values:
            none = either(none, value.none)
        return Value(kind, pl.when(complete).then(fold([v.expr for v in values])), none)

    _call_min = _call_max = _extreme

    def _call_retirement_date(self, node: Call, around: Around) -> Value:
        """Statutory; unknown for a woman whose base age is unknown (it depends on her post)."""
        birth, sex, base = self._arguments(node, around, Kind.DATE, Kind.TEXT, Kind.INT)
        cases = [
            Case(
                sex.expr == pl.lit(who)
                if len(lines) == 1
                else (sex.expr == pl.lit(who)) & (base.expr == years),
                calendar.retirement_date_column(birth.expr, years, delay),
            )
            for who, lines in self._schedule(node).items()
            for years, delay in lines.items()
        ]
        return Value(Kind.DATE, chosen(tuple(cases), pl.Date()))

    def _call_before_retirement(self, node: Call, around: Around) -> Value:
        """Whether today lies before the statutory retirement date.

        Where a woman's base age is unknown: known only if every base age of the schedule agrees.
        """
        birth, sex, base = self._arguments(node, around, Kind.DATE, Kind.TEXT, Kind.INT)
        cases: list[Case] = []
        for who, lines in self._schedule(node).items():
            ahead: dict[int, pl.Expr] = {}
            for years, delay in lines.items():
                cut = calendar.latest(_retired_by(self.as_of, years, delay))
                ahead[years] = birth.expr > (cut or date.min)
            this = sex.expr == pl.lit(who)
            if len(ahead) == 1:
                cases.append(Case(this, next(iter(ahead.values()))))
                continue
            for years, test in ahead.items():
                cases.append(Case(this & (base.expr == years), test))
            doubt = (
                pl.when(all_of(list(ahead.values())))
                .then(True)
                .when(~any_of(list(ahead.values())))
                .then(False)
            )
            cases.append(Case(this & base.expr.is_null(), doubt))
        return Value(Kind.BOOL, chosen(tuple(cases), pl.Boolean()))

    def _schedule(self, node: Call) -> Schedule:
        try:
            return self.book.schedule(self.as_of, self.region)
        except RuleError as error:
            raise RuleError(error.message, column=node.column) from None

    # What is missing -------------------------------------------------------------------------

    def _needs(self, node: Node, around: Around) -> Iterable[tuple[str, pl.Expr]]:
        match node:
            case Literal():
                return []
            case Name() | Field():
                return self._needs_name(node, around)
            case Not() | IsNone():
                return self._needs(node.of, around)
            case Logic():
                # A part that is settled needs nothing more.
                return [
                    (label, mask & self._bool(part, around).is_null())
                    for part in node.parts
                    for label, mask in self._needs(part, around)
                ]
            case Compare() | Arithmetic():
                return self._needs_each((node.left, node.right), around)
            case Within():
                return self._needs(node.left, around)
            case Choice():
                return self._needs_each((node.condition, node.then, node.otherwise), around)
            case Over():
                return self._needs_over(node, around)
            case Call():
                return self._needs_call(node, around)

    def _needs_each(self, nodes: Sequence[Node], around: Around) -> list[tuple[str, pl.Expr]]:
        return list(itertools.chain.from_iterable(self._needs(node, around) for node in nodes))

    def _fact_of(self, node: Node, around: Around) -> tuple[Binding, Fact] | None:
        if isinstance(node, Name) and around.me is not None and node.name not in around.names:
            fact = around.me.facts.get(node.name)
            return None if fact is None else (around.me, fact)
        if isinstance(node, Field) and node.owner != "param":
            binding = self._owner(node, around)
            fact = binding.facts.get(node.name)
            return None if fact is None else (binding, fact)
        return None

    def _needs_name(self, node: Name | Field, around: Around) -> list[tuple[str, pl.Expr]]:
        found = self._fact_of(node, around)
        if found is not None:
            binding, fact = found
            owner = node.owner if isinstance(node, Field) else ""
            record = owner and owner not in around.names
            label = f"{owner}.{fact.name}" if record else fact.name
            return [(label, binding.missing(fact))]
        if isinstance(node, Field) and node.owner == "param":
            value = self._parameter(node, around)
            if not value.cases:
                return [(f"param.{node.name}", pl.lit(True))]
            me = around.me
            if me is None:
                return []
            if self.book.parameters[node.name].by_sex:
                return [("sex", me.missing(me.facts["sex"]))]
            if me.unit is not None and all(case.condition is not None for case in value.cases):
                return [(me.unit, me.missing(me.facts[me.unit]))]
            return []
        name = node.name
        if isinstance(node, Name) and (name == "today" or name in around.names):
            return []
        binding_of = around.me if isinstance(node, Name) else self._owner(node, around)
        term = self.book.terms[name]
        with _Opened(self, name, node.column):
            needs = list(self._needs(term.when, Around(binding_of, {}, around.inside)))
        if isinstance(node, Field) and node.owner not in around.names:
            return [(f"{node.owner}.{label}", mask) for label, mask in needs]
        return needs

    def _needs_over(self, node: Over, around: Around) -> list[tuple[str, pl.Expr]]:
        source, item = self._source(node, around)
        inner = Around(None, {node.variable: item}, source.name)
        parts = (node.body,) if node.condition is None else (node.body, node.condition)
        within = self._needs_each(parts, inner)
        if isinstance(source, Household):
            assert self.root.me is not None
            own = ("household_id", ~pl.col(HOUSEHOLD_KNOWN))
            return [own, *((label, source.anybody(mask)) for label, mask in within)]
        outer = self._needs_name(node.source, around)
        prefix = node.source.name
        return [
            *outer,
            *(
                (label if label.startswith("param.") else f"{prefix}.{label}", source.anybody(mask))
                for label, mask in within
            ),
        ]

    def _needs_call(self, node: Call, around: Around) -> list[tuple[str, pl.Expr]]:
        if node.function == "known":
            return []
        if node.function == "group":
            target = node.arguments[0]
            assert isinstance(target, Literal)
            group = self.book.groups[str(target.value)]
            if not group.in_force(self.as_of):
                return []
            with _Opened(self, f"group {group.id}", node.column):
                return [
                    need
                    for clause in group.asked(self.as_of)
                    for need in self._needs_unless_settled(clause)
                ]
        needs = self._needs_each(node.arguments, around)
        if node.function in ("before_retirement", "retirement_date"):
            sex = self._of(node.arguments[1], around, Kind.TEXT).expr
            sure = [
                sex == pl.lit(who) for who, lines in self._schedule(node).items() if len(lines) == 1
            ]
            base = list(self._needs(node.arguments[2], around))
            needs = self._needs_each(node.arguments[:2], around)
            needs += [(label, mask & ~any_of(sure).fill_null(False)) for label, mask in base]
        return needs

    def _needs_unless_settled(self, clause: Clause) -> list[tuple[str, pl.Expr]]:
        unsettled = self.clause(clause).is_null()
        return [(label, mask & unsettled) for label, mask in self.needs(clause).items()]


class _Opened:
    """Guards against a term or group that refers to itself."""

    def __init__(self, compiler: Compiler, name: str, column: int) -> None:
        if name in compiler._open:
            raise RuleError(f"{name} refers to itself", column=column)
        self.open = compiler._open
        self.name = name

    def __enter__(self) -> None:
        self.open.append(self.name)

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        name = self.open.pop()
        if isinstance(error, RuleError) and not error.inside:
            error.inside = name


class Source:
    """What any/all/count/sum run over."""

    name = ""

    def some(self, test: pl.Expr) -> pl.Expr:
        raise NotImplementedError

    def every(self, test: pl.Expr) -> pl.Expr:
        raise NotImplementedError

    def aggregate(self, total: pl.Expr, doubt: pl.Expr) -> pl.Expr:
        """``total``, unknown where ``doubt``."""
        raise NotImplementedError

    def anybody(self, mask: pl.Expr) -> pl.Expr:
        raise NotImplementedError


class Listed(Source):
    name = "list"

    def __init__(self, of: pl.Expr) -> None:
        self.of = of

    def some(self, test: pl.Expr) -> pl.Expr:
        return self.of.list.agg(test.any(ignore_nulls=False))

    def every(self, test: pl.Expr) -> pl.Expr:
        return self.of.list.agg(test.all(ignore_nulls=False))

    def aggregate(self, total: pl.Expr, doubt: pl.Expr) -> pl.Expr:
        return pl.when(~self.of.list.agg(doubt)).then(self.of.list.agg(total))

    def anybody(self, mask: pl.Expr) -> pl.Expr:
        return self.of.list.agg(mask.any()).fill_null(False)


class Household(Source):
    """All rows with the person's household, the person's own included.

    Where the household is unknown only the person's own row is there, and others may exist.
    """

    name = "household"
    known = pl.col(HOUSEHOLD_KNOWN)

    def some(self, test: pl.Expr) -> pl.Expr:
        return test.any(ignore_nulls=False).over(HOUSEHOLD) | (~self.known & UNKNOWN)

    def every(self, test: pl.Expr) -> pl.Expr:
        return test.all(ignore_nulls=False).over(HOUSEHOLD) & (self.known | UNKNOWN)

    def aggregate(self, total: pl.Expr, doubt: pl.Expr) -> pl.Expr:
        return pl.when(self.known & ~doubt.over(HOUSEHOLD)).then(total.over(HOUSEHOLD))

    def anybody(self, mask: pl.Expr) -> pl.Expr:
        return mask.any().over(HOUSEHOLD)


# Building blocks -----------------------------------------------------------------------------

EDUCATION_LEVELS = {1: 6, 2: 5, 3: 4, 4: 3, 6: 3, 7: 2, 8: 1, 9: 0}
_SINCE: dict[str, Counted] = {
    "age": calendar.years_between,
    "years_since": calendar.years_between,
    "months_since": calendar.months_between,
    "days_since": lambda start, end: (end - start).days,
}
_COLUMNS: dict[str, Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    "age": calendar.years_between_columns,
    "years_since": calendar.years_between_columns,
    "months_since": calendar.months_between_columns,
    "days_since": lambda start, end: (end - start).dt.total_days(),
}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_COMPARE: dict[str, Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
}


def _retired_by(day: date, base: int, delay: calendar.Delay) -> Callable[[date], bool]:
    return lambda birth: calendar.retirement_date(birth, base, delay) <= day


def all_of(parts: Sequence[pl.Expr]) -> pl.Expr:
    found = parts[0] if parts else pl.lit(True)
    for part in parts[1:]:
        found = found & part
    return found


def any_of(parts: Sequence[pl.Expr]) -> pl.Expr:
    found = parts[0] if parts else pl.lit(False)
    for part in parts[1:]:
        found = found | part
    return found


def either(a: pl.Expr | None, b: pl.Expr | None) -> pl.Expr | None:
    if a is None or b is None:
        return b if a is None else a
    return a | b


def false_if_none(test: pl.Expr, *values: Value) -> pl.Expr:
    """A test of something that is known not to exist is false, not unknown."""
    for value in values:
        if value.none is not None:
            test = test & ~value.none
    return test


def is_none(value: Value) -> pl.Expr:
    there = value.expr.is_not_null()
    if value.none is None:
        return pl.when(there).then(False)
    return pl.when(there | value.none).then(value.none)


def literal(value: bool | int | Decimal | str | date) -> Value:
    if isinstance(value, bool):
        kind = Kind.BOOL
    elif isinstance(value, int):
        kind = Kind.INT
    elif isinstance(value, Decimal):
        return _yuan(value)
    elif isinstance(value, date):
        kind = Kind.DATE
    else:
        kind = Kind.TEXT
    return Value(kind, pl.lit(value), None, (Case(None, value),))


def _yuan(value: object) -> Value:
    assert isinstance(value, int | Decimal)
    amount = Decimal(value) * 100
    if amount != amount.to_integral_value():
        raise RuleError(f"{value} is not a whole number of fen")
    return Value(Kind.MONEY, pl.lit(int(amount), dtype=pl.Int64), None, (Case(None, int(amount)),))


def by_cases(kind: Kind, cases: tuple[Case, ...]) -> Value:
    """The value of a parameter; amounts in fen. No cases: unknown."""
    if kind is Kind.MONEY:
        cases = tuple(Case(case.condition, int(Decimal(case.value) * 100)) for case in cases)
        dtype: pl.DataType = pl.Int64()
    else:
        dtype = _dtype(kind)
    literals = tuple(Case(case.condition, pl.lit(case.value)) for case in cases)
    return Value(kind, chosen(literals, dtype), None, cases)


def chosen(cases: tuple[Case, ...], dtype: pl.DataType) -> pl.Expr:
    """The first case whose condition holds, else the one without a condition, else unknown."""
    default: pl.Expr = pl.lit(None, dtype=dtype)
    chain: Any = None
    for case in cases:
        if case.condition is None:
            default = case.value
            break
        chain = (pl if chain is None else chain).when(case.condition).then(case.value)
    if chain is None:
        return default
    expr: pl.Expr = chain.otherwise(default)
    return expr


def significant(region: str) -> str:
    """The digits of a 12-digit code that say something: 371000000000 → 3710.

    >>> significant("371002001000")
    '371002001'
    """
    for digits in (2, 4, 6, 9):
        if not region[digits:].strip("0"):
            return region[:digits]
    return region


def _mentions(node: object, variable: str) -> bool:
    match node:
        case Name():
            return node.name == variable
        case Field():
            return node.owner == variable
        case Over():
            parts: tuple[object, ...] = (node.body, node.condition)
        case Not() | IsNone():
            parts = (node.of,)
        case Logic():
            parts = node.parts
        case Compare() | Arithmetic():
            parts = (node.left, node.right)
        case Within():
            parts = (node.left,)
        case Choice():
            parts = (node.condition, node.then, node.otherwise)
        case Call():
            parts = node.arguments
        case _:
            return False
    return any(_mentions(part, variable) for part in parts)


def _named(kind: Type) -> str:
    return (
        kind.value
        if isinstance(kind, Kind)
        else "a list"
        if isinstance(kind, Items)
        else "a record"
    )
