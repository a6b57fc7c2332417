"""A package as a workbook that opens with a password (ECMA-376 Agile, AES)."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Any

import xlsxwriter
from msoffcrypto.format.ooxml import OOXMLFile

from weiye.base.regions.models import Unit

from .facts import HIDDEN, LABELS, Told, words
from .models import ItemKind, ReflowPackage

_SHOWN = [name for name in LABELS if name not in HIDDEN]


def locked_workbook(
    unit: Unit,
    package: ReflowPackage,
    items: Sequence[dict[str, Any]],
    people: Iterable[Told],
    password: str,
) -> bytes:
    """What changed, and everybody as known on the day; no number of identity, no telephone."""
    plain = io.BytesIO()
    book = xlsxwriter.Workbook(plain, {"constant_memory": True, "in_memory": True})
    bold = book.add_format({"bold": True, "bg_color": "#eaf1fc"})
    since = f"{package.since:%Y-%m-%d}之后" if package.since else "首次回流"
    _sheet(
        book,
        bold,
        "变化清单",
        f"{unit.name} 数据回流（{since}至{package.until:%Y-%m-%d}）",
        ("姓名", "类别", "变化", "进入群体", "退出群体"),
        (
            (
                item["name"],
                ItemKind(item["kind"]).label,
                "；".join(map(change_words, item["changes"])),
                "、".join(item["joined"]),
                "、".join(item["left"]),
            )
            for item in (items if package.since else ())
        ),
    )
    _sheet(
        book,
        bold,
        "全部人员",
        f"{unit.name} 人力资源台账（{package.until:%Y-%m-%d}）",
        (*(LABELS[name] for name in _SHOWN), "所属群体"),
        (
            (*(words(name, one.facts.get(name)) for name in _SHOWN), "、".join(one.groups))
            for one in people
        ),
    )
    book.close()
    plain.seek(0)
    locked = io.BytesIO()
    OOXMLFile(plain).encrypt(password, locked)
    return locked.getvalue()


def change_words(change: dict[str, str]) -> str:
    """One change as a sentence.

    >>> change_words({"fact": "学历", "from": "", "to": "大专", "source": "教育", "on": "10-01"})
    '学历：未登记→大专（教育，10-01）'
    """
    before, after = change["from"] or "未登记", change["to"] or "未登记"
    moved = f"{before}→{after}" if before != after else "有变化"
    return f"{change['fact']}：{moved}（{change['source']}，{change['on']}）"


def _sheet(
    book: Any, bold: Any, name: str, title: str, head: Sequence[str], rows: Iterable[Sequence[str]]
) -> None:
    sheet = book.add_worksheet(name)
    sheet.write_string(0, 0, title, bold)
    for column, label in enumerate(head):
        sheet.write_string(1, column, label, bold)
        sheet.set_column(column, column, 14)
    sheet.freeze_panes(2, 1)
    for number, row in enumerate(rows, start=2):
        for column, text in enumerate(row):
            # As text: a name that begins with "=" is no formula.
            sheet.write_string(number, column, text)
