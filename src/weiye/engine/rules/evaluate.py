"""Rules asked about a frame of facts: one person or ten million, the same code."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

import polars as pl

from .errors import RuleError
from .facts import SUBJECTS, Facts
from .model import Rule
from .prepare import prepare, prepared_frame
from .program import Program, Swept, compiler_of
from .verdicts import Verdicts


def evaluate(rules: Sequence[Rule], facts: pl.DataFrame, *, as_of: date, region: str) -> Verdicts:
    """Ask ``rules`` (all of one subject and one book) about every row of ``facts``.

    ``facts``: as `Facts.check` wants it; rows with the same ``household_id`` are one household,
    which must be there whole. ``region``: 12-digit code of the area whose rules are asked; a
    dated parameter with its own value in a part of that area takes it where the person's
    ``residence_unit`` (the firm's ``unit``) lies there. Rules not in force on ``as_of`` give
    nothing. Raises `FactsError` for ill-typed facts, `RuleError` for a rule that means nothing.
    """
    asked, schema = _asked(rules, as_of)
    schema.check(facts)
    prepared = prepare(facts, schema)
    frame = prepared_frame(facts, prepared)
    if not asked:
        return Verdicts((), {}, None, frame, schema)
    compiler = compiler_of(asked, schema, prepared, as_of=as_of, region=region)
    return Verdicts(
        tuple(asked),
        {rule.id: tuple(rule.asked(as_of)) for rule in asked},
        compiler,
        frame,
        schema,
    )


def sweep(
    rules: Sequence[Rule], blocks: Iterable[pl.DataFrame], *, as_of: date, region: str
) -> Iterator[Swept]:
    """Ask ``rules`` about block after block: verdicts and amounts, no reasons; memory stays flat.

    ``blocks``: frames as `evaluate` wants them (narrow types and Enum texts are the quickest), each
    with its households whole; ids are given back as they are, not checked for doubles. One answer
    per block, in order; the rules are compiled once as long as the blocks' columns stay the same.
    """
    asked, schema = _asked(rules, as_of)
    program: Program | None = None
    for block in blocks:
        if program is None or program.columns != block.schema:
            schema.check(block, ids=False)
            program = Program(asked, schema, block, as_of=as_of, region=region)
        yield program.answers(block)


def _asked(rules: Sequence[Rule], as_of: date) -> tuple[list[Rule], Facts]:
    subjects = {rule.subject for rule in rules}
    if len(subjects) > 1 or len({id(rule.book) for rule in rules}) > 1:
        raise RuleError("the rules asked together must share their subject and their book")
    asked = [rule for rule in rules if rule.in_force(as_of)]
    return asked, SUBJECTS[subjects.pop() if subjects else "person"]
