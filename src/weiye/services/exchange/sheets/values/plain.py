"""Names, free text, and words out of a list."""

from __future__ import annotations

import re
from collections.abc import Mapping

from .. import words
from ..text import Cell, solid, text_of
from .results import CellError, Noted, Parser, Value, shown, unsaid

#: Characters that only the sender's own fonts know (Unicode private use areas).
_PRIVATE = re.compile("[\ue000-\uf8ff\U000f0000-\U0010ffff]")
_DOTS = re.compile("[•・‧∙⋅●．.]")
_NAME = re.compile(r"[^\W\d_]+(?:[· ][^\W\d_]+)*")
_HAN = re.compile("^[\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff ]+$")


def name(raw: Cell) -> Value:
    """A person's name: inner spaces of Chinese names go, the middle dot becomes ·."""
    text = text_of(raw)
    if unsaid(text):
        return None
    if " " in text and _HAN.match(text):
        text = text.replace(" ", "")
    if _PRIVATE.search(text):
        at = _PRIVATE.search(text)
        assert at is not None
        return Noted(
            text[:50],
            f"姓名第{at.start() + 1}个字是老系统的自造字，在别的电脑上显示不出来，请改成标准字",
        )
    if not text.isalpha():
        text = _DOTS.sub("·", text).replace(" · ", "·").strip("·")
        text = re.sub(r"\s+", " ", text)
        if not _NAME.fullmatch(text):
            raise CellError(f"姓名{shown(text)}里有数字或符号，请核对")
    if len(text) > 50:
        raise CellError("姓名超过50个字，请核对")
    return text


def line(limit: int) -> Parser:
    """One line of text of at most ``limit`` characters."""

    def parse(raw: Cell) -> Value:
        text = text_of(raw)
        if unsaid(text):
            return None
        if len(text) > limit:
            raise CellError(f"内容有{len(text)}个字，最多{limit}个字")
        return " ".join(text.split()) if "\n" in text or "  " in text else text

    return parse


def paragraph(limit: int) -> Parser:
    """Text that keeps its line breaks."""

    def parse(raw: Cell) -> Value:
        text = text_of(raw)
        if unsaid(text):
            return None
        if len(text) > limit:
            raise CellError(f"内容有{len(text)}个字，最多{limit}个字")
        return text

    return parse


_LIST = re.compile(r"[、,;|/\n]+| {1,}")


def listed(raw: Cell) -> Value:
    """Several words in one cell, separated by 、 , ; | / or spaces → a tuple without repeats."""
    text = text_of(raw)
    if unsaid(text):
        return None
    if text in words.NONE_WORDS:
        return ()
    return tuple(dict.fromkeys(part for part in _LIST.split(text) if part))


_BRACKETS = re.compile(r"\([^)]*\)")


def choice(
    label: str, table: Mapping[str, object], options: tuple[str, ...] | None = None
) -> Parser:
    """One of the words of ``table``; another word is an error that shows what may be written."""
    offered = "、".join(options or tuple(dict.fromkeys(str(v) for v in table.values())))
    upper = {key.upper(): value for key, value in table.items() if key}

    def parse(raw: Cell) -> Value:
        text = text_of(raw)
        if unsaid(text):
            return None
        key = solid(text).upper()
        value = upper.get(key)
        if value is None:
            value = upper.get(_BRACKETS.sub("", key))
        if value is None:
            raise CellError(f"{label}{shown(str(raw).strip())}不认识，可填：{offered}")
        return value

    return parse


def boolean(label: str) -> Parser:
    """是 or 否 in the usual spellings."""

    def parse(raw: Cell) -> Value:
        text = text_of(raw)
        if unsaid(text):
            return None
        key = solid(text).upper()
        if key in words.YES:
            return True
        if key in words.NO:
            return False
        raise CellError(f"{label}{shown(text)}不认识，可填：是、否")

    return parse


def disability_grade(raw: Cell) -> Value:
    """0–4 from 二级, 2, 肢体二级, 无 …"""
    text = solid(text_of(raw))
    if unsaid(text):
        return None
    if text in words.NONE_WORDS or text in ("0", "0级", "健康", "非残疾", "正常"):
        return 0
    core = re.sub(r"(?:等)?级$", "", _BRACKETS.sub("", text)).upper()
    for word, grade in words.DISABILITY_GRADES.items():
        if core == word:
            return grade
    match = re.search(r"([一二三四1234ⅠⅡⅢⅣ])$", core)
    if match and (text.endswith("级") or "残" in text):
        return words.DISABILITY_GRADES[match.group(1)]
    raise CellError(f"残疾等级{shown(text)}不认识，可填：一级、二级、三级、四级、无")


def categories(raw: Cell) -> Value:
    """困难类型 as a tuple of (fact, value); what follows by rule is passed over with a note."""
    found = listed(raw)
    if not found:
        return found
    facts: list[tuple[str, object]] = []
    passed = []
    for word in found:
        fact = words.CATEGORIES.get(word)
        if fact is not None:
            facts.append(fact)
        else:
            passed.append(word)
    if not passed:
        return tuple(facts)
    if all(word in words.DERIVED_CATEGORIES for word in passed):
        note = f"{'、'.join(passed)}由系统按家庭成员和其他信息认定，不从名册录入"
    else:
        note = f"困难类型{shown('、'.join(passed))}没有录入，请在对应的列（低保、残疾等级等）填写"
    return Noted(tuple(facts), note)


def certificates(raw: Cell) -> Value:
    """Skill certificates as a tuple of (name, level 1–5 or None): 电工(中级)、育婴员三级."""
    found = listed(text_of(raw).replace("(", "").replace(")", ""))
    if not found:
        return found
    result = []
    for item in found:
        level: int | None = None
        title = item
        for word, number in sorted(words.SKILL_LEVELS.items(), key=lambda p: -len(p[0])):
            if word in item:
                level, title = number, item.replace(word, "")
                break
        title = re.sub(r"(?:职业资格|职业技能等级|技能等级)?证书?$", "", title) or item
        result.append((title, level))
    return tuple(result)


def no_sex(raw: Cell) -> Value:
    """性别要求 of a vacancy: only 不限 is lawful."""
    text = solid(text_of(raw))
    if unsaid(text) or text in ("不限", "无要求", "无", "男女不限", "性别不限", "男女均可"):
        return None
    raise CellError(f"招聘不得限制性别（就业促进法第27条），请把{shown(text)}改为“不限”")
