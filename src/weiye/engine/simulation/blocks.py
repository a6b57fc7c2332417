"""A society in blocks, so that ten million people need no more memory than fifty thousand."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

import numpy as np

from .identifiers import Serials
from .identities import Numbering
from .places import Place
from .society import Society, make_pools, simulate

BLOCK: Final = 20_000
"""Households of one block, about."""

MOST_HOUSEHOLDS: Final = 2 * BLOCK
"""Of one place, which is never divided."""


def stream(
    places: Sequence[Place],
    *,
    society: Mapping[str, Any],
    work: Mapping[str, Any],
    as_of: date,
    seed: int,
    employers: int,
    vacancies: int,
    programmes: int,
    county: str,
    first_area: int = 1,
    block: int = BLOCK,
) -> Iterator[Society]:
    """Societies of neighbouring places one after the other; see `simulate` for the arguments.

    Numbers run on from block to block, nobody's is given twice. The same arguments give the same
    blocks. Classes are in the first block alone. Raises ValueError, before anything is made, for
    more households than a place can hold, and for more people than the area codes can number.
    """
    full = max((place.households for place in places), default=0)
    if full > MOST_HOUSEHOLDS:
        raise ValueError(
            f"{full} households are more than one community can hold ({MOST_HOUSEHOLDS}): "
            "take fewer people or a larger unit"
        )
    pools = make_pools(np.random.default_rng([seed, 0]), society["assumed"], society["census"])
    numbering = Numbering(Serials(first_area))
    total = sum(place.households for place in places)
    done = 0
    for number, part in enumerate(_blocks(places, block)):
        before, done = done, done + sum(place.households for place in part)
        yield simulate(
            part,
            society=society,
            work=work,
            as_of=as_of,
            rng=np.random.default_rng([seed, number + 1]),
            employers=_share(employers, before, done, total),
            vacancies=_share(vacancies, before, done, total),
            programmes=programmes if number == 0 else 0,
            county=county,
            numbering=numbering,
            pools=pools,
        )


def _blocks(places: Sequence[Place], block: int) -> Iterator[list[Place]]:
    part: list[Place] = []
    size = 0
    for place in sorted(places, key=lambda place: place.path):
        if not place.households:
            continue
        if part and size + place.households > block:
            yield part
            part, size = [], 0
        part.append(place)
        size += place.households
    if part:
        yield part


def _share(whole: int, before: int, done: int, total: int) -> int:
    """What falls to a block, so that all blocks together have the whole."""
    return whole * done // total - whole * before // total
