"""any, all, count and sum over a list or a household."""

from typing import TYPE_CHECKING

import polars as pl

from ..errors import RuleError
from ..facts import Items, Kind, Record
from ..language import Field, Name, Node, Over, parts_of
from .bindings import Around, Binding, Household, Listed, Source
from .values import Value

if TYPE_CHECKING:
    from .compiler import Compiler


def over(c: "Compiler", node: Over, around: Around) -> Value:
    if node.variable in c.schema.by_name or node.variable in c.book.terms:
        raise RuleError(f"{node.variable} is the name of a fact or term", column=node.column)
    source, item = source_of(c, node, around)
    if around.inside == "list" or (around.inside and isinstance(source, Household)):
        raise RuleError("any/all/count/sum cannot be nested so", column=node.column)
    inner = Around(None, {node.variable: item}, source.name)
    if not mentions(node, node.variable):
        raise RuleError(f"this does not look at {node.variable}", column=node.column)
    where = None if node.condition is None else c.truth(node.condition, inner)
    if node.function == "sum":
        value = c.value(node.body, inner)
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
        present, doubt = source.each(present), source.each(doubt)
        total = source.aggregate(
            present.sum(), present.is_null().any() if where is None else doubt.any()
        )
        return Value(value.type, total)
    test = c.truth(node.body, inner)
    if node.function == "all":
        test = test if where is None else (~where) | test
        return Value(Kind.BOOL, source.every(test))
    test = test if where is None else where & test
    if node.function == "any":
        return Value(Kind.BOOL, source.some(test))
    test = source.each(test)
    return Value(Kind.INT, source.aggregate(test.sum().cast(pl.Int64), test.is_null().any()))


def source_of(c: "Compiler", node: Over, around: Around) -> "tuple[Source, Binding | Value]":
    if node.source == Name("household", node.source.column):
        if around.me is not c.root.me or c.schema.subject != "person":
            raise RuleError("household: only the person's own", column=node.column)
        assert c.root.me is not None
        return Household(), c.root.me
    if isinstance(node.source, Name):
        if around.me is None:
            raise RuleError("this list is not in reach here", column=node.column)
        binding, name = around.me, node.source.name
    else:
        binding, name = c.owner(node.source, around), node.source.name
    fact = binding.facts.get(name)
    if fact is None or not isinstance(fact.type, Items):
        raise RuleError(f"{name!r} is not a list", column=node.source.column)
    expr = binding.value(fact).expr
    of = fact.type.of
    if isinstance(of, Record):
        return Listed(expr), c.fields(of, pl.element(), fact.name)
    return Listed(expr), Value(of, pl.element())


def mentions(node: Node, variable: str) -> bool:
    match node:
        case Name():
            return node.name == variable
        case Field():
            return node.owner == variable
        case Over():
            parts = (node.body, *((node.condition,) if node.condition else ()))
        case _:
            parts = parts_of(node)
    return any(mentions(part, variable) for part in parts)
