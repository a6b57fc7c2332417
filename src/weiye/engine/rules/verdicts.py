"""The answers to rules, as frames."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from .compile import Compiler
from .facts import Facts, Items, Record
from .model import Clause, Rule
from .prepare import ROW

VERDICTS = pl.Enum(["met", "unmet", "unknown"])


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
        rules = (pl.col(_rule(rule)).alias(rule.id) for rule in self.asked)
        return self._answers.select("id", *rules)

    def met(self) -> pl.DataFrame:
        """``id``, ``rule``, ``since`` of what is met: the shortest answer to a sweep."""
        frame = self._answers.hstack(self._extras)
        found = [
            frame.filter(pl.col(_rule(rule))).select(
                *_keys(number, rule), pl.col(f"since:{rule.id}").alias("since")
            )
            for number, rule in enumerate(self.asked)
        ]
        return _stacked(found, {"id": self._id, "rule": pl.String(), "since": pl.Date()})

    def rules(self, listed: Collection[str] = ("met", "unmet", "unknown")) -> pl.DataFrame:
        """One row per person and rule whose verdict is ``listed``.

        ``id``, ``rule``, ``verdict`` (met, unmet, unknown), ``since`` (date) and ``amount`` (yuan,
        Decimal) where met, ``near_miss`` (the one clause not met, if there is just one) where not
        met, ``reason`` (Chinese) where met or unknown.
        """
        frame = self._answers.hstack(self._extras)
        found = []
        for number, rule in enumerate(self.asked):
            verdict = pl.col(_rule(rule))
            yuan = pl.col(f"amount:{rule.id}").cast(pl.Decimal(18, 2)) / pl.lit(100)
            rows = frame.select(
                *_keys(number, rule),
                _said(verdict).alias("verdict"),
                pl.when(verdict).then(pl.col(f"since:{rule.id}")).alias("since"),
                pl.when(verdict).then(yuan).cast(pl.Decimal(18, 2)).alias("amount"),
                self._near_miss(rule).alias("near_miss"),
                self._reason(rule).alias("reason"),
            )
            found.append(rows.filter(pl.col("verdict").is_in(list(listed))))
        return _stacked(found, _RULES | {"id": self._id})

    def clauses(self) -> pl.DataFrame:
        """One row per person, rule and clause.

        ``id``, ``rule``, ``clause``, ``part_of`` (for one of several of which one must be met: the
        clause it belongs to), ``source``, ``verdict``, ``facts_missing`` (list of names, where
        unknown; ``param.x`` is a figure that the pack has not got).
        """
        found: list[pl.DataFrame] = []
        for rule in self.asked:
            for clause in self._clauses[rule.id]:
                for part in (clause, *clause.parts):
                    whole = None if part is clause else clause
                    column = _column(rule, part, whole)
                    named = None if whole is None else whole.id
                    found.append(
                        self._answers.select(
                            *_keys(len(found), rule),
                            pl.lit(part.id).alias("clause"),
                            pl.lit(named, dtype=pl.String).alias("part_of"),
                            pl.lit(part.source).alias("source"),
                            _said(pl.col(column)).alias("verdict"),
                            self._missing(column).alias("facts_missing"),
                        )
                    )
        return _stacked(found, _CLAUSES | {"id": self._id})

    # How -------------------------------------------------------------------------------------

    @property
    def _id(self) -> pl.DataType:
        return self._prepared.collect_schema()["id"]

    def _select(self, *columns: str | pl.Expr) -> pl.DataFrame:
        """One pass over the prepared facts, with whatever the expressions share."""
        if self._compiler is None:
            return self._prepared.select(ROW, *columns).collect()
        return self._compiler.shared(self._prepared).select(ROW, *columns).collect()

    @cached_property
    def _answers(self) -> pl.DataFrame:
        """Every clause and every rule, in one select."""
        compiler = self._compiler
        columns: list[pl.Expr] = []
        rules: list[pl.Expr] = []
        for rule in self.asked:
            assert compiler is not None
            clauses = self._clauses[rule.id]
            for clause in clauses:
                for part in clause.parts:
                    columns.append(compiler.clause(part).alias(_column(rule, part, clause)))
                columns.append(compiler.clause(clause).alias(_column(rule, clause)))
            verdict = pl.all_horizontal([_column(rule, clause) for clause in clauses])
            rules.append(verdict.alias(_rule(rule)))
        return self._select("id", *columns).with_columns(rules)

    @cached_property
    def _extras(self) -> pl.DataFrame:
        """since and amount (fen) of every rule, met or not."""
        compiler = self._compiler
        columns: list[pl.Expr] = []
        for rule in self.asked:
            assert compiler is not None
            since = pl.lit(None, dtype=pl.Date())
            amount = pl.lit(None, dtype=pl.Int64())
            if rule.since is not None:
                since = compiler.day(rule.since)
            if rule.amount is not None:
                amount = compiler.amount(rule.amount)
            columns += [since.alias(f"since:{rule.id}"), amount.alias(f"amount:{rule.id}")]
        return self._select(*columns).drop(ROW) if columns else pl.DataFrame()

    @cached_property
    def _doubts(self) -> dict[str, dict[str, pl.Series]]:
        """Clause column → missing fact → the rows where it stands in the way.

        Only for the clauses that are unknown for somebody.
        """
        found: dict[str, dict[str, pl.Expr]] = {}
        for rule in self.asked:
            for clause in self._clauses[rule.id]:
                for part in (clause, *clause.parts):
                    column = _column(rule, part, None if part is clause else clause)
                    if self._answers[column].null_count():
                        assert self._compiler is not None
                        found[column] = self._compiler.needs(part)
        masks = [
            mask.alias(f"{column}?{label}")
            for column, needs in found.items()
            for label, mask in needs.items()
        ]
        frame = self._select(*masks)
        return {
            column: {
                label: frame[f"{column}?{label}"] & self._answers[column].is_null()
                for label in sorted(needs, key=self._order)
            }
            for column, needs in found.items()
        }

    def _missing(self, column: str) -> pl.Series:
        return _worded(
            self._doubts.get(column, {}), self._answers.height, list, pl.List(pl.String())
        )

    def _near_miss(self, rule: Rule) -> pl.Expr:
        short = {
            clause.id: ~pl.col(_column(rule, clause)).fill_null(False)
            for clause in self._clauses[rule.id]
        }
        alone = pl.sum_horizontal([mask.cast(pl.UInt32) for mask in short.values()]) == 1
        which = pl.coalesce([pl.when(mask).then(pl.lit(name)) for name, mask in short.items()])
        return pl.when(alone).then(which)

    def _reason(self, rule: Rule) -> pl.Series:
        """Met: the sentences of the clauses. Unknown: what has to be looked up."""
        answers = self._answers
        verdict = answers[_rule(rule)]
        met, unknown = verdict.fill_null(False), verdict.is_null()
        marks = {"met": met, "unknown": unknown}
        for clause in self._clauses[rule.id]:
            for part in clause.parts:
                part_met = answers[_column(rule, part, clause)].fill_null(False)
                marks[f"part {clause.id} {part.id}"] = met & part_met
            for name, mask in self._doubts.get(_column(rule, clause), {}).items():
                key = f"fact {name}"
                here = mask & unknown
                marks[key] = marks[key] | here if key in marks else here

        def words(names: Sequence[str]) -> str | None:
            if "unknown" in names:
                facts = [name.removeprefix("fact ") for name in names if name.startswith("fact ")]
                labels = [self._label(name) for name in sorted(facts, key=self._order)]
                return "待核实：" + "、".join(labels)
            if "met" not in names:
                return None
            said = []
            for clause in self._clauses[rule.id]:
                parts = [p.text for p in clause.parts if f"part {clause.id} {p.id}" in names]
                said.append("、".join(parts) if clause.parts else clause.text)
            return "；".join(said)

        return _worded(marks, answers.height, words, pl.String())

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


def _worded(
    marks: Mapping[str, pl.Series],
    height: int,
    words: Callable[[Sequence[str]], object],
    dtype: pl.DataType,
) -> pl.Series:
    """Per row, ``words`` of the names whose mark is set.

    Few patterns of marks occur however many the rows, so each pattern is put into words once.
    """
    names = list(marks)
    if not names or not height:
        return pl.Series([words([])], dtype=dtype).new_from_index(0, height)
    # The marks of a row as bits of a few numbers.
    codes: dict[str, pl.Series] = {}
    for start in range(0, len(names), 62):
        code = pl.Series([0], dtype=pl.Int64).new_from_index(0, height)
        for place, name in enumerate(names[start : start + 62]):
            code = code + marks[name].cast(pl.Int64) * (1 << place)
        codes[f"{start}"] = code
    frame = pl.DataFrame(codes)
    patterns = frame.unique(maintain_order=True)
    said = [
        words(
            [
                name
                for number, name in enumerate(names)
                if pattern[number // 62] >> (number % 62) & 1
            ]
        )
        for pattern in patterns.iter_rows()
    ]
    patterns = patterns.with_columns(pl.Series("words", said, dtype=dtype))
    return frame.join(patterns, on=list(codes), how="left", maintain_order="left")["words"]


_KEYS: dict[str, pl.DataType] = {"id": pl.String(), "rule": pl.String()}
_RULES = _KEYS | {
    "verdict": VERDICTS,
    "since": pl.Date(),
    "amount": pl.Decimal(18, 2),
    "near_miss": pl.String(),
    "reason": pl.String(),
}
_CLAUSES = _KEYS | {
    "clause": pl.String(),
    "part_of": pl.String(),
    "source": pl.String(),
    "verdict": VERDICTS,
    "facts_missing": pl.List(pl.String()),
}
_NUMBER = "!number"  # of the rule or clause, for the order


def _keys(number: int, rule: Rule) -> list[pl.Expr]:
    return [
        pl.col(ROW),
        pl.lit(number).alias(_NUMBER),
        pl.col("id"),
        pl.lit(rule.id).alias("rule"),
    ]


def _said(verdict: pl.Expr) -> pl.Expr:
    words = pl.when(verdict).then(pl.lit("met")).when(verdict.is_null()).then(pl.lit("unknown"))
    return words.otherwise(pl.lit("unmet")).cast(VERDICTS)


def _stacked(frames: list[pl.DataFrame], schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    if not frames:
        return pl.DataFrame(schema=dict(schema))
    return pl.concat(frames).sort(ROW, _NUMBER).drop(ROW, _NUMBER)


def _rule(rule: Rule) -> str:
    return f"rule:{rule.id}"


def _column(rule: Rule, clause: Clause, part_of: Clause | None = None) -> str:
    return f"clause:{rule.id}:{part_of.id if part_of else ''}:{clause.id}"
