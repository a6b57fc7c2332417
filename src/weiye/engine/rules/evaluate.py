"""Rules asked about a frame of facts: one person or ten million, the same code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import polars as pl

from .compile import HOUSEHOLD, HOUSEHOLD_KNOWN, NONE, Compiler, fen
from .errors import RuleError
from .facts import SUBJECTS, Facts, Items, Kind, Record, _dtype
from .model import Clause, Rule

VERDICTS = pl.Enum(["met", "unmet", "unknown"])
_ROW = "!row"


def evaluate(rules: Sequence[Rule], facts: pl.DataFrame, *, as_of: date, region: str) -> "Verdicts":
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
    prepared, parts = _prepare(facts, schema)
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


def _prepare(facts: pl.DataFrame, schema: Facts) -> tuple[pl.LazyFrame, dict[str, frozenset[str]]]:
    """The frame with every fact in its inner form: money in fen, "none" resolved or masked."""
    columns: list[pl.Expr] = [pl.col("id")]
    parts: dict[str, frozenset[str]] = {}
    for fact in schema.facts:
        if fact.name not in facts.columns:
            continue
        kind, dtype = fact.type, facts.schema[fact.name]
        value = pl.col(fact.name)
        if dtype == pl.Null:
            value = value.cast(_dtype(kind))
        elif kind is Kind.TEXT and dtype != pl.String:
            value = value.cast(pl.String)
        elif kind is Kind.INT and dtype != pl.Int64:
            value = value.cast(pl.Int64)
        if kind is Kind.MONEY:
            value = fen(value)
        known = f"{fact.name}_known"
        if known in facts.columns:
            here = pl.col(known).cast(pl.Boolean).fill_null(False)
            # A value without its flag is taken away: what is not known is not used.
            value = pl.when(here).then(value)
            if fact.may_be_none:
                columns.append((here & pl.col(fact.name).is_null()).alias(fact.name + NONE))
            elif isinstance(fact.none, bool | int | str | tuple) or kind is Kind.MONEY:
                stands = _stands_for(fact.none, kind)
                if stands is not None:
                    value = (
                        pl.when(here & pl.col(fact.name).is_null()).then(stands).otherwise(value)
                    )
        columns.append(value.alias(fact.name))
        inner = dtype.inner if isinstance(dtype, pl.List) else dtype
        record = kind.of if isinstance(kind, Items) else kind
        if isinstance(record, Record):
            fields = inner.fields if isinstance(inner, pl.Struct) else []
            parts[fact.name] = frozenset(field.name for field in fields)
    frame = facts.lazy().with_row_index(_ROW).select(pl.col(_ROW), *columns)
    if "household_id" in facts.columns:
        text = pl.col("household_id")
        alone = pl.concat_str(pl.lit("\0"), pl.col(_ROW).cast(pl.String))
        mask = "household_id" + NONE
        none = pl.col(mask) if "household_id_known" in facts.columns else pl.lit(False)
        frame = frame.with_columns(
            text.fill_null(alone).alias(HOUSEHOLD),
            (text.is_not_null() | none).alias(HOUSEHOLD_KNOWN),
        )
    else:
        frame = frame.with_columns(
            pl.col(_ROW).cast(pl.String).alias(HOUSEHOLD), pl.lit(False).alias(HOUSEHOLD_KNOWN)
        )
    return frame, parts


def _stands_for(none: object, kind: object) -> pl.Expr | None:
    if isinstance(none, tuple):
        assert isinstance(kind, Items)
        return pl.lit([], dtype=_dtype(kind))
    if kind is Kind.MONEY:
        return pl.lit(0, dtype=pl.Int64)
    return pl.lit(none)


@dataclass(frozen=True)
class Verdicts:
    """The answers. Every frame is in the order of the facts' rows, then of the rules."""

    asked: tuple[Rule, ...]
    _clauses: Mapping[str, tuple[Clause, ...]]
    _compiler: Compiler | None
    _prepared: pl.LazyFrame
    _schema: Facts

    def wide(self) -> pl.DataFrame:
        """``id`` and one Boolean column per rule, named after it; null is unknown."""
        return self._answers.select(
            "id", *(pl.col(_rule(rule)).alias(rule.id) for rule in self.asked)
        )

    def rules(self) -> pl.DataFrame:
        """One row per person and rule.

        ``id``, ``rule``, ``verdict`` (met, unmet, unknown), ``since`` (date) and ``amount`` (yuan,
        Decimal) where met, ``near_miss`` (the one clause not met, if there is just one) where not
        met, ``reason`` (Chinese) where met or unknown.
        """
        frame = self._details
        found = [
            frame.select(
                pl.col(_ROW),
                pl.lit(number).alias("!rule"),
                "id",
                pl.lit(rule.id).alias("rule"),
                _said(pl.col(_rule(rule))).alias("verdict"),
                *(pl.col(f"{name}:{rule.id}").alias(name) for name in _DETAILS),
            )
            for number, rule in enumerate(self.asked)
        ]
        return _stacked(found, _RULES | {"id": self._id})

    def clauses(self) -> pl.DataFrame:
        """One row per person, rule and clause.

        ``id``, ``rule``, ``clause``, ``part_of`` (for one of several of which one must be met: the
        clause it belongs to), ``source``, ``verdict``, ``facts_missing`` (list of names, where
        unknown; ``param.x`` is a figure that the pack has not got).
        """
        frame = self._answers
        missing = self._missing
        found: list[pl.DataFrame] = []
        number = 0
        for rule in self.asked:
            for clause in self._clauses[rule.id]:
                for part in (clause, *clause.parts):
                    column = _clause(rule, part, None if part is clause else clause)
                    found.append(
                        frame.select(
                            pl.col(_ROW),
                            pl.lit(number).alias("!rule"),
                            "id",
                            pl.lit(rule.id).alias("rule"),
                            pl.lit(part.id).alias("clause"),
                            pl.lit(None if part is clause else clause.id, dtype=pl.String).alias(
                                "part_of"
                            ),
                            pl.lit(part.source).alias("source"),
                            _said(pl.col(column)).alias("verdict"),
                            missing[column].alias("facts_missing"),
                        )
                    )
                    number += 1
        return _stacked(found, _CLAUSES | {"id": self._id})

    def met(self) -> pl.DataFrame:
        """``id``, ``rule``, ``since`` of what is met: the shortest answer to a sweep."""
        frame = self._answers.hstack(self._sums)
        found = [
            frame.filter(pl.col(_rule(rule))).select(
                pl.col(_ROW),
                pl.lit(number).alias("!rule"),
                "id",
                pl.lit(rule.id).alias("rule"),
                pl.col(f"since:{rule.id}").alias("since"),
            )
            for number, rule in enumerate(self.asked)
        ]
        return _stacked(found, {"id": self._id, "rule": pl.String(), "since": pl.Date()})

    # How -------------------------------------------------------------------------------------

    @property
    def _id(self) -> pl.DataType:
        return self._prepared.collect_schema()["id"]

    @cached_property
    def _answers(self) -> pl.DataFrame:
        """One select: every clause and every rule, shared parts once."""
        compiler = self._compiler
        if compiler is None:
            return self._prepared.select(_ROW, "id").collect()
        columns: list[pl.Expr] = []
        rules: list[pl.Expr] = []
        for rule in self.asked:
            clauses = self._clauses[rule.id]
            for clause in clauses:
                for part in clause.parts:
                    columns.append(compiler.clause(part).alias(_clause(rule, part, clause)))
                columns.append(compiler.clause(clause).alias(_clause(rule, clause, None)))
            verdict = pl.all_horizontal([_clause(rule, clause, None) for clause in clauses])
            rules.append(verdict.alias(_rule(rule)))
        return self._select("id", *columns).with_columns(rules)

    def _select(self, *columns: str | pl.Expr) -> pl.DataFrame:
        """One pass over the prepared facts, with whatever the expressions share."""
        assert self._compiler is not None
        return self._compiler.shared(self._prepared).select(_ROW, *columns).collect()

    @cached_property
    def _missing(self) -> pl.DataFrame:
        """Per clause column: the names of the facts missing where it is unknown."""
        compiler = self._compiler
        answers = self._answers
        wanted: dict[str, pl.Expr] = {}
        nothing: list[str] = []
        for rule in self.asked:
            for clause in self._clauses[rule.id]:
                for part in (*clause.parts, clause):
                    column = _clause(rule, part, None if part is clause else clause)
                    if not answers[column].null_count():
                        nothing.append(column)
                        continue
                    assert compiler is not None
                    wanted[column] = _names(compiler.needs(part), self._order)
        empty = pl.lit([], dtype=pl.List(pl.String))
        if not wanted:
            return answers.select(_ROW, *(empty.alias(name) for name in nothing)).drop(_ROW)
        lists = self._select(*(names.alias(f"?{name}") for name, names in wanted.items()))
        return answers.hstack(lists.drop(_ROW)).select(
            *(
                pl.when(pl.col(name).is_null())
                .then(pl.col(f"?{name}"))
                .otherwise(empty)
                .alias(name)
                for name in wanted
            ),
            *(empty.alias(name) for name in nothing),
        )

    @cached_property
    def _sums(self) -> pl.DataFrame:
        """since and amount (fen) of every rule, met or not."""
        compiler = self._compiler
        extra: list[pl.Expr] = []
        for rule in self.asked:
            assert compiler is not None
            since = pl.lit(None, dtype=pl.Date())
            amount = pl.lit(None, dtype=pl.Int64())
            if rule.since is not None:
                since = compiler.day(rule.since)
            if rule.amount is not None:
                amount = compiler.amount(rule.amount)
            extra += [since.alias(f"since:{rule.id}"), amount.alias(f"amount:{rule.id}")]
        return self._select(*extra).drop(_ROW) if extra else pl.DataFrame()

    @cached_property
    def _details(self) -> pl.DataFrame:
        """The answers with since, amount, near miss and reason of every rule."""
        frame = self._answers.hstack(self._sums)
        columns: list[pl.Expr] = []
        for rule in self.asked:
            verdict = pl.col(_rule(rule))
            for name in ("since", "amount"):
                value: pl.Expr = pl.when(verdict).then(pl.col(f"{name}:{rule.id}"))
                if name == "amount":
                    value = value.cast(pl.Decimal(18, 2)) / pl.lit(100)
                columns.append(value.alias(f"{name}:{rule.id}"))
            columns.append(self._near_miss(rule).alias(f"near_miss:{rule.id}"))
            columns.append(self._reason(rule).alias(f"reason:{rule.id}"))
        return frame.with_columns(columns)

    def _near_miss(self, rule: Rule) -> pl.Expr:
        short = {
            clause.id: ~pl.col(_clause(rule, clause, None)).fill_null(False)
            for clause in self._clauses[rule.id]
        }
        alone = pl.sum_horizontal([mask.cast(pl.UInt32) for mask in short.values()]) == 1
        which = pl.coalesce([pl.when(mask).then(pl.lit(name)) for name, mask in short.items()])
        return pl.when(alone).then(which)

    def _reason(self, rule: Rule) -> pl.Expr:
        """Met: the sentences of the clauses. Unknown: what has to be looked up."""
        said: list[pl.Expr] = []
        doubts: dict[str, pl.Expr] = {}
        for clause in self._clauses[rule.id]:
            if clause.parts:
                met = [
                    pl.when(pl.col(_clause(rule, part, clause))).then(pl.lit(part.text))
                    for part in clause.parts
                ]
                said.append(pl.concat_str(met, separator="、", ignore_nulls=True))
            else:
                said.append(pl.lit(clause.text))
            column = _clause(rule, clause, None)
            missing = self._missing.get_column(column)
            for name in missing.explode().drop_nulls().unique().to_list():
                mask = pl.lit(missing.list.contains(name))
                doubts[name] = doubts[name] | mask if name in doubts else mask
        looked_up = [
            pl.when(doubts[name]).then(pl.lit(self._label(name)))
            for name in sorted(doubts, key=self._order)
        ]
        unknown = pl.concat_str(
            [pl.lit("待核实："), pl.concat_str(looked_up, separator="、", ignore_nulls=True)]
            if looked_up
            else [pl.lit("待核实")]
        )
        verdict = pl.col(_rule(rule))
        return (
            pl.when(verdict)
            .then(pl.concat_str(said, separator="；"))
            .when(verdict.is_null())
            .then(unknown)
        )

    def _order(self, name: str) -> tuple[int, str]:
        facts = list(self._schema.by_name)
        head = name.partition(".")[0]
        return (facts.index(head) if head in facts else len(facts), name)

    def _label(self, name: str) -> str:
        head, _, rest = name.partition(".")
        assert self._compiler is not None
        if head == "param":
            return self._compiler.book.parameters[rest].text
        fact = self._schema.by_name[head]
        if not rest:
            return fact.label
        record = fact.type.of if isinstance(fact.type, Items) else fact.type
        part = record.get(rest) if isinstance(record, Record) else None
        return f"{fact.label}的{part.label}" if part else fact.label


_DETAILS = ("since", "amount", "near_miss", "reason")
_RULES: dict[str, pl.DataType] = {
    "id": pl.String(),
    "rule": pl.String(),
    "verdict": VERDICTS,
    "since": pl.Date(),
    "amount": pl.Decimal(18, 2),
    "near_miss": pl.String(),
    "reason": pl.String(),
}
_CLAUSES: dict[str, pl.DataType] = {
    "id": pl.String(),
    "rule": pl.String(),
    "clause": pl.String(),
    "part_of": pl.String(),
    "source": pl.String(),
    "verdict": VERDICTS,
    "facts_missing": pl.List(pl.String()),
}


def _said(verdict: pl.Expr) -> pl.Expr:
    words = pl.when(verdict).then(pl.lit("met")).when(verdict.is_null()).then(pl.lit("unknown"))
    return words.otherwise(pl.lit("unmet")).cast(VERDICTS)


def _names(needs: dict[str, pl.Expr], order: object) -> pl.Expr:
    assert callable(order)
    if not needs:
        return pl.lit([], dtype=pl.List(pl.String))
    found = [pl.when(needs[name]).then(pl.lit(name)) for name in sorted(needs, key=order)]
    return pl.concat_list(found).list.drop_nulls()


def _stacked(frames: list[pl.DataFrame], schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    if not frames:
        return pl.DataFrame(schema=dict(schema))
    return pl.concat(frames).sort(_ROW, "!rule").drop(_ROW, "!rule")


def _rule(rule: Rule) -> str:
    return f"rule:{rule.id}"


def _clause(rule: Rule, clause: Clause, part_of: Clause | None) -> str:
    return f"clause:{rule.id}:{part_of.id if part_of else ''}:{clause.id}"
