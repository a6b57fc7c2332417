"""Identifiers with a right check digit that nobody can have; see the package for why."""

from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

Ints = npt.NDArray[np.int64]

ID_PREFIX: Final = "3799"
PHONE_PREFIX: Final = "2000"
REGISTRAR: Final = "379900"

# GB 11643-1999, 4.2.5
_ID_WEIGHTS: Final = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
_ID_CHECK: Final = np.array(list("10X98765432"))
# GB 32100-2015, 5: 31 characters without I, O, S, V, Z
_CREDIT: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_WEIGHTS: Final = [pow(3, i, 31) for i in range(17)]
# GB 11714: organisation codes use 0–9 and A–Z
_ORG: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ORG_WEIGHTS: Final = [3, 7, 9, 10, 5, 8, 4, 2]

PER_DAY: Final = 500
"""Serial numbers of one sex on one day in one area code."""


class Serials:
    """How many ID numbers each day and sex has had, so that blocks of people share none.

    Bounded: two counts per day of birth.
    """

    def __init__(self, first_area: int = 1) -> None:
        self.first_area = first_area
        self._given: dict[int, int] = {}

    def rank(self, key: Ints) -> Ints:
        """The next free rank of each key (day and sex), in the order of the rows."""
        order = np.argsort(key, kind="stable")
        ordered = key[order]
        first = np.searchsorted(ordered, ordered, side="left")
        keys, counts = np.unique(ordered, return_counts=True)
        before = np.array([self._given.get(int(one), 0) for one in keys], dtype=np.int64)
        rank = np.empty(len(key), dtype=np.int64)
        rank[order] = np.arange(len(key)) - first + np.repeat(before, counts)
        self._given |= dict(zip(keys.tolist(), (before + counts).tolist(), strict=True))
        return rank


def id_numbers(
    birth: Ints,
    female: npt.NDArray[np.bool_],
    first_area: int = 1,
    serials: Serials | None = None,
) -> pl.Series:
    """Unique 18-digit ID numbers under area codes 3799xx.

    `birth` holds days as yyyymmdd. The n-th person of a sex and day gets the next free serial
    number; after 500 the next area code is used, beginning with `first_area` (1–99) or where
    `serials` begins, which also knows the numbers given before. Raises ValueError if more are
    asked for than the area codes hold.
    """
    serials = serials or Serials(first_area)
    rank = serials.rank(birth * 2 + female)
    area = serials.first_area + rank // PER_DAY
    if len(area) and area.max() > 99:
        raise ValueError("too many people born on one day for the area codes 3799xx")
    # A step coprime to 500 and a start by day: serials do not look counted, and stay unique.
    serial = (rank % PER_DAY * 263 + birth % 491) % PER_DAY * 2 + ~female
    number = (int(ID_PREFIX) * 100 + area) * 10**11 + birth * 1000 + serial
    total = np.zeros(len(number), dtype=np.int64)
    rest = number.copy()
    for weight in _ID_WEIGHTS[::-1]:
        total += rest % 10 * weight
        rest //= 10
    return pl.Series("id_number", number).cast(pl.String) + pl.Series(_ID_CHECK[total % 11])


def phones(serial: Ints) -> pl.Series:
    """Telephone numbers outside every service range, different for different serials.

    2000 and seven digits for serials below 10⁷, then 2001 and so on up to 10⁹.
    """
    mixed = (serial % 10_000_000 * 7_368_787 + 1_234_567) % 10_000_000
    prefix = int(PHONE_PREFIX) + serial // 10_000_000
    return (pl.Series("phone", mixed) + pl.Series(prefix) * 10**7).cast(pl.String)


def credit_code(registration: str, serial: int) -> str:
    """A 统一社会信用代码 registered by nobody.

    `registration` is department and kind of body (91 firm, 92 sole trader, 93 farmers'
    co-operative, 52 private non-enterprise unit). `serial` below 10⁸ gives the organisation code,
    which carries its own check character (GB 11714) before the whole one (GB 32100).

    >>> credit_code("91", 1)[:8]
    '91379900'
    """
    body = f"{serial:08d}"
    rest = 11 - sum(_ORG.index(c) * w for c, w in zip(body, _ORG_WEIGHTS, strict=True)) % 11
    code = registration + REGISTRAR + body + "0123456789X0"[rest]
    total = sum(_CREDIT.index(c) * w for c, w in zip(code, _CREDIT_WEIGHTS, strict=True))
    return code + _CREDIT[(31 - total % 31) % 31]
