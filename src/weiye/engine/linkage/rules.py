"""What is decided before any weighing, and what is said beside it."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from weiye.engine.linkage import kernel as k
from weiye.engine.linkage.kernel import Floats, Patterns, levels

RULE_ODDS: Final = math.log(9_999.0)  # an equal valid ID number, unless name and birth contradict
NOTES: Final = (
    "",
    "同一身份证号而姓名、出生日期都不同，请核对是谁的号",
    "两个有效身份证号，请核对是否一人两号",
    "与同组其他记录矛盾",
    "经同组其他记录相连",
    "还有相近的人",
    "几行指向同一人而身份证号不同",
    "同住或同电话、同一天出生而名字不同，可能是双胞胎",
)
SAME_NUMBER, TWO_NUMBERS, GROUP, THROUGH, RIVAL, SHARED, TWINS = range(1, 8)


class Ruled(NamedTuple):
    """Per pair: ln odds after the rules; linked by the ID number alone; never `link`; note."""

    odds: Floats
    by_number: npt.NDArray[np.bool_]
    refused: npt.NDArray[np.bool_]
    note: npt.NDArray[np.int64]


def contradict(pattern: Patterns) -> npt.NDArray[np.bool_]:
    """Whether name and date of birth both say: two people; without a date, name and sex."""
    name, birth = levels(pattern, k.NAME), levels(pattern, k.BIRTH)
    other_sex = (birth == k.MISSING) & (levels(pattern, k.SEX) == k.SEX_OTHER)
    out: npt.NDArray[np.bool_] = (name >= k.SURNAME) & (name != k.MASKED)
    out &= (birth >= k.B_MONTHDAY) | other_sex
    return out


def maybe_twins(pattern: Patterns) -> npt.NDArray[np.bool_]:
    """Born on one day, under one roof or telephone, one surname, and a given name that neither
    sounds nor looks the same: a mistyped name or a twin, and no statistic knows which."""
    name, number = levels(pattern, k.NAME), levels(pattern, k.NUMBER)
    out: npt.NDArray[np.bool_] = (name == k.ONE_CHAR) | (name == k.SURNAME)
    out &= levels(pattern, k.BIRTH) == k.B_EQUAL
    out &= (levels(pattern, k.PHONE) == k.P_EQUAL) | (levels(pattern, k.PLACE) == k.HOME)
    out &= (number == k.MISSING) | (number >= k.ID_BORN)
    return out


def apply(pattern: Patterns, odds: Floats) -> Ruled:
    """One valid ID number is one person, unless name and birth contradict: two people with one
    number, for somebody to look at. Two valid numbers, or what may be twins, are never joined
    without being looked at."""
    number = levels(pattern, k.NUMBER)
    one_number = number == k.ID_EQUAL
    contradicting = one_number & contradict(pattern)
    by_number = one_number & ~contradicting
    two_numbers = (number == k.ID_OTHER) | (number == k.ID_BORN)
    twins = maybe_twins(pattern)
    note = np.zeros(len(pattern), np.int64)
    note[twins] = TWINS
    note[contradicting] = SAME_NUMBER
    note[two_numbers] = TWO_NUMBERS
    return Ruled(
        np.where(by_number, np.maximum(odds, RULE_ODDS), odds),
        by_number,
        contradicting | two_numbers | twins,
        note,
    )
