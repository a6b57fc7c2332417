"""The compiled loops over pairs: how they agree.

Everything compiled that calls each other stands in one file, with the constants it is compiled
against: numba's cache on disk notices changes of the very file alone. All loops are serial and
release the interpreter's lock; callers cut the work into ranges of pairs.

How a pair agrees is one number, its pattern: per field a level (0 = one side is empty), in the
bits of `SHIFT`.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from weiye.engine.linkage.text import compiled

Bytes = npt.NDArray[np.uint8]
Codes = npt.NDArray[np.uint16]
Whole = npt.NDArray[np.int32]
Ints = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
Singles = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Patterns = npt.NDArray[np.uint32]

FIELDS: Final = ("name", "id_number", "birth_date", "sex", "phone", "place")
NAME, NUMBER, BIRTH, SEX, PHONE, PLACE = range(6)
BITS: Final = 4
LEVELS: Final = 16
MISSING = 0
# Levels of the name.
EQUAL, TONE, SOUND, LOOKS, SWAPPED, LACKING, ONE_CHAR, GIVEN, SURNAME, OTHER, MASKED = range(1, 12)
# Levels of the ID number. "Typo" levels need one side whose check character does not fit: two
# valid numbers that differ were not mistyped into each other (ISO 7064 finds every single error).
ID_EQUAL, ID_SAME, ID_SWAP, ID_BODY, ID_TAIL, ID_SHIFT, ID_TWO, ID_BORN, ID_UNLIKE, ID_OTHER = (
    range(1, 11)
)
# Levels of the birth date.
B_EQUAL, B_DAYMONTH, B_DIGIT, B_DEFAULT, B_MONTHDAY, B_MONTH, B_YEAR, B_NEAR, B_OTHER = range(1, 10)
SEX_EQUAL, SEX_OTHER = 1, 2
P_EQUAL, P_DIGIT, P_OTHER = 1, 2, 3
HOME, DOOR, BUILDING, BASE, UNIT, STREET, ELSEWHERE = range(1, 8)
COUNT: Final = (11, 10, 9, 2, 3, 7)  # levels of each field
# Columns of tokens and share, as in prepare.py.
_T_NAME, _T_SOUND, _T_SURNAME, _T_PHONE, _T_HOME, _T_DOOR, _T_BUILDING, _T_BASE, _T_UNIT = range(9)
_T_STREET, _T_NUMBER = 9, 10
VALID_ID = 2


def levels(pattern: Patterns, field: int) -> Ints:
    """The level of one field in every pattern."""
    return ((pattern >> np.uint32(BITS * field)) & np.uint32(LEVELS - 1)).astype(np.int64)


@compiled
def look_alike(a: int, b: int, alike: Whole) -> bool:
    for at in range(alike.shape[1]):  # noqa: SIM110 (numba)
        if alike[a, at] == b or alike[b, at] == a:
            return True
    return False


@compiled
def compare_names(
    i: int, j: int, name: Codes, shape: Bytes, tokens: Hashes, sound: Whole, toned: Whole,
    alike: Whole,
) -> int:  # fmt: skip
    n, m = np.int64(shape[i, 0]), np.int64(shape[j, 0])
    if n == 0 or m == 0:
        return MISSING
    if tokens[i, _T_NAME] == tokens[j, _T_NAME]:
        return EQUAL
    width = name.shape[1]
    n, m = min(n, width), min(m, width)
    same_surname = tokens[i, _T_SURNAME] == tokens[j, _T_SURNAME]
    if n == m:
        different = masked = tones = sounds = looks = 0
        for at in range(n):
            a, b = name[i, at], name[j, at]
            if a == b:
                continue
            if a == 1 or b == 1:
                masked += 1
                continue
            different += 1
            if toned[a] == toned[b]:
                tones += 1
            if sound[a] == sound[b]:
                sounds += 1
            elif look_alike(a, b, alike):
                looks += 1
        if different == 0:
            return MASKED if masked < n else OTHER
        if masked == 0:
            if tones == different:
                return TONE
            if sounds == different:
                return SOUND
            if looks + sounds == different and different < n:
                return LOOKS
            if tokens[i, _T_SOUND] == tokens[j, _T_SOUND] and n > 1:
                return SWAPPED
            if different == 1 and n > 2:
                return ONE_CHAR if same_surname else GIVEN
    elif abs(n - m) == 1 and min(n, m) >= 2:
        # One character left out: all of the shorter stand in the longer, in order.
        at = 0
        if n < m:
            for k in range(m):
                if at < n and (
                    name[j, k] == name[i, at] or sound[name[j, k]] == sound[name[i, at]]
                ):
                    at += 1
        else:
            for k in range(n):
                if at < m and (
                    name[i, k] == name[j, at] or sound[name[i, k]] == sound[name[j, at]]
                ):
                    at += 1
        if at == min(n, m):
            return LACKING
    if same_surname:
        return SURNAME
    p, q = np.int64(shape[i, 1]), np.int64(shape[j, 1])
    if n - p == m - q and n - p >= 2:
        for at in range(n - p):
            if name[i, p + at] != name[j, q + at]:
                return OTHER
        return GIVEN
    return OTHER


@compiled
def compare_numbers(i: int, j: int, number: Bytes, shape: Bytes) -> int:
    ki, kj = shape[i, 3], shape[j, 3]
    if ki == 0 or kj == 0:
        return MISSING
    last = number.shape[1] - 1
    n, m = np.int64(number[i, last]), np.int64(number[j, last])
    if n == m:
        count = 0
        first = end = -1
        for at in range(n):
            if number[i, at] != number[j, at]:
                count += 1
                end = at
                if first < 0:
                    first = at
        if count == 0:
            return ID_EQUAL if ki == VALID_ID else ID_SAME
        if ki == VALID_ID and kj == VALID_ID:
            return ID_BORN if first >= 14 else ID_OTHER
        if n < 8:
            return ID_UNLIKE
        if count == 1:
            return ID_TAIL if 14 <= first <= 16 else ID_BODY
        if (
            count == 2
            and end == first + 1
            and number[i, first] == number[j, end]
            and number[i, end] == number[j, first]
        ):
            return ID_SWAP
        # A stretch moved by one place: a digit lost here, another put in there.
        ahead = behind = True
        for at in range(first, end):
            if number[i, at] != number[j, at + 1]:
                ahead = False
            if number[i, at + 1] != number[j, at]:
                behind = False
        if (ahead or behind) and end - first >= 2:
            return ID_SHIFT
        if count == 2:
            return ID_TWO
        return ID_UNLIKE
    if ki == VALID_ID and kj == VALID_ID:
        return ID_OTHER
    if abs(n - m) == 1 and min(n, m) >= 8:
        front = 0
        while front < min(n, m) and number[i, front] == number[j, front]:
            front += 1
        back = 0
        while back < min(n, m) and number[i, n - 1 - back] == number[j, m - 1 - back]:
            back += 1
        if front + back >= min(n, m):
            return ID_SHIFT
    return ID_UNLIKE


@compiled
def compare_days(a: int, b: int) -> int:
    """Two dates as yyyymmdd, neither 0."""
    if a == b:
        return B_EQUAL
    ya, ma, da = a // 10000, a // 100 % 100, a % 100
    yb, mb, db = b // 10000, b // 100 % 100, b % 100
    if ya == yb and ma == db and da == mb:
        return B_DAYMONTH
    if ya == yb and ((ma == 1 and da == 1) or (mb == 1 and db == 1)):
        return B_DEFAULT
    x, y = a, b
    count = 0
    before_x = before_y = last_x = last_y = -1
    adjacent = False
    at_last = -2
    for at in range(8):
        p, q = x % 10, y % 10
        if p != q:
            count += 1
            adjacent = at == at_last + 1
            at_last = at
            before_x, before_y = last_x, last_y
            last_x, last_y = p, q
        x //= 10
        y //= 10
    if count == 1 or (count == 2 and adjacent and before_x == last_y and before_y == last_x):
        return B_DIGIT
    if ma == mb and da == db:
        return B_MONTHDAY
    if ya == yb:
        return B_MONTH if ma == mb else B_YEAR
    return B_NEAR if abs(ya - yb) == 1 else B_OTHER


@compiled
def compare_births(i: int, j: int, birth: Whole, without_numbers: bool) -> int:
    """The columns; where the ID numbers do not speak themselves, also the dates inside them."""
    best = 0
    for p in range(2):
        for q in range(2):
            if (p == 1 or q == 1) and not without_numbers:
                continue
            a, b = birth[i, p], birth[j, q]
            if a == 0 or b == 0:
                continue
            level = compare_days(a, b)
            if best == 0 or level < best:
                best = level
    return best


@compiled
def compare_phones(a: int, b: int) -> int:
    if a == 0 or b == 0:
        return MISSING
    if a == b:
        return P_EQUAL
    count = 0
    first_a = first_b = second_a = second_b = -1
    place_first = place_second = -5
    place = 0
    while a > 0 and b > 0:
        p, q = a % 10, b % 10
        if p != q:
            count += 1
            if count == 1:
                first_a, first_b, place_first = p, q, place
            else:
                second_a, second_b, place_second = p, q, place
        a //= 10
        b //= 10
        place += 1
    if a > 0 or b > 0:
        return P_OTHER
    if count == 1:
        return P_DIGIT
    if (
        count == 2
        and place_second == place_first + 1
        and first_a == second_b
        and first_b == second_a
    ):
        return P_DIGIT
    return P_OTHER


@compiled
def compare_places(i: int, j: int, tokens: Hashes, shape: Bytes) -> int:
    if tokens[i, _T_HOME] != 0 and tokens[i, _T_HOME] == tokens[j, _T_HOME]:
        return HOME
    if tokens[i, _T_DOOR] != 0 and tokens[i, _T_DOOR] == tokens[j, _T_DOOR]:
        return DOOR
    if tokens[i, _T_BUILDING] != 0 and tokens[i, _T_BUILDING] == tokens[j, _T_BUILDING]:
        return BUILDING
    if tokens[i, _T_BASE] != 0 and tokens[i, _T_BASE] == tokens[j, _T_BASE]:
        return BASE
    if tokens[i, _T_UNIT] != 0 and tokens[j, _T_UNIT] != 0 and shape[i, 4] == shape[j, 4]:
        if tokens[i, _T_UNIT] == tokens[j, _T_UNIT]:
            return UNIT
        if tokens[i, _T_STREET] != 0 and tokens[i, _T_STREET] == tokens[j, _T_STREET]:
            return STREET
        return ELSEWHERE
    if tokens[i, _T_BASE] != 0 and tokens[j, _T_BASE] != 0:
        return ELSEWHERE
    return MISSING


@compiled
def patterns(
    left: Whole, right: Whole, tokens: Hashes, name: Codes, shape: Bytes, number: Bytes,
    birth: Whole, phone: Ints, sound: Whole, toned: Whole, alike: Whole,
    out: npt.NDArray[np.uint32],
) -> None:  # fmt: skip
    """Fills `out` with the pattern of every pair of places (left, right)."""
    for at in range(left.shape[0]):
        i, j = left[at], right[at]
        numbers = compare_numbers(i, j, number, shape)
        sexes = MISSING
        if shape[i, 2] != 0 and shape[j, 2] != 0:
            sexes = SEX_EQUAL if shape[i, 2] == shape[j, 2] else SEX_OTHER
        value = compare_names(i, j, name, shape, tokens, sound, toned, alike)
        value |= numbers << (BITS * NUMBER)
        value |= compare_births(i, j, birth, numbers == MISSING) << (BITS * BIRTH)
        value |= sexes << (BITS * SEX)
        value |= compare_phones(phone[i], phone[j]) << (BITS * PHONE)
        value |= compare_places(i, j, tokens, shape) << (BITS * PLACE)
        out[at] = value
