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


def id_numbers(birth: Ints, female: npt.NDArray[np.bool_], first_area: int = 1) -> pl.Series:
    """Unique 18-digit ID numbers under area codes 3799xx.

    `birth` holds days as yyyymmdd. The n-th person of a sex and day gets the next free serial
    number; after 500 the next area code is used, beginning with `first_area` (1–99). Raises
    ValueError if more are asked for than the area codes hold.
    """
    key = birth * 2 + female
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    first = np.searchsorted(ordered, ordered, side="left")
    rank = np.empty(len(key), dtype=np.int64)
    rank[order] = np.arange(len(key)) - first
    area = first_area + rank // PER_DAY
    if len(area) and area.max() > 99:
        raise ValueError("too many people born on one day for the area codes 3799xx")
    # A step coprime to 500 and a start by day: serials do not look counted, and stay unique.
    serial = (rank % PER_DAY * 263 + birth % 491) % PER_DAY * 2 + ~female
    number = (int(ID_PREFIX) * 100 + area) * 10**11 + birth * 1000 + serial
    powers = 10 ** np.arange(16, -1, -1, dtype=np.int64)
    digits = number[:, None] // powers % 10
    check = _ID_CHECK[digits @ _ID_WEIGHTS % 11]
    return pl.Series("id_number", number).cast(pl.String) + pl.Series(check)


def phones(serial: Ints) -> pl.Series:
    """Telephone numbers outside every service range, different for different serials below 10⁷."""
    mixed = (serial * 7_368_787 + 1_234_567) % 10_000_000
    return (pl.Series("phone", mixed) + int(PHONE_PREFIX) * 10**7).cast(pl.String)


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
