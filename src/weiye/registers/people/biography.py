"""What a person learnt, where they worked, what papers they hold: lists of records on `Person`.

One column each, so that each is one fact with one source and one day like every other. Records are
kept newest first, with the keys below and no empty ones. The engine's fact ``skill_certificates``
is the same column: of its records it reads ``code`` and ``level`` alone, the rest is for people.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError

MOST_RECORDS = 30
MOST_TEXT = 60
_MONTH = re.compile(r"(19|20)[0-9]{2}-(0[1-9]|1[0-2])", re.ASCII)


@dataclass(frozen=True)
class Item:
    """One key of a record. ``kind``: text, month (YYYY-MM), day (YYYY-MM-DD) or level (1 to 5)."""

    name: str
    label: str
    kind: str = "text"
    needed: bool = False


#: Fact → what one of its records holds, in the order of forms.
RECORDS: Mapping[str, tuple[Item, ...]] = {
    "education_history": (
        Item("school", "学校", needed=True),
        Item("from", "入学年月", "month"),
        Item("to", "毕业年月", "month"),
        Item("major", "专业"),
        Item("level", "学历"),
    ),
    "work_history": (
        Item("employer", "单位", needed=True),
        Item("from", "开始年月", "month"),
        Item("to", "结束年月", "month"),
        Item("job", "岗位"),
        Item("left", "离开原因"),
    ),
    "skill_certificates": (
        Item("code", "技能或工种", needed=True),
        Item("level", "等级", "level"),
        Item("name", "证书名称"),
        Item("number", "证书编号"),
        Item("on", "发证日期", "day"),
        Item("issuer", "发证单位"),
    ),
}
#: What of a record names a place or a paper, and goes when the person is anonymised.
NAMING = ("school", "employer", "name", "number", "issuer", "on", "from", "to", "left")


def cleaned(fact: str, records: object, *, on: date) -> list[dict[str, Any]] | None:
    """Records in their one form; None for none. ``on``: nothing happened later.

    Raises ``ValidationError`` with a sentence for whoever typed.
    """
    if records in (None, "", []):
        return None
    if not isinstance(records, Sequence) or isinstance(records, str):
        raise ValidationError("内容不完整或格式不对，请重新填写。")
    if len(records) > MOST_RECORDS:
        raise ValidationError(f"最多填写{MOST_RECORDS}条。")
    found = []
    for count, record in enumerate(records, 1):
        if not isinstance(record, Mapping):
            raise ValidationError("内容不完整或格式不对，请重新填写。")
        if kept := _record(RECORDS[fact], record, f"第{count}条", on):
            found.append(kept)
    key = "on" if fact == "skill_certificates" else "from"
    found.sort(key=lambda record: str(record.get(key, "")), reverse=True)
    return found or None


def _record(
    items: Sequence[Item], record: Mapping[str, Any], which: str, on: date
) -> dict[str, Any]:
    known = {item.name for item in items}
    if strange := sorted(set(record) - known):
        raise ValidationError(f"{which}里有不认识的内容：{'、'.join(map(str, strange))[:60]}。")
    found: dict[str, Any] = {}
    for item in items:
        value = record.get(item.name)
        if value is None or str(value).strip() == "":
            continue
        found[item.name] = _value(item, str(value).strip(), which, on)
    if not found:
        return {}
    for item in items:
        if item.needed and item.name not in found:
            raise ValidationError(f"{which}没有填写{item.label}。")
    if "from" in found and "to" in found and found["to"] < found["from"]:
        raise ValidationError(f"{which}的结束早于开始，请核对年月。")
    return found


def _value(item: Item, text: str, which: str, on: date) -> Any:
    if item.kind == "level":
        if text not in ("1", "2", "3", "4", "5"):
            raise ValidationError(f"{which}的{item.label}应为1到5级。")
        return int(text)
    if item.kind == "month":
        if not _MONTH.fullmatch(text):
            raise ValidationError(f"{which}的{item.label}应写成年和月，例如 2019-07。")
        if text > on.isoformat()[:7] and item.name != "to":
            raise ValidationError(f"{which}的{item.label}还没有到。")
        return text
    if item.kind == "day":
        try:
            day = date.fromisoformat(text)
        except ValueError:
            raise ValidationError(f"{which}的{item.label}不是日期。") from None
        if day > on:
            raise ValidationError(f"{which}的{item.label}不能晚于今天。")
        return day.isoformat()
    if len(text) > MOST_TEXT:
        raise ValidationError(f"{which}的{item.label}太长，最多{MOST_TEXT}个字。")
    return text


def detailed(
    stated: Sequence[Mapping[str, Any]] | None, known: Sequence[Mapping[str, Any]] | None
) -> list[dict[str, Any]] | None:
    """Certificates as a roster states them (code and level), with what is known of the same ones.

    >>> detailed([{"code": "焊工", "level": 3}], [{"code": "焊工", "level": 3, "number": "S1"}])
    [{'code': '焊工', 'level': 3, 'number': 'S1'}]
    """
    if stated is None or not known:
        return None if stated is None else [dict(record) for record in stated]
    left, fresh, same = list(map(dict, known)), [], []
    for record in stated:
        match = next((r for r in left if all(r.get(k) == v for k, v in record.items())), None)
        if match is None:
            fresh.append(dict(record))
        else:
            left.remove(match)
            same.append(match)
    # In the order in which they are kept: a list said in another order is no news.
    return [record for record in map(dict, known) if record in same] + fresh


def anonymous(records: Sequence[Mapping[str, Any]] | None) -> list[dict[str, Any]] | None:
    """What statistics count of the records."""
    if records is None:
        return None
    return [{k: v for k, v in record.items() if k not in NAMING} for record in records]
