"""A fact in the words of a template: what its drop-down lists offer, else what offices write."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any

from ..sheets.kinds import Field
from ..sheets.text import text_of
from ..sheets.values.results import NEVER, CellError, Noted

#: GB/T 4658-2006, first digit → what a form says.
_EDUCATION = {
    1: "研究生", 2: "本科", 3: "大专", 4: "中专", 6: "高中", 7: "初中", 8: "小学", 9: "其他",
}  # fmt: skip
_GRADES = ("无", "一级", "二级", "三级", "四级")
_LEVELS = {1: "高级技师", 2: "技师", 3: "高级工", 4: "中级工", 5: "初级工"}
#: Where a form asks for a fact that the ledger knows to be none.
NONE = "无"

Written = str | int | date | None


def in_words(field: str, value: Any) -> Written:
    """The value of one field as it stands in a cell; None where nothing is known.

    >>> in_words("education", 44), in_words("veteran", False), in_words("disability_grade", 2)
    ('中专', '否', '二级')
    """
    if value is None or value == "":
        return None
    if value is NEVER:
        return NONE
    if isinstance(value, bool):
        return "是" if value else "否"
    if field == "education":
        return _EDUCATION.get(int(value) // 10)
    if field == "disability_grade":
        return _GRADES[int(value)]
    if field == "skill_certificates":
        return "、".join(_certificate(one) for one in value) or NONE
    if isinstance(value, list | tuple):
        return "、".join(map(text_of, value)) or NONE
    return value if isinstance(value, int | date) else str(value)


def _certificate(one: dict[str, Any]) -> str:
    name = str(one.get("name") or one.get("code") or "")
    level = _LEVELS.get(int(one["level"])) if one.get("level") else ""
    return f"{name}（{level}）" if level else name


class Vocabulary:
    """Words that a column allows, by the fact that each of them stands for."""

    def __init__(self, field: Field, allowed: Sequence[str], *, today: date) -> None:
        parse = field.parser(today)
        self._field = field.name
        self._words: dict[Any, str] = {}
        for word in allowed:
            meant = _meant(parse, word)
            if meant is not None:
                # The first of several words for one fact is the usual one.
                self._words.setdefault(_key(field.name, meant), word)
        self._allowed = frozenset(allowed)

    def word(self, value: Any) -> Written:
        """The allowed word for a value; our own word where the list has none for it."""
        if value is None or value == "":
            return None
        own = in_words(self._field, value)
        if own in self._allowed:
            return own
        return self._words.get(_key(self._field, value), own)


def _meant(parse: Callable[[Any], Any], word: str) -> Any:
    try:
        found = parse(word)
    except CellError:
        return None
    return found.value if isinstance(found, Noted) else found


def _key(field: str, value: Any) -> Any:
    if value is NEVER:
        return NEVER
    if field == "education":
        # Lists offer levels; 中专 and 技校 are both of the fourth.
        return int(value) // 10
    return (
        tuple(map(str, value))
        if isinstance(value, Iterable) and not isinstance(value, str)
        else value
    )
