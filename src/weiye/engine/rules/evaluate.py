"""Rules asked about a frame of facts: one person or ten million, the same code."""

from collections.abc import Sequence
from datetime import date

import polars as pl

from .compile import Compiler
from .errors import RuleError
from .facts import SUBJECTS
from .model import Rule
from .prepare import prepare
from .verdicts import Verdicts


def evaluate(rules: Sequence[Rule], facts: pl.DataFrame, *, as_of: date, region: str) -> Verdicts:
    """Ask ``rules`` (all of one subject and one book) about every row of ``facts``.

    ``facts``: as `Facts.check` wants it; rows with the same ``household_id`` are one household,
    which must be there whole. ``region``: 12-digit code of the area whose rules are asked; a
    dated parameter with its own value in a part of that area takes it where the person's
    ``residence_unit`` (the firm's ``unit``) lies there. Rules not in force on ``as_of`` give
    nothing. Raises `FactsError` for ill-typed facts, `RuleError` for a rule that means nothing.
    """
    asked = [rule for rule in rules if rule.in_force(as_of)]
    subjects = {rule.subject for rule in rules}
    if len(subjects) > 1 or len({id(rule.book) for rule in rules}) > 1:
        raise RuleError("the rules asked together must share their subject and their book")
    schema = SUBJECTS[subjects.pop() if subjects else "person"]
    schema.check(facts)
    prepared, parts = prepare(facts, schema)
    if not asked:
        return Verdicts((), {}, None, prepared, schema)
    compiler = Compiler(
        asked[0].book,
        schema,
        as_of=as_of,
        region=region,
        columns=prepared.collect_schema().names(),
        parts=parts,
    )
    return Verdicts(
        tuple(asked),
        {rule.id: tuple(rule.asked(as_of)) for rule in asked},
        compiler,
        prepared,
        schema,
    )
