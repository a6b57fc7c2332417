"""Rules compiled once for frames of one kind, and their answers about block after block."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from .compile import Compiler
from .facts import Facts
from .model import Rule
from .prepare import Prepared, prepare, prepared_frame

if TYPE_CHECKING:
    from .machine import Machine

MET, UNMET, UNKNOWN = 1, 0, -1
LARGE = 10_000  # rows of a block from which on the machine is worth its loading


@dataclass(frozen=True, slots=True)
class Swept:
    """A block's answers, row for row as the block's.

    ``verdicts``: a Boolean column per rule (null: unknown). ``amounts``: whole fen (Int64) per rule
    that has an amount, null where the rule is not met or the amount unknown.
    """

    ids: pl.Series
    verdicts: pl.DataFrame
    amounts: pl.DataFrame

    def codes(self) -> pl.DataFrame:
        """The verdicts as Int8: 1 met, 0 unmet, -1 unknown."""
        return self.verdicts.select(pl.all().cast(pl.Int8).fill_null(UNKNOWN))


class Program:
    """``rules`` (in force on ``as_of``, of one book) for frames with the columns of ``like``.

    Large blocks are asked by the machine, as far as it knows what the rules say, the rest by
    Polars; the answers are the same. Raises `RuleError` for a rule that means nothing.
    """

    def __init__(
        self, rules: Sequence[Rule], schema: Facts, like: pl.DataFrame, *, as_of: date, region: str
    ) -> None:
        self.columns = like.schema
        self._order = [rule.id for rule in rules]
        self._paying = [rule.id for rule in rules if rule.amount is not None]
        self._polars = partial(
            _InPolars, schema=schema, like=like.clear(), as_of=as_of, region=region
        )
        self._all = self._polars(rules)
        self._rules, self._schema = rules, schema
        self._as_of, self._region = as_of, region
        self._machine: Machine | None = None
        self._rest: _InPolars | None = None

    def answers(self, block: pl.DataFrame) -> Swept:
        if not self._rules or block.height < LARGE:
            return self._all.answers(block)
        if self._machine is None:
            # Loaded late: whoever asks about a few needs no compiled loops.
            from .machine import Machine

            self._machine = Machine(
                self._rules,
                self._schema,
                self.columns,
                as_of=self._as_of,
                region=self._region,
            )
            known = set(self._machine.names)
            self._rest = self._polars([rule for rule in self._rules if rule.id not in known])
        assert self._rest is not None
        made = self._machine.answers(block) if self._machine.names else None
        if made is None:
            return self._all.answers(block)
        rest = self._rest.answers(block)
        verdicts, amounts = (
            {one.name: one for one in (*mine, *others)}
            for mine, others in zip(made, (rest.verdicts, rest.amounts), strict=True)
        )
        return Swept(
            block["id"],
            pl.DataFrame([verdicts[name] for name in self._order]),
            pl.DataFrame([amounts[name] for name in self._paying]),
        )


class _InPolars:
    """The rules as Polars expressions."""

    def __init__(
        self, rules: Sequence[Rule], *, schema: Facts, like: pl.DataFrame, as_of: date, region: str
    ) -> None:
        self.schema = schema
        self.compiler: Compiler | None = None
        self.verdicts: list[pl.Expr] = []
        self.amounts: list[pl.Expr] = []
        self.names: list[str] = []
        self.paying: list[str] = []
        if not rules:
            return
        prepared = prepare(like, schema)
        compiler = compiler_of(rules, schema, prepared, as_of=as_of, region=region)
        for rule in rules:
            self.names.append(rule.id)
            self.verdicts.append(compiler.rule(rule).alias(f"rule:{rule.id}"))
            if rule.amount is not None:
                amount = compiler.amount(rule.amount)
                self.paying.append(rule.id)
                self.amounts.append(
                    pl.when(pl.col(f"rule:{rule.id}")).then(amount).alias(f"amount:{rule.id}")
                )
        self.compiler = compiler
        made = [*self.verdicts, *self.amounts, *compiler.columns.values()]
        self.used = {name for expr in made for name in expr.meta.root_names()}

    def answers(self, block: pl.DataFrame) -> Swept:
        if self.compiler is None:
            return Swept(block["id"], pl.DataFrame(), pl.DataFrame())
        frame = prepared_frame(block, prepare(block, self.schema, only=self.used))
        shared = self.compiler.shared(frame).with_columns(self.verdicts)
        done = shared.select(
            *(pl.col(f"rule:{name}") for name in self.names), *self.amounts
        ).collect()
        verdicts, amounts = done[:, : len(self.names)], done[:, len(self.names) :]
        verdicts.columns = self.names
        amounts.columns = self.paying
        return Swept(block["id"], verdicts, amounts)


def compiler_of(
    rules: Sequence[Rule], schema: Facts, prepared: Prepared, *, as_of: date, region: str
) -> Compiler:
    compiler = Compiler(
        rules[0].book,
        schema,
        as_of=as_of,
        region=region,
        columns=prepared.columns,
        parts=prepared.parts,
        words=prepared.words,
    )
    compiler.expect(rules)
    return compiler
