"""Rows of a table, block by block, into typed columns with every problem named.

Works column-wise and remembers what each distinct cell gave, so that the cost is that of the
distinct values; memory is that of one block, whatever the number of rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from .opening import Row
from .refused import SheetRefused
from .text import Cell
from .values import CellError, Noted, Parser, Value

if TYPE_CHECKING:
    from .header import Table
    from .kinds import Kind

BLOCK_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class Problem:
    """One remark on one cell; ``column`` is the index in the file, None where there is none."""

    line: int
    field: str
    label: str
    column: int | None
    message: str

    def __str__(self) -> str:
        """As told to the sender: 第12行 学历“大本？”不认识，可填：…"""
        return f"第{self.line}行 {self.message}"


@dataclass(slots=True)
class Block:
    """Some consecutive rows: the raw cells, the values by field, what is wrong or remarkable.

    ``columns[field][i]``, ``lines[i]``, ``raw[i]`` belong together; ``errors[i]`` lists problems.
    A row with an error must not be taken; its values are there for showing.
    """

    lines: list[int]
    raw: list[Row]
    columns: dict[str, list[Value]]
    today: date
    labels: Mapping[str, str]
    sources: Mapping[str, int]
    errors: dict[int, list[Problem]] = field(default_factory=dict)
    warnings: dict[int, list[Problem]] = field(default_factory=dict)

    def error(self, at: int, name: str, message: str) -> None:
        self.errors.setdefault(at, []).append(self._problem(at, name, message))

    def warn(self, at: int, name: str, message: str) -> None:
        self.warnings.setdefault(at, []).append(self._problem(at, name, message))

    def noted(self, at: int, name: str) -> bool:
        """Whether the cell of this field carries a remark."""
        return any(problem.field == name for problem in self.warnings.get(at, ()))

    def _problem(self, at: int, name: str, message: str) -> Problem:
        return Problem(
            self.lines[at], name, self.labels.get(name, ""), self.sources.get(name), message
        )

    def good(self) -> list[int]:
        """Positions of the rows without error."""
        return [at for at in range(len(self.lines)) if at not in self.errors]

    def row(self, at: int) -> dict[str, Value]:
        """The known values of one row by field."""
        return {name: column[at] for name, column in self.columns.items() if column[at] is not None}


class RowParser:
    """Parses a table under a mapping; one object per pass over the file.

    ``mapping``: column index → field name. ``today`` bounds the days of the past. ``answered``:
    fields whose answer for all holds where a row says nothing.
    """

    def __init__(
        self,
        table: Table,
        mapping: Mapping[int, str],
        today: date,
        answered: Collection[str] = (),
    ) -> None:
        kind: Kind = table.kind
        missing = [f.label for f in kind.needed if f.name not in mapping.values()]
        if missing:
            columns = "、".join(f"“{label}”" for label in missing)
            raise SheetRefused(f"没有指定{columns}在哪一列。请为必需的内容选择对应的列。")
        if len(set(mapping.values())) < len(mapping):
            raise SheetRefused("有两列对应了同一项内容。请只保留一列。")
        unknown = set(mapping.values()) - set(kind.by_name)
        outside = set(mapping) - {column.index for column in table.columns}
        if unknown or outside:
            raise SheetRefused("列的对应关系与这个文件不符。请重新选择。")
        self.table = table
        self.today = today
        self.kind = kind
        self.mapping = dict(sorted(mapping.items()))
        self._parsers: dict[str, Parser] = {
            name: kind.by_name[name].parser(today) for name in mapping.values()
        }
        self._labels = {f.name: f.label for f in kind.fields}
        self._sources = {name: index for index, name in self.mapping.items()}
        self._answers = {a.field: a.value for a in kind.answers if a.field in answered}
        self._seen: dict[Value, int] = {}

    def blocks(self, size: int = BLOCK_ROWS) -> Iterator[Block]:
        """The file in blocks of at most ``size`` rows, in order."""
        lines: list[int] = []
        raw: list[Row] = []
        for line, row in self.table.rows():
            lines.append(line)
            raw.append(row)
            if len(lines) == size:
                yield self._block(lines, raw)
                lines, raw = [], []
        if lines:
            yield self._block(lines, raw)

    def _block(self, lines: list[int], raw: list[Row]) -> Block:
        block = Block(lines, raw, {}, self.today, self._labels, self._sources)
        for index, name in self.mapping.items():
            cells = [row[index] for row in raw]
            block.columns[name] = self._column(block, name, cells)
        for spec in self.kind.fields:
            if spec.filled:
                for at, value in enumerate(block.columns[spec.name]):
                    if value is None and not _complained(block, at, spec.name):
                        block.error(at, spec.name, f"{spec.label}没有填写")
        for check in self.kind.checks:
            check(block)
        for name, value in self._answers.items():
            said = block.columns.get(name, [None] * len(lines))
            block.columns[name] = [value if each is None else each for each in said]
        if self.kind.unique:
            self._check_unique(block)
        return block

    def _column(self, block: Block, name: str, cells: list[Cell]) -> list[Value]:
        parse = self._parsers[name]
        known: dict[Cell, Value] = {}
        values: list[Value] = []
        remarkable = False
        for cell in cells:
            try:
                values.append(known[cell])
                continue
            except KeyError:
                pass
            value: Value
            try:
                value = parse(cell)
            except CellError as error:
                value = error
            if value.__class__ in (CellError, Noted):
                remarkable = True
            known[cell] = value
            values.append(value)
        if not remarkable:
            return values
        for at, value in enumerate(values):
            if value.__class__ is CellError:
                block.error(at, name, str(value))
                values[at] = None
            elif value.__class__ is Noted:
                block.warn(at, name, value.note)
                values[at] = value.value
        return values

    def _check_unique(self, block: Block) -> None:
        name, seen = self.kind.unique, self._seen
        label = self._labels[name]
        for at, value in enumerate(block.columns[name]):
            if value is None:
                continue
            line = block.lines[at]
            first = seen.setdefault(value, line)
            if first != line:
                block.error(at, name, f"{label}与第{first}行重复，同一个人只能出现一次")


def _complained(block: Block, at: int, name: str) -> bool:
    return any(problem.field == name for problem in block.errors.get(at, ()))
