"""The whole way from two tables to decided pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from weiye.engine.linkage import blocking, evidence, learning, meeting, rules
from weiye.engine.linkage.kernel import Floats, Hashes, Patterns, Singles, Whole
from weiye.engine.linkage.model import Model, Tables, tables
from weiye.engine.linkage.prepare import NUMBER, Prepared, prepare
from weiye.engine.linkage.schema import DECIDED, LINK, LINKS, RECORDS, REVIEW
from weiye.engine.linkage.text import VALID_ID
from weiye.engine.tables import conform

DIFFERENT = 0.01  # pairs less probable than this are different people to a group


@dataclass(frozen=True)
class Settings:
    """What a caller may choose.

    `threshold`: probability from which a pair is `link`; None = the lowest at which the links are
    expected to be right with `precision`, never below 0.5. `review`: probability from which a pair
    below that is `review`; less is not listed. `block`: largest group of records that share a
    blocking key and are all compared. `threads`: 1 in the web process. `evidence`: False leaves
    the column empty, for measuring.
    """

    threshold: float | None = None
    precision: float = 0.99
    review: float = 0.05
    block: int = 60
    threads: int = 1
    seed: int = 4
    evidence: bool = True

    def __post_init__(self) -> None:
        for name in ("threshold", "precision", "review"):
            value = getattr(self, name)
            if value is not None and not 0.0 < value <= 1.0:
                raise ValueError(f"{name} {value} is no probability above 0")
        if self.block < 2 or self.threads < 1:
            raise ValueError("block is 2 or more, threads 1 or more")


def link(
    left: pl.DataFrame,
    right: pl.DataFrame,
    *,
    settings: Settings | None = None,
    model: Model | None = None,
    decided: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Which rows of `left` are which people of `right` (columns: `RECORDS`; result: `LINKS`).

    A left row has at most one `link`; a right one may have several (a roster that names somebody
    twice). Sorted by left id, then probability, highest first, then right id; ids that are all
    whole numbers as numbers, others as text. The order of the rows given does not matter.
    `model`: weights to use as they are; None = the shipped ones, adapted to these tables as far
    as they hold evidence (records with equal ID numbers). `decided` (columns `DECIDED`): what
    people have decided before; pairs that are not the same never come back, those that are the
    same settle their left row, which does not come back either.
    Raises `TableError` for tables that miss `id`, or with empty or repeated ids.
    """
    chosen = settings or Settings()
    one, other = _records(left, "左表"), _records(right, "右表")
    if one.is_empty() or other.is_empty():
        return pl.DataFrame(schema=LINKS)
    ids = pl.concat([one["id"], other["id"]])
    scored = _scored(prepare(one, other), chosen, model)
    known = _known(decided, one["id"], other["id"], len(one))
    settled = np.zeros(len(ids), np.bool_)
    settled[known.same[0]] = True
    keep = ~settled[scored.left] & ~_among(scored.left, scored.right, known.apart, len(ids))
    scored = scored.only(keep)
    odds = np.exp(np.clip(scored.odds, -60, 60))
    rivals = np.bincount(scored.left, weights=odds, minlength=len(ids))[scored.left]
    # Only one of the candidates can be the person: what speaks for one speaks against the others.
    chance = odds / (1.0 + rivals)
    threshold = chosen.threshold or _threshold(chance, chosen.precision)
    best = np.zeros(len(chance), np.bool_)
    order = np.lexsort((scored.right, -chance, scored.left))
    first = np.ones(len(order), np.bool_)
    first[1:] = scored.left[order][1:] != scored.left[order][:-1]
    best[order[first]] = True
    linked = best & (chance >= threshold) & ~scored.refused
    note = scored.note.copy()
    close = (chance < threshold) & (odds / (1.0 + odds) >= threshold) & (note == 0)
    note[close] = rules.RIVAL
    clash = linked & ~scored.by_number & _shared(scored, linked)
    linked &= ~clash
    note[clash] = rules.SHARED
    return _result(scored, ids, chance, linked, note, chosen, names=pl.concat([one, other])["name"])


def dedupe(
    frame: pl.DataFrame,
    *,
    settings: Settings | None = None,
    model: Model | None = None,
    decided: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Which rows of one table are the same person; as `link`, each pair once, left_id < right_id.

    Linked groups hold together: a link that would put two people with different valid ID numbers
    into one group, or a pair that was found to be different people, becomes `review`; a doubtful
    pair inside a group becomes `link`.
    """
    chosen = settings or Settings()
    one = _records(frame, "表")
    if one.height < 2:
        return pl.DataFrame(schema=LINKS)
    scored = _scored(prepare(one, None), chosen, model)
    known = _known(decided, one["id"], one["id"], 0)
    count = one.height
    keep = ~_among(scored.left, scored.right, known.apart, count)
    keep &= ~_among(scored.left, scored.right, known.same, count)
    scored = scored.only(keep)
    chance = 1.0 / (1.0 + np.exp(-np.clip(scored.odds, -60, 60)))
    threshold = chosen.threshold or _threshold(chance, chosen.precision)
    wanted = (chance >= threshold) & ~scored.refused
    group, kept = _groups(scored, chance, wanted, known, count)
    note = scored.note.copy()
    note[wanted & ~kept] = rules.GROUP
    together = (group[scored.left] == group[scored.right]) & ~kept & (chance >= DIFFERENT)
    through = together & ~scored.refused & ~wanted
    note[through] = rules.THROUGH
    linked = kept | through
    return _result(scored, one["id"], chance, linked, note, chosen, names=one["name"])


def learn(
    left: pl.DataFrame,
    right: pl.DataFrame | None = None,
    *,
    settings: Settings | None = None,
    base: Model | None = None,
) -> Model:
    """Weights from these tables without any truth; where they say little, `base` (shipped)."""
    chosen = settings or Settings()
    one = _records(left, "左表")
    prepared = prepare(one, None if right is None else _records(right, "右表"))
    found = blocking.candidates(prepared, chosen.block, chosen.threads)
    pattern = learning.pattern_of(prepared, found.left, found.right, chosen.threads)
    return learning.learn_model(prepared, found, pattern, base or Model.default(), chosen.seed)


def warm() -> None:
    """Compiles (or loads) the kernels, so that the first request need not wait."""
    two = pl.DataFrame(
        {"id": ["1", "2"], "name": ["甲", "甲"], "birth_date": ["2000-01-01", "2000-01-01"]}
    )
    dedupe(two)
    link(two, two)


class Scored(NamedTuple):
    """Candidate pairs with what is known of each."""

    prepared: Prepared
    table: Tables
    left: Whole
    right: Whole
    pattern: Patterns
    odds: Floats  # ln, of one person
    rivals: Singles  # (n, 2) of what speaks against, the parts that are kin and partners
    by_number: npt.NDArray[np.bool_]  # linked by the rule of the equal ID number
    refused: npt.NDArray[np.bool_]  # by rule never `link`
    note: npt.NDArray[np.int64]  # place in evidence.NOTES

    def only(self, keep: npt.NDArray[np.bool_]) -> Scored:
        return Scored(
            self.prepared, self.table, self.left[keep], self.right[keep], self.pattern[keep],
            self.odds[keep], self.rivals[keep], self.by_number[keep], self.refused[keep],
            self.note[keep],
        )  # fmt: skip


class Known(NamedTuple):
    """Decided pairs as places, (left, right)."""

    same: tuple[Whole, Whole]
    apart: tuple[Whole, Whole]


def _records(frame: pl.DataFrame, what: str) -> pl.DataFrame:
    """Typed, and in an order that does not depend on the order given."""
    typed = conform(frame, RECORDS, what)
    ids = typed["id"]
    if typed.height and ids.str.contains(r"^(0|-?[1-9]\d{0,17})$").all():
        return typed.sort(ids.cast(pl.Int64).alias("id"))
    return typed.sort("id")


def _scored(prepared: Prepared, settings: Settings, model: Model | None) -> Scored:
    found = blocking.candidates(prepared, settings.block, settings.threads)
    pattern = learning.pattern_of(prepared, found.left, found.right, settings.threads)
    used = model or learning.learn_model(prepared, found, pattern, Model.default(), settings.seed)
    table = tables(used, prepared.average)
    ratios = learning.weigh(prepared, found.left, pattern, table)
    prior = learning.fit_prior(prepared, ratios)
    odds = learning.log_odds(ratios, prior)
    ruled = rules.apply(pattern, odds)
    # Whoever shares a number with somebody else is shown, however improbable it is.
    shown = ruled.note == rules.SAME_NUMBER
    ruled.odds[shown] = np.maximum(ruled.odds[shown], np.log(settings.review) + 0.1)
    return Scored(
        prepared, table, found.left, found.right, pattern, ruled.odds,
        learning.rivals(ratios, prior), ruled.by_number, ruled.refused, ruled.note,
    )  # fmt: skip


def _threshold(chance: Floats, precision: float) -> float:
    """The lowest probability at which all pairs from it on are expected right with `precision`."""
    falling = np.sort(chance[chance >= 0.5])[::-1]
    if not len(falling):
        return 0.5
    expected = np.cumsum(falling) / np.arange(1, len(falling) + 1)
    good = np.flatnonzero(expected >= precision)
    # Nothing that sure: only the surest level counts as such.
    return float(falling[good[-1]]) if len(good) else precision


def _known(decided: pl.DataFrame | None, left: pl.Series, right: pl.Series, offset: int) -> Known:
    nothing = (np.zeros(0, np.int32), np.zeros(0, np.int32))
    if decided is None:
        return Known(nothing, nothing)
    typed = conform(decided, DECIDED, "已判定的对")
    place = pl.Series("place", np.arange(len(left)), dtype=pl.Int32)
    other = pl.Series("other", np.arange(len(right)) + offset, dtype=pl.Int32)
    placed = typed.join(
        pl.DataFrame({"left_id": left, "place": place}), on="left_id", maintain_order="left"
    ).join(pl.DataFrame({"right_id": right, "other": other}), on="right_id", maintain_order="left")
    out = []
    for same in (True, False):
        part = placed.filter(pl.col("same") == same)
        a, b = part["place"].to_numpy(), part["other"].to_numpy()
        out.append((np.minimum(a, b), np.maximum(a, b)))
    return Known(*out)


def _among(
    left: Whole, right: Whole, pairs: tuple[Whole, Whole], count: int
) -> npt.NDArray[np.bool_]:
    if not len(pairs[0]):
        return np.zeros(len(left), np.bool_)
    return np.isin(
        left.astype(np.int64) * count + right, pairs[0].astype(np.int64) * count + pairs[1]
    )


def _valid_numbers(prepared: Prepared) -> Hashes:
    records = prepared.records
    valid: Hashes = np.where(
        records.shape[:, 3] == VALID_ID, records.tokens[:, NUMBER], np.uint64(0)
    )
    return valid


def _shared(scored: Scored, linked: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Which pairs have a right person whom linked left rows with different numbers claim."""
    numbers = _valid_numbers(scored.prepared)[scored.left]
    claims = linked & (numbers != 0)
    seen = (
        pl.DataFrame({"right": scored.right[claims], "number": numbers[claims]})
        .group_by("right")
        .agg(pl.col("number").n_unique())
        .filter(pl.col("number") > 1)["right"]
    )
    return np.isin(scored.right, seen.to_numpy())


def _groups(
    scored: Scored, chance: Floats, wanted: npt.NDArray[np.bool_], known: Known, count: int
) -> tuple[Whole, npt.NDArray[np.bool_]]:
    """Each record's group, and which of the wanted pairs hold."""
    apart = chance < DIFFERENT
    left = np.concatenate([known.same[0], scored.left])
    right = np.concatenate([known.same[1], scored.right])
    told = len(known.same[0])
    places = np.flatnonzero(wanted)
    order = np.concatenate(
        [
            np.arange(told),
            told + places[np.lexsort((right[told + places], left[told + places], -chance[places]))],
        ]
    ).astype(np.int64)
    one = np.concatenate([scored.left[apart], known.apart[0]])
    two = np.concatenate([scored.right[apart], known.apart[1]])
    rows, entries = np.concatenate([one, two]), np.concatenate([two, one])
    by = np.argsort(rows, kind="stable")
    start = np.zeros(count + 1, np.int64)
    np.cumsum(np.bincount(rows, minlength=count), out=start[1:])
    parent = np.arange(count, dtype=np.int32)
    kept = np.zeros(len(left), np.uint8)
    meeting.gather(
        left, right, order, _valid_numbers(scored.prepared), start,
        entries[by].astype(np.int32), parent, kept,
    )  # fmt: skip
    return parent, kept[told:] == 1


def _result(
    scored: Scored,
    ids: pl.Series,
    chance: Floats,
    linked: npt.NDArray[np.bool_],
    note: npt.NDArray[np.int64],
    settings: Settings,
    *,
    names: pl.Series,
) -> pl.DataFrame:
    listed = np.flatnonzero(linked | (chance >= settings.review))
    left, right = scored.left[listed], scored.right[listed]
    chance = np.round(chance[listed], 6)
    order = np.lexsort((right, -chance, left))
    listed, left, right, chance = listed[order], left[order], right[order], chance[order]
    pattern = scored.pattern[listed]
    said = pl.Series("evidence", [""], dtype=pl.String).new_from_index(0, len(listed))
    if settings.evidence and len(listed):
        weights = evidence.bits(scored.prepared, left, pattern, scored.rivals[listed], scored.table)
        said = evidence.sentences(
            scored.prepared, names, left, right, pattern, weights, note[listed]
        )
    return pl.DataFrame(
        {
            "left_id": ids.gather(left),
            "right_id": ids.gather(right),
            "probability": chance,
            "decision": np.where(linked[listed], LINK, REVIEW),
            "evidence": said,
        },
        schema=LINKS,
    )
