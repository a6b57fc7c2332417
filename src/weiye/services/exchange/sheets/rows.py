"""Rows of a table, block by block, into typed columns with every problem named.

Works column-wise and remembers what each distinct cell gave, so that the cost is that of the
distinct values; memory is that of one block, whatever the number of rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Protocol

from .opening import Row
from .refused import SheetRefused
from .seen import Seen, digest
from .text import UNCALCULATED, Cell
from .values import CellError, Noted, Parser, Value

if TYPE_CHECKING:
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
    sheet: str = ""
    """Named where several sheets are read."""

    def __str__(self) -> str:
        """As told to the sender: 第12行 学历“大本？”不认识，可填：…"""
        return f"{place(self.sheet, self.line)} {self.message}"


def place(sheet: str, line: int) -> str:
    """As a sender finds it: 第12行, 工作表“二组”第12行."""
    return f"工作表“{sheet}”第{line}行" if sheet else f"第{line}行"


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
    sheet: str = ""
    carried: dict[str, Any] = field(default_factory=dict)
    """What rows before these mean for them (`intake.outcome.Adapter.carry`)."""

    def error(self, at: int, name: str, message: str) -> None:
        self.errors.setdefault(at, []).append(self._problem(at, name, message))

    def warn(self, at: int, name: str, message: str) -> None:
        self.warnings.setdefault(at, []).append(self._problem(at, name, message))

    def noted(self, at: int, name: str) -> bool:
        """Whether the cell of this field carries a remark."""
        return any(problem.field == name for problem in self.warnings.get(at, ()))

    def _problem(self, at: int, name: str, message: str) -> Problem:
        return Problem(
            self.lines[at],
            name,
            self.labels.get(name, ""),
            self.sources.get(name),
            message,
            self.sheet,
        )

    def said(self, at: int, name: str, message: str) -> Problem:
        """A problem as it was found before and kept."""
        return self._problem(at, name, message)

    def good(self) -> list[int]:
        """Positions of the rows without error."""
        return [at for at in range(len(self.lines)) if at not in self.errors]

    def row(self, at: int) -> dict[str, Value]:
        """The known values of one row by field."""
        return {name: column[at] for name, column in self.columns.items() if column[at] is not None}


class Headed(Protocol):
    """What a parser needs to know of a table: its kind and its columns."""

    @property
    def kind(self) -> Kind: ...

    @property
    def indexes(self) -> Collection[int]: ...


@dataclass(frozen=True, slots=True)
class Head:
    """A header without its file: see `Headed`."""

    kind: Kind
    indexes: Collection[int]


@dataclass(frozen=True, slots=True)
class Clash:
    """Two people under one number: ``message`` is for the row that came first."""

    sheet: int
    line: int
    message: str


class RowParser:
    """Parses rows under a mapping; one object per pass over the file.

    ``mapping``: column index → field name. ``today`` bounds the days of the past. ``answered``:
    fields whose answer for all holds where a row says nothing. ``sheets``: names, where there are
    several. ``clashes``: rows of earlier blocks that later ones put in doubt.
    """

    def __init__(
        self,
        table: Headed,
        mapping: Mapping[int, str],
        today: date,
        answered: Collection[str] = (),
        sheets: Sequence[str] = (),
    ) -> None:
        kind: Kind = table.kind
        missing = [f.label for f in kind.needed if f.name not in mapping.values()]
        if missing:
            columns = "、".join(f"“{label}”" for label in missing)
            raise SheetRefused(f"没有指定{columns}在哪一列。请为必需的内容选择对应的列。")
        if len(set(mapping.values())) < len(mapping):
            raise SheetRefused("有两列对应了同一项内容。请只保留一列。")
        unknown = set(mapping.values()) - set(kind.by_name)
        outside = set(mapping) - set(table.indexes)
        if unknown or outside:
            raise SheetRefused("列的对应关系与这个文件不符。请重新选择。")
        self.table = table
        self.today = today
        self.kind = kind
        self.mapping = dict(sorted(mapping.items()))
        self.sheets = list(sheets) if len(sheets) > 1 else [""]
        self.clashes: list[Clash] = []
        self._parsers: dict[str, Parser] = {
            name: kind.by_name[name].parser(today) for name in mapping.values()
        }
        self._labels = {f.name: f.label for f in kind.fields}
        self._sources = {name: index for index, name in self.mapping.items()}
        self._answers = {a.field: a.value for a in kind.answers if a.field in answered}
        self._seen, self._alike = Seen(), Seen()

    def blocks(self, size: int = BLOCK_ROWS) -> Iterator[Block]:
        """The rows of a whole table in blocks of at most ``size``, in order."""
        for lines, raw in batches(self.table.rows(), size):  # type: ignore[attr-defined]
            yield self.block(lines, raw)

    def block(
        self, lines: list[int], raw: list[Row], sheet: str = "", *, unique: bool = True
    ) -> Block:
        """Some rows. Blocks come in the order of the file; ``unique`` False: whatever came before
        does not matter.
        """
        block = self._block(lines, raw, sheet if len(self.sheets) > 1 else "")
        if unique and self.kind.unique:
            self._check_unique(block)
        return block

    def _block(self, lines: list[int], raw: list[Row], sheet: str) -> Block:
        block = Block(lines, raw, {}, self.today, self._labels, self._sources, sheet=sheet)
        for index, name in self.mapping.items():
            cells = [row[index] if index < len(row) else "" for row in raw]
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
                value = CellError(_FAILED[cell]) if cell in _FAILED else parse(cell)
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
        name, at_sheet = self.kind.unique, self.sheets.index(block.sheet)
        label = self._labels[name]
        names = block.columns.get(self.kind.name_of, [None] * len(block.lines))
        called = [digest(str(each)) if each else 0 for each in names]
        numbers = [value if isinstance(value, str) else None for value in block.columns[name]]
        twice = self._seen.look(numbers, at_sheet, block.lines, called)
        for at, (sheet, line, other) in twice.items():
            first = place(self.sheets[sheet], line)
            if other and called[at] and other != called[at]:
                block.error(at, name, f"{label}与{first}相同，姓名却不同，请核对这个号码是谁的")
                here = place(block.sheet, block.lines[at])
                self._clash(
                    block, sheet, line, f"{label}与{here}相同，姓名却不同，请核对这个号码是谁的"
                )
            else:
                block.error(at, name, f"{label}与{first}重复，同一个人只能出现一次")
        if not self.kind.alike:
            return
        texts: list[str | None] = []
        columns = [block.columns.get(each) for each in self.kind.alike]
        for at in range(len(block.lines)):
            values = [column[at] if column is not None else None for column in columns]
            same = at in twice or numbers[at] is None or not all(values)
            texts.append(None if same else "\0".join(map(str, values)))
        for at, (sheet, line, _) in self._alike.look(texts, at_sheet, block.lines).items():
            said = "、".join(self._labels[each] for each in self.kind.alike)
            block.error(
                at,
                name,
                f"与{place(self.sheets[sheet], line)}像是同一个人（{said}都相同），"
                f"{label}却不同，请核对后只留一行",
            )

    def _clash(self, block: Block, sheet: int, line: int, message: str) -> None:
        if self.sheets[sheet] == block.sheet and line >= block.lines[0]:
            at = block.lines.index(line)
            if not _complained(block, at, self.kind.unique):
                block.error(at, self.kind.unique, message)
        else:
            self.clashes.append(Clash(sheet, line, message))


#: What a formula leaves that did not work out, or whose result is not in the file.
_FAILED: dict[Cell, str] = {
    UNCALCULATED: "这一格是公式，文件里没有算好的结果。请用Excel或WPS打开后保存一次，"
    "或改成数值再上传",
    **{
        error: f"这一格的公式出错了（{error}），请改成文字或数字"
        for error in (
            "#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!",
        )
    },
}  # fmt: skip


def batches(
    rows: Iterator[tuple[int, Row]], size: int = BLOCK_ROWS
) -> Iterator[tuple[list[int], list[Row]]]:
    """Lines and rows, ``size`` at a time."""
    lines: list[int] = []
    raw: list[Row] = []
    for line, row in rows:
        lines.append(line)
        raw.append(row)
        if len(lines) == size:
            yield lines, raw
            lines, raw = [], []
    if lines:
        yield lines, raw


def _complained(block: Block, at: int, name: str) -> bool:
    return any(problem.field == name for problem in block.errors.get(at, ()))
