"""What is known of single characters: how they sound and which look alike."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from pypinyin import Style, pinyin

NAME_WIDTH: Final = 8  # characters of a name compared one by one
ALIKE: Final = 16  # look-alikes kept per character
MASKED: Final = 1  # the code of *, which stands for any character
_COMPOUND = (
    "欧阳司马上官诸葛夏侯东方尉迟公孙令狐慕容司徒皇甫宇文长孙端木独孤南宫西门澹台轩辕呼延申屠淳于单于"
    "太史公冶公羊宗政濮阳钟离闻人鲜于闾丘司空仲孙拓跋百里东郭南门羊舌微生梁丘左丘東方歐陽司馬諸葛"
)
COMPOUND: Final = frozenset(_COMPOUND[at : at + 2] for at in range(0, len(_COMPOUND), 2))


class Characters(NamedTuple):
    """Tables over the distinct characters of the data, code 0 = none, 1 = any (*)."""

    points: npt.NDArray[np.uint32]  # (k,) code points, ascending from place 2
    sound: npt.NDArray[np.int32]  # (k,) syllable without tone; own negative number if unknown
    toned: npt.NDArray[np.int32]  # (k,) syllable with tone
    alike: npt.NDArray[np.int32]  # (k, ALIKE) codes of look-alikes present, 0 padded


def characters(points: npt.NDArray[np.uint32]) -> Characters:
    """Tables for the given distinct code points (ascending)."""
    count = len(points) + 2
    table = np.zeros(count, np.uint32)
    table[2:] = points
    sound = -np.arange(count, dtype=np.int32) - 1
    toned = sound.copy()
    alike = np.zeros((count, ALIKE), np.int32)
    codes = {chr(point): code for code, point in enumerate(table.tolist()) if code >= 2}
    for char, code in codes.items():
        syllable = _syllable(char)
        if syllable:
            toned[code] = _number(syllable)
            sound[code] = _number(syllable.rstrip("012345"))
        near = [codes[other] for other in _lookalikes().get(char, "") if other in codes]
        alike[code, : len(near)] = near[:ALIKE]
    return Characters(table, sound, toned, alike)


def are_alike(one: str, other: str) -> bool:
    """Whether one character is easily misread for the other."""
    near = _lookalikes()
    return other in near.get(one, "") or one in near.get(other, "")


@cache
def _syllable(char: str) -> str:
    """Pinyin with the tone as a digit ('zhang1'), '' for what is no Chinese character."""
    found: list[list[str]] = pinyin(
        char, style=Style.TONE3, neutral_tone_with_five=True, errors="ignore"
    )
    return found[0][0] if found else ""


def _number(syllable: str) -> int:
    """A number of its own for every syllable, the same in every process."""
    value = 0
    for letter in syllable:
        value = (value * 31 + ord(letter)) % 2_147_483_629
    return value


@cache
def _lookalikes() -> dict[str, str]:
    text = files(__package__).joinpath("alike.txt").read_text(encoding="utf-8")
    return {line[0]: line[1:] for line in text.splitlines() if line and line[0] != "#"}
