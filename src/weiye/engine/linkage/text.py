"""Text as departments write it → numbers that can be compared, in compiled loops.

Every function takes one column as code points laid end to end (`flat`) and where each cell begins
(`start`, one longer than there are cells), full-width letters and digits already narrowed. Nothing
here but `mix` is called from another file's compiled code: numba's cache would not notice a change
(an old `mix` does no harm, hashes are only compared within their own column).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import numba
import numpy as np
import numpy.typing as npt
import polars as pl

Points = npt.NDArray[np.uint32]
Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Hashes = npt.NDArray[np.uint64]
F = TypeVar("F", bound=Callable[..., Any])

ID_WIDTH: Final = 20  # characters of an ID number kept; the last byte holds their count
NO_ID, OTHER_ID, VALID_ID = 0, 1, 2
CHECK_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2], np.int64)
CHECK_MARKS = np.frombuffer(b"10X98765432", np.uint8).astype(np.int64)
_MIX = np.uint64(0x9E3779B97F4A7C15)


def compiled(function: F) -> F:
    """njit with a cache on disk where there is a place for one, else in memory alone."""
    made: Any
    try:
        made = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError:  # numba: no writable place for the cache
        made = numba.njit(nogil=True, error_model="numpy")(function)
    return made  # type: ignore[no-any-return]


def flatten(column: pl.Series) -> tuple[Points, Ints]:
    """The column's code points end to end, full-width forms narrowed and letters in upper case."""
    text = column.fill_null("")
    whole: str = text.str.join("").item() if len(text) else ""
    points = np.frombuffer(whole.encode("utf-32-le", "replace"), np.uint32).copy()
    wide = (points >= 0xFF01) & (points <= 0xFF5E)
    points[wide] -= 0xFEE0
    lower = (points >= 97) & (points <= 122)
    points[lower] -= 32
    start = np.zeros(len(text) + 1, np.int64)
    np.cumsum(text.str.len_chars().to_numpy(), out=start[1:])
    return points, start


@compiled
def mix(seed: Any, value: Any) -> Any:
    """One step of a 64-bit hash (splitmix64's finaliser)."""
    x = np.uint64(seed) * _MIX + np.uint64(value) + np.uint64(0x632BE59BD9B4E019)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@compiled
def valid_day(year: int, month: int, day: int) -> bool:
    if year < 1880 or year > 2100 or month < 1 or month > 12 or day < 1:
        return False
    if month == 2:
        leap = (year % 4 == 0 and year % 100 != 0) or year % 400 == 0
        return day <= (29 if leap else 28)
    return day <= (30 if month in (4, 6, 9, 11) else 31)


@compiled
def read_ids(flat: Points, start: Ints) -> tuple[Bytes, Bytes, Ints, Bytes, Hashes]:
    """Letters and digits (n, 20), kind, birth date in it (yyyymmdd, 0 without), sex in it, hash.

    15 digits become 18 (GB 11643-1999: century 19, check character). Birth and sex are given for
    numbers of 18 characters whose date exists, valid or not; `VALID_ID` means that the check
    character (ISO 7064 MOD 11-2) fits as well. Two digits or less are no number.
    """
    n = start.shape[0] - 1
    text = np.zeros((n, ID_WIDTH), np.uint8)
    kind = np.zeros(n, np.uint8)
    birth = np.zeros(n, np.int64)
    sex = np.zeros(n, np.uint8)
    hashes = np.zeros(n, np.uint64)
    for row in range(n):
        length = 0
        plain = True
        for at in range(start[row], start[row + 1]):
            c = flat[at]
            if c == 42:  # masked: 3799****0011
                length = 0
                break
            if ((48 <= c <= 57) or (65 <= c <= 90)) and length < ID_WIDTH - 1:
                text[row, length] = c
                length += 1
                if c > 57 and length != 18:
                    plain = False
        if length < 3:
            text[row, :] = 0
            continue
        if length == 15 and plain:
            for at in range(14, 5, -1):
                text[row, at + 2] = text[row, at]
            text[row, 6] = 49
            text[row, 7] = 57
            total = 0
            for at in range(17):
                total += (np.int64(text[row, at]) - 48) * CHECK_WEIGHTS[at]
            text[row, 17] = CHECK_MARKS[total % 11]
            length = 18
        text[row, ID_WIDTH - 1] = length
        kind[row] = OTHER_ID
        if length == 18 and plain:
            year = month = day = 0
            for at in range(6, 10):
                year = year * 10 + text[row, at] - 48
            month = (text[row, 10] - 48) * 10 + text[row, 11] - 48
            day = (text[row, 12] - 48) * 10 + text[row, 13] - 48
            if valid_day(year, month, day):
                birth[row] = year * 10000 + month * 100 + day
                sex[row] = 1 if (text[row, 16] - 48) % 2 else 2
                total = 0
                for at in range(17):
                    total += (np.int64(text[row, at]) - 48) * CHECK_WEIGHTS[at]
                if CHECK_MARKS[total % 11] == text[row, 17]:
                    kind[row] = VALID_ID
        h = np.uint64(11)
        same = True
        for at in range(length):
            h = mix(h, text[row, at])
            same = same and text[row, at] == text[row, 0]
        if same:  # 000000…, 111111…, XXX: a filler
            text[row, :] = 0
            kind[row] = NO_ID
        else:
            hashes[row] = h
    return text, kind, birth, sex, hashes


@compiled
def read_dates(flat: Points, start: Ints) -> Ints:
    """Dates as yyyymmdd, 0 where none can be read.

    1990-5-1, 1990.05.01, 1990年5月1日, 19900501, with a time after it, or a spreadsheet's serial
    number (five digits); 1990-05 and 1990 mean the first day, as the forms that ask for a full
    date make people write it.
    """
    n = start.shape[0] - 1
    out = np.zeros(n, np.int64)
    runs = np.zeros(3, np.int64)
    sizes = np.zeros(3, np.int64)
    for row in range(n):
        count = 0
        inside = False
        runs[:] = 0
        sizes[:] = 0
        for at in range(start[row], start[row + 1]):
            c = flat[at]
            if 48 <= c <= 57:
                if not inside:
                    if count == 3:
                        break
                    count += 1
                    inside = True
                if sizes[count - 1] < 9:
                    runs[count - 1] = runs[count - 1] * 10 + c - 48
                    sizes[count - 1] += 1
            else:
                inside = False
                if c == 46 and count == 1 and sizes[0] == 5:  # 32994.0
                    break
        if count == 0:
            continue
        year, month, day = runs[0], runs[1], runs[2]
        if sizes[0] == 8:
            year, month, day = runs[0] // 10000, runs[0] // 100 % 100, runs[0] % 100
        elif sizes[0] == 6 and count == 1:
            year, month, day = runs[0] // 100, runs[0] % 100, 1
        elif sizes[0] == 5 and count == 1:
            z = runs[0] - 25569 + 719468  # days since 0000-03-01, civil from days
            era = z // 146097
            doe = z - era * 146097
            yoe = (doe - doe // 1460 + doe // 36524 - doe // 146096) // 365
            doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
            mp = (5 * doy + 2) // 153
            day = doy - (153 * mp + 2) // 5 + 1
            month = mp + 3 if mp < 10 else mp - 9
            year = yoe + era * 400 + (1 if month <= 2 else 0)
        elif sizes[0] != 4:
            continue
        if month == 0:
            month = 1
        if day == 0:
            day = 1
        if valid_day(year, month, day):
            out[row] = year * 10000 + month * 100 + day
    return out


@compiled
def read_phones(flat: Points, start: Ints) -> Ints:
    """The first telephone number of each cell, behind a 1 that keeps its zeros; 0 without.

    Brackets, spaces and dashes join, anything else ends a number; +86 and 0086 are dropped; fewer
    than 7 digits, or one digit repeated, are no number.
    """
    n = start.shape[0] - 1
    out = np.zeros(n, np.int64)
    digits = np.zeros(17, np.int64)
    for row in range(n):
        count = 0
        for at in range(start[row], start[row + 1]):
            c = flat[at]
            if 48 <= c <= 57:
                if count == 17:
                    break
                digits[count] = c - 48
                count += 1
            elif count >= 7 and c not in (32, 40, 41, 45):
                break
        first = 0
        if count >= 15 and digits[0] == 0 and digits[1] == 0 and digits[2] == 8:
            first = 4
        elif count >= 13 and digits[0] == 8 and digits[1] == 6:
            first = 2
        if count - first < 7:
            continue
        value = 1
        same = True
        for at in range(first, min(count, first + 12)):
            value = value * 10 + digits[at]
            same = same and digits[at] == digits[first]
        if not same:
            out[row] = value
    return out


@compiled
def pack_names(
    code: Ints, start: Ints, sound: npt.NDArray[np.int32], codes: npt.NDArray[np.uint16]
) -> tuple[Hashes, Hashes]:
    """Fills `codes` (0 beyond the name's end); the hash of the name, and of its syllables in
    any order (0 if a character is masked)."""
    n = start.shape[0] - 1
    names = np.zeros(n, np.uint64)
    sounds = np.zeros(n, np.uint64)
    for row in range(n):
        if start[row + 1] == start[row]:
            continue
        h = np.uint64(7)
        s = np.uint64(0)
        masked = False
        for at in range(start[row], start[row + 1]):
            if at - start[row] < codes.shape[1]:
                codes[row, at - start[row]] = code[at]
            masked = masked or code[at] == 1
            h = mix(h, code[at])
            s += mix(np.uint64(5), sound[code[at]])
        names[row] = h
        sounds[row] = np.uint64(0) if masked else s
    return names, sounds
