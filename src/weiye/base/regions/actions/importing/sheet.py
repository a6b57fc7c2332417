"""The file: its rows as they were read, what became of each, and the sender's own table back."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from weiye.engine.tables import TableError, read_text

from ..step import Outcome

HEADERS = {
    "code": ("代码", "统计用区划代码", "区划代码", "新代码", "code"),
    "name": ("名称", "单位名称", "新名称", "name"),
    "urban_rural": ("城乡分类代码", "城乡分类", "urban_rural"),
    "old": ("原代码", "旧代码", "old_code"),
    "verb": ("变更", "变更类型", "change"),
}
CHANGES = ("新增", "改名", "变更代码", "迁移", "拆分", "合并", "撤销")
"""What may stand in the column 变更; empty is fine, it follows from the codes."""

RESULT = "处理结果"


@dataclass(frozen=True)
class Row:
    number: int
    code: str
    name: str
    urban_rural: str
    olds: tuple[str, ...]
    verb: str


@dataclass(frozen=True)
class Sheet:
    """A file as it was read: the sender's own cells, and what they mean."""

    cells: pl.DataFrame
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Line:
    """What becomes of one row: ``words`` in Chinese; ``bad``: it was set aside."""

    row: Row
    words: str
    bad: bool = False
    changes: bool = True


@dataclass
class Judged:
    lines: list[Line] = field(default_factory=list)
    outcome: Outcome = field(default_factory=Outcome)

    @property
    def bad(self) -> list[Line]:
        return [line for line in self.lines if line.bad]

    @property
    def changed(self) -> list[Line]:
        return [line for line in self.lines if line.changes and not line.bad]

    @property
    def unchanged(self) -> int:
        return len(self.lines) - len(self.bad) - len(self.changed)

    def returned(self, sheet: Sheet) -> pl.DataFrame:
        """The sender's own table with a column that says what became of each row."""
        words = {
            line.row.number: f"错误：{line.words}" if line.bad else line.words
            for line in self.lines
        }
        told = [words.get(number, "") for number in sheet.cells["row"].to_list()]
        return sheet.cells.drop("row").with_columns(pl.Series(RESULT, told, dtype=pl.String))


def read_changes(path: Path) -> Sheet:
    """Reads .csv, .xlsx or .parquet. Raises `TableError` for a file that cannot be used at all."""
    cells = read_text(path)
    columns: dict[str, str] = {}
    for key, names in HEADERS.items():
        found = [name for name in names if name in cells.columns]
        if found:
            columns[key] = found[0]
    if "code" not in columns:
        raise TableError("表里没有“代码”这一列。")
    if not {"name", "urban_rural", "old", "verb"} & columns.keys():
        raise TableError("除了“代码”，还要有“名称”“城乡分类代码”“原代码”“变更”中的至少一列。")
    if not cells.height:
        raise TableError("表里没有数据。")
    rows = []
    for each in cells.iter_rows(named=True):
        text = {
            key: "".join(c for c in (each[name] or "") if c.isprintable()).strip()
            for key, name in columns.items()
        }
        rows.append(
            Row(
                number=each["row"],
                code=text["code"],
                name=text.get("name", ""),
                urban_rural=text.get("urban_rural", ""),
                olds=tuple(
                    dict.fromkeys(o for o in re.split(r"[、,，;；|\s]+", text.get("old", "")) if o)
                ),
                verb=text.get("verb", ""),
            )
        )
    return Sheet(cells.drop(RESULT, strict=False), tuple(rows))
