"""Households: plausible compositions, weighted so that their members fit an age pyramid."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

HEAD, SPOUSE, CHILD, PARENT, GRANDCHILD = range(5)
BANDS = 18
POOL = 6_000

Member = tuple[int, bool, int]
"""Role, female, age."""
Template = list[Member]
Rng = np.random.Generator


@dataclass(frozen=True)
class Pool:
    """Compositions to draw from. Members of composition i are `start[i]:start[i + 1]`."""

    start: Ints
    role: Ints
    female: Bools
    age: Ints
    weight: Floats


@dataclass(frozen=True)
class Members:
    """People drawn household by household, heads first."""

    household: Ints
    role: Ints
    female: Bools
    age: Ints


def make_pool(rng: Rng, pyramid: Sequence[float], male: float, size: float) -> Pool:
    """Compositions with weights that reproduce the pyramid, the sexes and the household size.

    `pyramid` gives the percent of people per five years of age (18 bands, the last open). Weights
    are found by generalised iterative scaling (Darroch & Ratcliff 1972).
    """
    kinds = rng.choice(len(_KINDS), size=POOL, p=[share for share, _ in _KINDS])
    templates = [_KINDS[kind][1](rng) for kind in kinds]
    start = np.cumsum([0, *(len(template) for template in templates)])
    role, female, age = (
        np.array(column) for column in zip(*itertools.chain.from_iterable(templates), strict=True)
    )
    owner = np.repeat(np.arange(POOL), np.diff(start))
    counts = np.zeros((POOL, BANDS + 2))
    np.add.at(counts, (owner, np.minimum(age // 5, BANDS - 1)), 1.0)
    np.add.at(counts, (owner, BANDS + female.astype(np.int64)), 1.0)
    shares = [*(share / 100 for share in pyramid), male, 1 - male]
    target = size * np.array(shares) / np.array([sum(pyramid) / 100] * BANDS + [1, 1])
    most = counts.sum(axis=1).max()
    slack = most - counts.sum(axis=1)
    power = np.zeros(BANDS + 2)
    rest = 0.0
    for _ in range(400):
        logs = counts @ power + slack * rest
        weight = np.exp(logs - logs.max())
        weight /= weight.sum()
        now = weight @ counts
        power += np.log(target / now) / most
        rest += np.log((most - target.sum()) / (weight @ slack)) / most
    return Pool(start, role, female.astype(bool), age, weight)


def draw(rng: Rng, pool: Pool, households: int) -> Members:
    """Draws whole households; stratified, so that few households fit the pyramid nearly as well."""
    places = (np.arange(households) + rng.random(households)) / households
    chosen = np.searchsorted(np.cumsum(pool.weight), places)
    chosen = rng.permutation(np.minimum(chosen, len(pool.weight) - 1))
    sizes = np.diff(pool.start)[chosen]
    household = np.repeat(np.arange(households), sizes)
    offset = np.arange(len(household)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    rows = np.repeat(pool.start[:-1][chosen], sizes) + offset
    return Members(household, pool.role[rows], pool.female[rows], pool.age[rows])


def _couple(rng: Rng, low: int, high: int) -> Template:
    husband = int(rng.integers(low, high + 1))
    wife = max(20, husband - int(rng.integers(-2, 6)))
    headed_by_her = rng.random() < 0.3
    pair = [(husband, False), (wife, True)]
    (first, first_female), (second, second_female) = reversed(pair) if headed_by_her else pair
    return [(HEAD, bool(first_female), first), (SPOUSE, bool(second_female), second)]


def _single(low: int, high: int) -> Callable[[Rng], Template]:
    def make(rng: Rng) -> Template:
        age = int(rng.integers(low, high + 1))
        # Women live longer: more of the old who live alone are women.
        return [(HEAD, bool(rng.random() < (0.45 if age < 60 else 0.65)), age)]

    return make


def _children(rng: Rng, mother: int, count: int, low: int, high: int) -> Template:
    """Children of a mother, born when she was 21–38 and now between the ages given."""
    least, most = max(low, mother - 38), min(high, mother - 21)
    ages = sorted(
        (int(rng.integers(least, max(least, most) + 1)) for _ in range(count)), reverse=True
    )
    return [(CHILD, bool(rng.random() < 0.48), age) for age in ages]


def _mother(family: Template) -> int:
    return min(age for role, _, age in family if role in (HEAD, SPOUSE))


def _family(count: int, low: int, high: int, child: tuple[int, int]) -> Callable[[Rng], Template]:
    def make(rng: Rng) -> Template:
        couple = _couple(rng, low, high)
        return couple + _children(rng, _mother(couple), count, *child)

    return make


def _lone_parent(rng: Rng) -> Template:
    parent = [(HEAD, bool(rng.random() < 0.75), int(rng.integers(26, 52)))]
    return parent + _children(rng, _mother(parent), 1 + int(rng.random() < 0.2), 0, 17)


def _three_generations(rng: Rng) -> Template:
    family = _family(1 + int(rng.random() < 0.4), 29, 50, (0, 20))(rng)
    mother = int(rng.integers(22, 31)) + max(age for role, _, age in family if role != CHILD)
    elders: Template = [(PARENT, True, min(mother, 95))]
    if rng.random() < 0.5:
        elders.append((PARENT, False, min(mother + int(rng.integers(0, 5)), 95)))
    return family + elders


def _with_adult_child(rng: Rng) -> Template:
    couple = _couple(rng, 47, 68) if rng.random() < 0.75 else _single(47, 80)(rng)
    return couple + _children(rng, _mother(couple), 1, 20, 45)


def _grandparents(rng: Rng) -> Template:
    couple = _couple(rng, 52, 72)
    child = int(rng.integers(1, 16))
    return [*couple, (GRANDCHILD, bool(rng.random() < 0.48), child)]


_KINDS: Sequence[tuple[float, Callable[[Rng], Template]]] = (
    (0.09, _single(21, 59)),
    (0.09, _single(60, 94)),
    (0.06, _family(0, 23, 38, (0, 0))),
    (0.13, _family(0, 44, 64, (0, 0))),
    (0.13, _family(0, 62, 92, (0, 0))),
    (0.17, _family(1, 25, 52, (0, 19))),
    (0.09, _family(2, 27, 50, (0, 19))),
    (0.03, _lone_parent),
    (0.09, _three_generations),
    (0.09, _with_adult_child),
    (0.03, _grandparents),
)
