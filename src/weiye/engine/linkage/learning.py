"""Weights and prior from the tables themselves, without any truth.

Expectation–maximisation over everything at once degenerates on blocked pairs (each pair agrees on
something by construction, so the clusters it finds are blocks, not people). Instead:

* `same` is counted on pairs with one valid ID number, whatever else they say (the ID number's own
  on pairs equal in name, date of birth and telephone or home);
* `strangers` on pairs drawn at random, and exactly (from value counts) where levels are rare;
* `kin` and `partners` (members of one household who share the surname, and who do not) on pairs
  sharing a telephone or a home but bearing two different valid ID numbers;
* only the sizes of the four groups are then fitted to the candidates, which cannot degenerate:
  with components held fixed the likelihood has one maximum.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from weiye.engine.linkage import kernel as k
from weiye.engine.linkage import scoring
from weiye.engine.linkage.blocking import Candidates, in_order
from weiye.engine.linkage.kernel import Floats, Patterns, Singles, levels
from weiye.engine.linkage.model import FLOOR, GROUPS, NUMBER_CHANCE, Model, Tables
from weiye.engine.linkage.prepare import Prepared
from weiye.engine.linkage.rules import contradict

RANDOM_PAIRS: Final = 400_000
# How many pairs of one's own outweigh the base model.
SAME_PRIOR, HOUSEHOLD_PRIOR, STRANGER_PRIOR = 200.0, 400.0, 5_000.0
SAMPLE: Final = 2_000_000
ROUNDS: Final = 60


class Prior(NamedTuple):
    """Expected pairs of each group (one person, kin, partners) per pair that is possible at all."""

    shares: tuple[float, float, float]
    possible: float


def pattern_of(prepared: Prepared, left: k.Whole, right: k.Whole, threads: int = 1) -> Patterns:
    """How every pair of places agrees; threads work on parts of the pairs."""
    records, known = prepared.records, prepared.characters
    out = np.empty(len(left), np.uint32)
    parts = np.linspace(0, len(left), 4 * threads + 1 if threads > 1 else 2).astype(np.int64)

    def one(part: int) -> None:
        cut = slice(parts[part], parts[part + 1])
        k.patterns(
            left[cut], right[cut], records.tokens, records.name, records.shape, records.number,
            records.birth, records.phone, known.sound, known.toned, known.alike, out[cut],
        )  # fmt: skip

    in_order(one, range(len(parts) - 1), threads)
    return out


def learn_model(
    prepared: Prepared, found: Candidates, pattern: Patterns, base: Model, seed: int
) -> Model:
    """The base, moved by what these tables hold evidence of."""
    by = [levels(pattern, field) for field in range(len(k.FIELDS))]
    name, number, birth, sex, phone, place = by
    same = (number == k.ID_EQUAL) & ~contradict(pattern)
    sure = (name == k.EQUAL) & (birth == k.B_EQUAL) & (sex != k.SEX_OTHER)
    sure &= (phone == k.P_EQUAL) | (place == k.HOME)
    apart = (number == k.ID_OTHER) | (number == k.ID_BORN)
    apart &= ~((name == k.EQUAL) & (birth == k.B_EQUAL))
    kin = (name > 0) & (name != k.GIVEN) & (name != k.OTHER)
    # Families lend each other's numbers: what counts a field must be the same person by the others.
    alike = (name > 0) & ((name <= k.LACKING) | (name == k.MASKED))
    chosen_same = {
        k.NAME: same & (birth == k.B_EQUAL) & (sex != k.SEX_OTHER),
        k.BIRTH: same & alike & (sex != k.SEX_OTHER),
        k.SEX: same & alike & (birth == k.B_EQUAL),
        k.PHONE: same & alike,
        k.PLACE: same & alike,
        k.NUMBER: sure,
    }
    # Households show in two ways, and what shows one must not be counted on the pairs it chose.
    by_home, by_phone = apart & (place == k.HOME), apart & (phone == k.P_EQUAL)
    either = by_home | by_phone
    showing = {k.PHONE: by_home, k.PLACE: by_phone}
    strangers = _random_patterns(prepared, seed)
    out: dict[str, dict[str, tuple[float, ...]]] = {group: {} for group in GROUPS}
    for field, title in enumerate(k.FIELDS):
        size, own = k.COUNT[field], {group: base.levels[group][title] for group in GROUPS}
        out["same"][title] = _mixed(by[field][chosen_same[field]], size, own["same"], SAME_PRIOR)
        for group, chosen in (("kin", kin), ("partners", ~kin)):
            # The ID number chose these pairs: of it the base alone can tell.
            counted = showing.get(field, either) & chosen & (field != k.NUMBER)
            out[group][title] = _mixed(by[field][counted], size, own[group], HOUSEHOLD_PRIOR)
        out["strangers"][title] = _mixed(
            levels(strangers, field), size, own["strangers"], STRANGER_PRIOR
        )
    out["strangers"] = _with_rare(out["strangers"], prepared.average)
    about = {
        "pairs with one ID number": int(same.sum()),
        "sure pairs without looking at the number": int(sure.sum()),
        "pairs of kin, of partners": [int((either & kin).sum()), int((either & ~kin).sum())],
        "random pairs": len(strangers),
    }
    return Model(out, about)


def _mixed(
    found: npt.NDArray[np.int64], size: int, base: tuple[float, ...], prior: float
) -> tuple[float, ...]:
    """Shares of the levels among the filled pairs, the base counting as `prior` pairs."""
    counts = np.bincount(found, minlength=size + 1)[1 : size + 1] + prior * np.array(base)
    shares = np.maximum(counts / counts.sum(), FLOOR)
    return tuple(float(v) for v in np.round(shares / shares.sum(), 9))


def _with_rare(
    strangers: Mapping[str, tuple[float, ...]], average: Mapping[str, float]
) -> dict[str, tuple[float, ...]]:
    """What is too rare for a sample: agreement by chance follows from the counts of values."""
    out = {title: list(values) for title, values in strangers.items()}
    for title, share in (("name", "name"), ("birth_date", "birth"), ("phone", "phone"),
                         ("place", "home")):  # fmt: skip
        out[title][0] = max(average[share], 1e-9)
    out["id_number"][0] = NUMBER_CHANCE
    return {title: tuple(v / sum(values) for v in values) for title, values in out.items()}


def _random_patterns(prepared: Prepared, seed: int) -> Patterns:
    n = len(prepared.records.phone)
    rng = np.random.default_rng(seed)
    if prepared.linked:
        count = min(RANDOM_PAIRS, 8 * n, prepared.left * (n - prepared.left) * 2)
        left = rng.integers(0, max(prepared.left, 1), count).astype(np.int32)
        right = rng.integers(min(prepared.left, n - 1), n, count).astype(np.int32)
        return pattern_of(prepared, left, right)
    left = rng.integers(0, n, min(RANDOM_PAIRS, 8 * n, n * n)).astype(np.int32)
    right = rng.integers(0, n, len(left)).astype(np.int32)
    keep = left != right
    return pattern_of(prepared, left[keep], right[keep])


def weigh(prepared: Prepared, left: k.Whole, pattern: Patterns, table: Tables) -> Singles:
    """(n, 3) ln likelihood ratios of each pair against strangers: one person, kin, partners."""
    out = np.empty((len(pattern), 3), np.float32)
    scoring.score(
        left, pattern, prepared.records.share, table.logs, table.share_of, table.log_average,
        table.exact, out,
    )  # fmt: skip
    return out


def fit_prior(prepared: Prepared, ratios: Singles) -> Prior:
    """How many pairs there are of each group, from the candidates."""
    n, left = len(prepared.records.phone), prepared.left
    right = n - left if prepared.linked else n
    possible = max(float(left) * right if prepared.linked else n * (n - 1) / 2.0, 1.0)
    step = max(1, -(-len(ratios) // SAMPLE))
    # Capped: e^60 is sure enough, and sums stay finite.
    likely = np.exp(np.minimum(ratios[::step].astype(np.float64), 60.0))
    shares = np.full(3, 0.3 * min(left, right) / possible)
    for _ in range(ROUNDS):
        parts = likely * shares
        parts /= (parts.sum(axis=1) + 1.0)[:, None]
        # Half a pair is assumed beside what is found: tiny tables say little.
        new = np.minimum((parts.sum(axis=0) * step + 0.5) / (possible + 1.0), 0.3)
        settled = bool((np.abs(new - shares) < 1e-4 * shares).all())
        shares = new
        if settled:
            break
    return Prior((float(shares[0]), float(shares[1]), float(shares[2])), possible)


def log_odds(ratios: Singles, prior: Prior) -> Floats:
    """ln odds that each pair is one person, against kin, partners and strangers together."""
    logs = np.log(prior.shares)
    against = np.logaddexp(ratios[:, 1] + logs[1], ratios[:, 2] + logs[2])
    odds: Floats = ratios[:, 0] + logs[0] - np.logaddexp(against, 0.0)
    return odds


def rivals(ratios: Singles, prior: Prior) -> Singles:
    """(n, 2): of what speaks against each pair, the part that is kin and the part partners."""
    logs = np.log(prior.shares)[1:]
    against = np.exp(np.clip(ratios[:, 1:] + logs, -60.0, 60.0))
    out: Singles = (against / (1.0 + against.sum(axis=1))[:, None]).astype(np.float32)
    return out
