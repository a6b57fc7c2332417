"""Trees → Polars expressions."""

import operator
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date

import polars as pl

from ..calendar import Schedule
from ..errors import RuleError, meant
from ..facts import Fact, Facts, Kind, Record
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
    Over,
    Within,
    parts_of,
    shape,
)
from ..model import Clause, Rule, Rulebook
from . import comparisons, functions, missing, quantifiers
from .bindings import NONE, Around, Binding, Fields, Row
from .values import (
    Case,
    Value,
    all_of,
    any_of,
    by_cases,
    either,
    folded,
    is_none,
    literal,
    named,
    yuan,
)

_WORTH_SHARING = Compare | Within | IsNone | Logic | Arithmetic | Choice | Call | Over


class Compiler:
    """Compiles the rules of one book for one schema, day and area.

    ``columns`` are the columns of the prepared frame, ``parts`` the fields of its record and
    list-of-record columns; without them every fact is taken to be there (as when a pack is
    checked). ``words``: of the Enum columns, what they can say.
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
        words: Mapping[str, frozenset[str]] | None = None,
    ) -> None:
        self.book = book
        self.schema = schema
        self.as_of = as_of
        self.region = region
        self.parts = parts
        have = schema.by_name if columns is None else columns
        self.root = Around(Row(schema, frozenset(have), words or {}), {})
        self._often: Counter[object] = Counter()
        self._alike: dict[object, Value] = {}
        self._memory: dict[tuple[object, ...], tuple[Around, Value]] = {}
        self._fields: dict[str, Fields] = {}
        self.columns: dict[str, pl.Expr] = {}
        self.expanded: set[str] = set()  # the terms that were used
        self.open: list[str] = []  # terms and groups being expanded

    # Public ----------------------------------------------------------------------------------

    def condition(self, node: Node) -> pl.Expr:
        return self.truth(node, self.root)

    def clause(self, clause: Clause) -> pl.Expr:
        if clause.parts:
            return any_of([self.clause(part) for part in clause.parts])
        assert clause.when is not None
        return self.condition(clause.when)

    def rule(self, rule: Rule) -> pl.Expr:
        return all_of([self.clause(clause) for clause in rule.asked(self.as_of)])

    def day(self, node: Node) -> pl.Expr:
        return self.of(node, self.root, Kind.DATE).expr

    def amount(self, node: Node) -> pl.Expr:
        """Whole fen."""
        return self.money(self.value(node, self.root), node).expr

    def expect(self, rules: Iterable[Rule]) -> None:
        """What these rules, and what they refer to, say more than once is computed but once."""
        waiting = [node for rule in rules for node in self._nodes(rule)]
        seen: set[str] = set()
        while waiting:
            node = waiting.pop()
            waiting += parts_of(node)
            if isinstance(node, _WORTH_SHARING):
                self._often[shape(node)] += 1
            name = node.name if isinstance(node, Name | Field) else ""
            term, group = self.book.terms.get(name), None
            if isinstance(node, Call) and node.function == "group":
                target = node.arguments[0] if node.arguments else None
                name = f"group {target.value}" if isinstance(target, Literal) else ""
                group = self.book.groups.get(name.removeprefix("group "))
            if name in seen or (term is None and group is None):
                continue
            seen.add(name)
            waiting += [term.when] if term is not None else []
            waiting += self._nodes(group) if group is not None else []

    def _nodes(self, rule: Rule) -> list[Node]:
        asked = [part for clause in rule.asked(self.as_of) for part in clause.parts or (clause,)]
        nodes = (*(part.when for part in asked), rule.since, rule.amount)
        return [node for node in nodes if node is not None]

    def needs(self, clause: Clause) -> dict[str, pl.Expr]:
        """What the clause looks at → where that is unknown. ``param.x`` for a parameter."""
        return missing.of_clause(self, clause)

    def opened(self, name: str, column: int) -> "Opened":
        """Guard around the expansion of a term or group."""
        return Opened(self, name, column)

    def shared(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """``frame`` with the terms and groups that the compiled expressions refer to."""
        stages: list[list[pl.Expr]] = []
        level: dict[str, int] = {}
        for name, expr in self.columns.items():
            level[name] = 1 + max(
                (level.get(root, 0) for root in expr.meta.root_names()), default=0
            )
            while len(stages) < level[name]:
                stages.append([])
            stages[level[name] - 1].append(expr.alias(name))
        for stage in stages:
            frame = frame.with_columns(stage)
        return frame

    def share(self, name: str, value: Value) -> Value:
        """The value as a column of its own, computed once: see `shared`."""
        none = None
        if value.none is not None:
            self.columns.setdefault(name + NONE, value.none)
            none = pl.col(name + NONE)
        self.columns.setdefault(name, value.expr)
        return Value(value.type, pl.col(name), none, value.cases, value.words)

    def group(self, group: Rule) -> pl.Expr:
        return all_of([self.group_clause(group, clause) for clause in group.asked(self.as_of)])

    def group_clause(self, group: Rule, clause: Clause) -> pl.Expr:
        name = f"!group {group.id} {clause.id}"
        if name not in self.columns:
            self.share(name, Value(Kind.BOOL, self.clause(clause)))
        return pl.col(name)

    # Values ----------------------------------------------------------------------------------

    def truth(self, node: Node, around: Around) -> pl.Expr:
        return self.of(node, around, Kind.BOOL).expr

    def of(self, node: Node, around: Around, kind: Kind) -> Value:
        value = self.value(node, around)
        if value.type is not kind:
            raise RuleError(
                f"expected {kind.value}, this is {named(value.type)}", column=node.column
            )
        return value

    def value(self, node: Node, around: Around) -> Value:
        """Each node once per place: the same expression object is shared wherever it occurs."""
        names = tuple((name, id(bound)) for name, bound in around.names.items())
        key = (id(node), id(around.me), around.inside, names)
        if key not in self._memory:
            # The place is kept with the value, so that no id is used again.
            self._memory[key] = around, self._once(node, around)
        return self._memory[key][1]

    def _once(self, node: Node, around: Around) -> Value:
        """What `expect` found more than once becomes a column, wherever the person is asked."""
        if around.me is not self.root.me or around.names or around.inside:
            return self._compiled(node, around)
        said = shape(node) if isinstance(node, _WORTH_SHARING) else None
        if self._often[said] < 2:
            return self._compiled(node, around)
        if said not in self._alike:
            value = self._compiled(node, around)
            if value.cases is None and isinstance(value.type, Kind):
                value = self.share(f"!{len(self._alike)}", value)
            self._alike[said] = value
        return self._alike[said]

    def _compiled(self, node: Node, around: Around) -> Value:
        match node:
            case Literal():
                return literal(node.value)
            case Name():
                return self._name(node, around)
            case Field():
                return self._field(node, around)
            case Not():
                return Value(Kind.BOOL, ~self.truth(node.of, around))
            case Logic():
                parts = [self.truth(part, around) for part in node.parts]
                return Value(Kind.BOOL, all_of(parts) if node.op == "and" else any_of(parts))
            case Compare():
                return comparisons.compare(self, node, around)
            case Within():
                return comparisons.within(self, node, around)
            case IsNone():
                value = self.value(node.of, around)
                if value.none is None and not self._could_be_none(node.of, around):
                    raise RuleError("this is never 'none'", column=node.column)
                return Value(Kind.BOOL, is_none(value))
            case Arithmetic():
                return self._arithmetic(node, around)
            case Choice():
                return self._choice(node, around)
            case Over():
                return quantifiers.over(self, node, around)
            case Call():
                return functions.call(self, node, around)

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
        return self.member(around.me, node.name, node.column, around)

    def _field(self, node: Field, around: Around) -> Value:
        if node.owner == "param":
            return self.parameter(node, around)
        return self.member(self.owner(node, around), node.name, node.column, around)

    def owner(self, node: Field, around: Around) -> Binding:
        bound = around.names.get(node.owner)
        if isinstance(bound, Binding):
            return bound
        if bound is None and around.me is not None:
            fact = around.me.facts.get(node.owner)
            if fact is not None and isinstance(fact.type, Record):
                return self.fields(fact.type, around.me.value(fact).expr, fact.name)
        raise RuleError(f"{node.owner} has no fields", column=node.column)

    def fields(self, record: Record, expr: pl.Expr, column: str) -> Fields:
        if column not in self._fields:
            names = frozenset(name for f in record.fields for name in (f.name, f"{f.name}_known"))
            have = names if self.parts is None else self.parts.get(column, frozenset())
            self._fields[column] = Fields(record, expr, have)
        return self._fields[column]

    def member(self, binding: Binding, name: str, column: int, around: Around) -> Value:
        fact = binding.facts.get(name)
        if fact is not None:
            return binding.value(fact)
        term = self.book.terms.get(name)
        if term is None:
            hint = meant(name, [*binding.facts, *self.book.terms])
            raise RuleError(f"there is no fact or term {name!r}{hint}", column=column)
        self.expanded.add(name)
        with self.opened(name, column):
            value = self.value(term.when, Around(binding, {}, around.inside))
        return self.share(f"!term {name}", value) if binding is self.root.me else value

    def parameter(self, node: Field, around: Around) -> Value:
        parameter = self.book.parameters.get(node.name)
        if parameter is None:
            hint = meant(node.name, self.book.parameters)
            raise RuleError(f"there is no parameter {node.name!r}{hint}", column=node.column)
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
                sex = around.me.value(around.me.facts["sex"])
                for name, value in period.value.items():
                    match = sex.says(name)
                    cases.append(Case(match if place is None else place & match, value))
            if here:
                break  # the most particular that covers the whole area asked
        return by_cases(parameter.kind, tuple(cases))

    def _lies_in(self, prefix: str, around: Around) -> pl.Expr | None:
        me = around.me
        if me is None or me.unit is None:
            return None
        start = me.value(me.facts[me.unit]).text.str.slice(0, len(prefix))
        if me is not self.root.me:
            return start == pl.lit(prefix)
        # Cut off and compared once for all figures by area.
        start = self.share(f"!first {len(prefix)}", Value(Kind.TEXT, start)).expr
        return self.share(f"!in {prefix}", Value(Kind.BOOL, start == pl.lit(prefix))).expr

    def _could_be_none(self, node: Node, around: Around) -> bool:
        """Whether 'none' makes sense, whatever this frame happens to hold."""
        if isinstance(node, Name) and around.me is not None:
            fact = around.me.facts.get(node.name)
            return fact is not None and fact.may_be_none
        if isinstance(node, Field) and node.owner != "param":
            fact = self.owner(node, around).facts.get(node.name)
            return fact is not None and fact.may_be_none
        return False

    # Operators -------------------------------------------------------------------------------

    def _arithmetic(self, node: Arithmetic, around: Around) -> Value:
        left, right = self.value(node.left, around), self.value(node.right, around)
        if node.op == "*":
            if {left.type, right.type} == {Kind.MONEY, Kind.INT}:
                kind = Kind.MONEY
            elif left.type is right.type is Kind.INT:
                kind = Kind.INT
            else:
                raise RuleError("* takes numbers, or an amount and a number", column=node.column)
            if (fixed := folded(kind, operator.mul, left, right)) is not None:
                return fixed
            return Value(kind, left.expr * right.expr, either(left.none, right.none))
        left, right = self.alike(node.left, node.right, node.column, around)
        if left.type not in (Kind.INT, Kind.MONEY):
            raise RuleError(f"{node.op} takes numbers or amounts", column=node.column)
        of = operator.add if node.op == "+" else operator.sub
        if (fixed := folded(left.type, of, left, right)) is not None:
            return fixed
        expr: pl.Expr = of(left.expr, right.expr)
        return Value(left.type, expr, either(left.none, right.none))

    def _choice(self, node: Choice, around: Around) -> Value:
        test = self.truth(node.condition, around)
        then, other = self.alike(node.then, node.otherwise, node.column, around)
        texts = then.type is Kind.TEXT
        yes_expr, no_expr = (v.text if texts else v.expr for v in (then, other))
        expr = pl.when(test).then(yes_expr).when(~test).then(no_expr)
        none = None
        if then.none is not None or other.none is not None:
            yes = pl.lit(False) if then.none is None else then.none
            no = pl.lit(False) if other.none is None else other.none
            none = pl.when(test).then(yes).when(~test).then(no).otherwise(False)
        return Value(then.type, expr, none)

    def alike(self, a: Node, b: Node, column: int, around: Around) -> tuple[Value, Value]:
        """Both values in one type; a plain number beside an amount is in yuan."""
        left, right = self.value(a, around), self.value(b, around)
        if left.type is Kind.MONEY and isinstance(b, Literal) and right.type is Kind.INT:
            right = yuan(b.value)
        if right.type is Kind.MONEY and isinstance(a, Literal) and left.type is Kind.INT:
            left = yuan(a.value)
        if left.type != right.type:
            raise RuleError(f"{named(left.type)} beside {named(right.type)}", column=column)
        return left, right

    def money(self, value: Value, node: Node) -> Value:
        if value.type is Kind.INT and isinstance(node, Literal):
            return yuan(node.value)
        if value.type is not Kind.MONEY:
            raise RuleError(f"expected an amount, this is {named(value.type)}", column=node.column)
        return value

    def fact_of(self, node: Node, around: Around) -> tuple[Binding, Fact] | None:
        if isinstance(node, Name) and around.me is not None and node.name not in around.names:
            fact = around.me.facts.get(node.name)
            return None if fact is None else (around.me, fact)
        if isinstance(node, Field) and node.owner != "param":
            binding = self.owner(node, around)
            fact = binding.facts.get(node.name)
            return None if fact is None else (binding, fact)
        return None

    def schedule(self, node: Call) -> Schedule:
        try:
            return self.book.schedule(self.as_of, self.region)
        except RuleError as error:
            raise RuleError(error.message, column=node.column) from None


class Opened:
    """Guards against a term or group that refers to itself."""

    def __init__(self, compiler: Compiler, name: str, column: int) -> None:
        if name in compiler.open:
            raise RuleError(f"{name} refers to itself", column=column)
        self.open = compiler.open
        self.name = name

    def __enter__(self) -> None:
        self.open.append(self.name)

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        name = self.open.pop()
        if isinstance(error, RuleError) and not error.inside:
            error.inside = name


def significant(region: str) -> str:
    """The digits of a 12-digit code that say something: 371000000000 → 3710.

    >>> significant("371002001000")
    '371002001'
    """
    for digits in (2, 4, 6, 9):
        if not region[digits:].strip("0"):
            return region[:digits]
    return region
