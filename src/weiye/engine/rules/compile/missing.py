"""Which unknown facts stand between a clause and its verdict."""

import itertools
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import polars as pl

from ..facts import Kind
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
)
from ..model import Clause
from .bindings import HOUSEHOLD_KNOWN, Around, Household
from .functions import RETIREMENTS
from .quantifiers import source_of
from .values import any_of

if TYPE_CHECKING:
    from .compiler import Compiler

Need = tuple[str, pl.Expr]


def of_clause(c: "Compiler", clause: Clause) -> dict[str, pl.Expr]:
    """Label → where it is missing; a part that is settled needs nothing more."""
    found: dict[str, pl.Expr] = {}
    if clause.when is not None:
        pairs = list(needs(c, clause.when, c.root))
    else:
        pairs = [pair for part in clause.parts for pair in needs_unless_settled(c, part)]
    for label, mask in pairs:
        found[label] = found[label] | mask if label in found else mask
    return found


def needs(c: "Compiler", node: Node, around: Around) -> Iterable[tuple[str, pl.Expr]]:
    match node:
        case Literal():
            return []
        case Name() | Field():
            return needs_name(c, node, around)
        case Not() | IsNone():
            return needs(c, node.of, around)
        case Logic() if around.inside == "list":
            return needs_each(c, node.parts, around)  # see needs_over: by the item as a whole
        case Logic():
            # A part that is settled needs nothing more.
            return [
                (label, mask & c.truth(part, around).is_null())
                for part in node.parts
                for label, mask in needs(c, part, around)
            ]
        case Compare() | Arithmetic():
            return needs_each(c, (node.left, node.right), around)
        case Within():
            return needs(c, node.left, around)
        case Choice():
            return needs_each(c, (node.condition, node.then, node.otherwise), around)
        case Over():
            return needs_over(c, node, around)
        case Call():
            return needs_call(c, node, around)


def needs_each(c: "Compiler", nodes: Sequence[Node], around: Around) -> list[tuple[str, pl.Expr]]:
    return list(itertools.chain.from_iterable(needs(c, node, around) for node in nodes))


def needs_name(c: "Compiler", node: Name | Field, around: Around) -> list[tuple[str, pl.Expr]]:
    found = c.fact_of(node, around)
    if found is not None:
        binding, fact = found
        owner = node.owner if isinstance(node, Field) else ""
        record = owner and owner not in around.names
        label = f"{owner}.{fact.name}" if record else fact.name
        return [(label, binding.missing(fact))]
    if isinstance(node, Field) and node.owner == "param":
        value = c.parameter(node, around)
        if not value.cases:
            return [(f"param.{node.name}", pl.lit(True))]
        me = around.me
        if me is None:
            return []
        if c.book.parameters[node.name].by_sex:
            return [("sex", me.missing(me.facts["sex"]))]
        if me.unit is not None and all(case.condition is not None for case in value.cases):
            return [(me.unit, me.missing(me.facts[me.unit]))]
        return []
    name = node.name
    if isinstance(node, Name) and (name == "today" or name in around.names):
        return []
    binding_of = around.me if isinstance(node, Name) else c.owner(node, around)
    term = c.book.terms[name]
    with c.opened(name, node.column):
        found_in = list(needs(c, term.when, Around(binding_of, {}, around.inside)))
    if isinstance(node, Field) and node.owner not in around.names:
        return [(f"{node.owner}.{label}", mask) for label, mask in found_in]
    return found_in


def needs_over(c: "Compiler", node: Over, around: Around) -> list[tuple[str, pl.Expr]]:
    source, item = source_of(c, node, around)
    inner = Around(None, {node.variable: item}, source.name)
    parts = (node.body,) if node.condition is None else (node.body, node.condition)
    within = needs_each(c, parts, inner)
    if isinstance(source, Household):
        assert c.root.me is not None
        own = ("household_id", ~pl.col(HOUSEHOLD_KNOWN))
        return [own, *((label, source.anybody(mask)) for label, mask in within)]
    if node.function != "sum":
        unsettled = c.truth(node.body, inner).is_null()
        if node.condition is not None:
            unsettled = unsettled | c.truth(node.condition, inner).is_null()
        within = [(label, mask & unsettled) for label, mask in within]
    outer = needs_name(c, node.source, around)
    prefix = node.source.name
    return [
        *outer,
        *(
            (label if label.startswith("param.") else f"{prefix}.{label}", source.anybody(mask))
            for label, mask in within
        ),
    ]


def needs_call(c: "Compiler", node: Call, around: Around) -> list[tuple[str, pl.Expr]]:
    if node.function == "known":
        return []
    if node.function == "group":
        target = node.arguments[0]
        assert isinstance(target, Literal)
        group = c.book.groups[str(target.value)]
        if not group.in_force(c.as_of):
            return []
        with c.opened(f"group {group.id}", node.column):
            return [
                (label, mask & c.group_clause(group, clause).is_null())
                for clause in group.asked(c.as_of)
                for label, mask in of_clause(c, clause).items()
            ]
    if node.function != "before_retirement" and node.function not in RETIREMENTS:
        return needs_each(c, node.arguments, around)
    # The base age does not matter to a sex that has just one.
    sex = c.of(node.arguments[1], around, Kind.TEXT)
    sure = [sex.says(who) for who, lines in c.schedule(node).items() if len(lines) == 1]
    matters = ~any_of(sure).fill_null(False)
    base = needs(c, node.arguments[2], around)
    return [
        *needs_each(c, node.arguments[:2], around),
        *((label, mask & matters) for label, mask in base),
    ]


def needs_unless_settled(c: "Compiler", clause: Clause) -> list[tuple[str, pl.Expr]]:
    unsettled = c.clause(clause).is_null()
    return [(label, mask & unsettled) for label, mask in of_clause(c, clause).items()]
