"""Finding the header of a sheet that people made: below a title, over several rows, merged."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice, pairwise

from .kinds import Kind
from .opening import Book, Merge, RawSheet, Row
from .refused import SheetRefused
from .text import Cell, is_blank, solid, text_of

#: A header lies within this many rows from the top, and is this many rows high at most.
SEARCHED, TALLEST = 30, 3
#: Data rows of one import; a worksheet ends at 1 048 576.
MAX_ROWS = 1_200_000
_REMARKS = re.compile(r"[(（\[【〔].*?[)）\]】〕]|[*＊★:：]|必填|选填|\s")


@dataclass(frozen=True, slots=True)
class Column:
    """A column as its sender named it: ``parts`` from the upper to the lowest header cell."""

    index: int
    parts: tuple[str, ...]

    @property
    def title(self) -> str:
        """As shown to people, e.g. ``残疾/等级``."""
        return "/".join(self.parts)

    @property
    def letter(self) -> str:
        """As an office program names it: A, B … AA."""
        letters, rest = "", self.index + 1
        while rest:
            rest, digit = divmod(rest - 1, 26)
            letters = chr(65 + digit) + letters
        return letters

    def readings(self, foreign: tuple[str, ...]) -> tuple[str, ...]:
        """Plain texts to look up, most telling first: the lowest cell, upper+lower, and so on.

        Below an upper cell that speaks of somebody else (户主 / 姓名) only the whole counts.
        """
        plain = [plain_title(part) for part in self.parts]
        full = [solid(part).upper() for part in self.parts]
        whole = ("".join(plain), "".join(full))
        if any(part.startswith(foreign) for part in plain[:-1]):
            candidates: tuple[str, ...] = whole
        else:
            candidates = (plain[-1], whole[0], full[-1], whole[1], *plain[-2::-1])
        return tuple(dict.fromkeys(text for text in candidates if text))


def plain_title(text: str) -> str:
    """A header cell without spaces, remarks in brackets, stars and colons, in capitals."""
    return _REMARKS.sub("", text).upper()


@dataclass(frozen=True, slots=True)
class Table:
    """The table of one file: where its header lies and what its columns are called."""

    book: Book
    sheet: RawSheet
    kind: Kind
    top: int
    """Index of the first header row."""
    bottom: int
    """Index of the last header row; data begins on the next."""
    columns: tuple[Column, ...]
    title: str
    dated: date | None
    """The day that stands above the header (填报日期), if one does."""
    notes: tuple[str, ...]
    above: str = ""
    """Everything that stands above the header."""

    @property
    def indexes(self) -> frozenset[int]:
        """Indexes of the columns that have a name."""
        return frozenset(column.index for column in self.columns)

    def rows(self) -> Iterator[tuple[int, Row]]:
        """Data rows with their line number (1-based, as the sender sees it).

        Left out: empty lines, repetitions of the header, totals and signature lines. Merged cells
        are filled downwards. More than the row limit raises SheetRefused.
        """
        width = max(column.index for column in self.columns) + 1
        header = self.columns
        merges = _by_row(self.sheet.merges, self.bottom, width)
        open_merges: dict[int, tuple[int, Cell]] = {}
        taken = 0
        for at, row in self.sheet.rows():
            if at <= self.bottom:
                continue
            if len(row) < width:
                row = row + [""] * (width - len(row))
            if at in merges or open_merges:
                row = _fill(at, row, merges.get(at, ()), open_merges)
            first = next((cell for cell in row if cell != "" and not is_blank(cell)), None)
            if first is None or _is_total(first, row, header) or _is_header(row, header):
                continue
            taken += 1
            if taken > MAX_ROWS:
                raise SheetRefused(
                    f"名单超过{MAX_ROWS // 10_000}万行，一次处理不了。"
                    "请按社区或街道分成几个文件上传。"
                )
            yield at + 1, row


def find_table(book: Book, kind: Kind) -> Table:
    """The first sheet with a recognisable header for this kind; the others are named in a note.

    Raises SheetRefused, naming the columns that are needed, if there is none.
    """
    found = find_tables(book, kind)
    table = next((each for each in found if not each.sheet.hidden), found[0])
    return replace(table, notes=(*book.notes, *unread(book, (table,))))


def find_tables(book: Book, kind: Kind) -> tuple[Table, ...]:
    """Every sheet with a recognisable header, hidden ones too; raises as `find_table`."""
    sheets = (_table_of(book, sheet, kind) for sheet in book.sheets if sheet.height)
    found = tuple(table for table in sheets if table is not None)
    if not any(not table.sheet.hidden for table in found):
        raise SheetRefused(_no_header(kind))
    return found


def proposed(tables: tuple[Table, ...]) -> tuple[Table, ...]:
    """The sheets that come in together unless somebody chooses others: those with the header of
    the first, as far as they can be seen.
    """
    seen = [table for table in tables if not table.sheet.hidden]
    return tuple(table for table in seen if table.columns == seen[0].columns)


def unread(book: Book, chosen: tuple[Table, ...]) -> tuple[str, ...]:
    """What is said of the sheets that are left out."""
    names = {table.sheet.name for table in chosen}
    notes = []
    others = [s.name for s in book.sheets if s.height and s.name not in names and not s.hidden]
    if others:
        read, left = (
            "、".join(f"“{name}”" for name in some)
            for some in ([t.sheet.name for t in chosen], others[:8])
        )
        notes.append(f"读取的是工作表{read}，{left}没有读取。")
    for sheet in book.sheets:
        if sheet.hidden and sheet.height and sheet.name not in names:
            notes.append(f"工作表“{sheet.name}”是隐藏的，没有读取。")
    return tuple(notes)


def _no_header(kind: Kind) -> str:
    needed = "、".join(f"“{field.label}”" for field in kind.needed)
    return (
        f"没有找到{kind.label}的表头。表头中至少要有{needed}{len(kind.needed)}列"
        "（名称相近也可以），请检查后重新上传。"
    )


def _table_of(book: Book, sheet: RawSheet, kind: Kind) -> Table | None:
    head: list[Row] = []
    for at, row in islice(sheet.rows(), SEARCHED + TALLEST):
        if at >= SEARCHED + TALLEST:
            break
        head += [[] for _ in range(at - len(head))]
        head.append(list(row))
    if not head:
        return None
    width = max(len(row) for row in head)
    texts = [[text_of(cell) for cell in row] + [""] * (width - len(row)) for row in head]
    best: tuple[int, int, int] | None = None
    for top in range(min(SEARCHED, len(texts))):
        for height in range(1, TALLEST + 1):
            bottom = top + height - 1
            if bottom >= len(texts) or (height > 1 and not _continues(texts, top, bottom, kind)):
                break
            columns = _columns(texts, top, bottom, sheet.merges)
            score = len(recognised(columns, kind))
            if score >= 2 and (best is None or (score, -height) > (best[0], best[1] - best[2] - 1)):
                best = (score, top, bottom)
    if best is None:
        return None
    _score, top, bottom = best
    bottom = max(
        (m.bottom for m in sheet.merges if m.top <= bottom <= m.bottom <= top + TALLEST - 1),
        default=bottom,
    )
    top = min(_upper_storey(texts, top, bottom, sheet.merges), top)
    columns = _columns(texts, top, bottom, sheet.merges)
    fields = recognised(columns, kind)
    if not any(field.name in fields for field in kind.needed):
        return None
    title = next((cell for row in texts[:top] for cell in row if cell), "")
    above = "\n".join(cell for row in texts[:top] for cell in row if cell)
    return Table(book, sheet, kind, top, bottom, columns, title, _dated(texts[:top]), (), above)


_DAY = re.compile(r"([12][0-9]{3})[年./-]([0-9]{1,2})[月./-]([0-9]{1,2})")


def _dated(above: list[list[str]]) -> date | None:
    for row in above:
        for cell in row:
            if match := _DAY.search(cell):
                try:
                    return date(*map(int, match.groups()))
                except ValueError:
                    continue
    return None


def _upper_storey(texts: list[list[str]], top: int, bottom: int, merges: tuple[Merge, ...]) -> int:
    """First row of group names above a header found, by the merges that tie them together."""
    highest = max(0, bottom - TALLEST + 1)
    tied = [m.top for m in merges if highest <= m.top < top <= m.bottom]
    if tied:
        return min(tied)
    above = top - 1
    if above < highest:
        return top
    groups = [m for m in merges if m.top == m.bottom == above]
    named = {cell for cell in texts[above] if cell}
    if len(groups) >= 2 and len(named) >= 2 and not any(re.search("[:：]", cell) for cell in named):
        return above
    return top


def recognised(columns: tuple[Column, ...], kind: Kind) -> set[str]:
    """Names of the fields that some header names exactly."""
    lookup = synonyms(kind)
    return {
        lookup[reading]
        for column in columns
        for reading in column.readings(kind.foreign)[:4]
        if reading in lookup
    }


def synonyms(kind: Kind) -> dict[str, str]:
    """Plain header text → field name; the earlier field wins a shared word."""
    lookup: dict[str, str] = {}
    for field in kind.fields:
        for word in field.synonyms:
            lookup.setdefault(word.upper(), field.name)
    return lookup


def _continues(texts: list[list[str]], top: int, bottom: int, kind: Kind) -> bool:
    """Whether row ``bottom`` can be the lower storey of a header that begins at ``top``.

    A row of data fills the columns that a header above names as needed; a lower storey does not.
    """
    lookup = synonyms(kind)
    needed = {field.name for field in kind.needed}
    lower = texts[bottom]
    if not any(lower):
        return False
    for row in texts[top:bottom]:
        for at, cell in enumerate(row):
            if lookup.get(plain_title(cell)) in needed and lower[at] and lower[at] != cell:
                return False
    return not any(re.search(r"[0-9]{8,}", cell) for cell in lower)


def _columns(
    texts: list[list[str]], top: int, bottom: int, merges: tuple[Merge, ...]
) -> tuple[Column, ...]:
    grid = [list(row) for row in texts[top : bottom + 1]]
    for merge in merges:
        if merge.top > bottom or merge.bottom < top:
            continue
        value = texts[merge.top][merge.left] if merge.left < len(texts[merge.top]) else ""
        for r in range(max(merge.top, top), min(merge.bottom, bottom) + 1):
            for c in range(merge.left, min(merge.right, len(grid[0]) - 1) + 1):
                grid[r - top][c] = value
    if bottom > top and not merges:
        _spread_right(grid)
    columns = []
    for at in range(len(grid[0])):
        parts = tuple(dict.fromkeys(row[at] for row in grid if row[at]))
        if parts:
            columns.append(Column(at, parts))
    return tuple(columns)


def _spread_right(grid: list[list[str]]) -> None:
    """Text files lose merges: an upper cell reigns over the empty ones to its right."""
    for upper, lower in pairwise(grid):
        for at in range(1, len(upper)):
            if not upper[at] and lower[at] and lower[at - 1]:
                upper[at] = upper[at - 1]


def _by_row(merges: tuple[Merge, ...], bottom: int, width: int) -> dict[int, list[Merge]]:
    found: dict[int, list[Merge]] = {}
    for merge in merges:
        if merge.top > bottom and merge.bottom > merge.top and merge.left < width:
            found.setdefault(merge.top, []).append(merge)
    return found


def _fill(
    at: int, row: Row, starting: list[Merge] | tuple[()], still: dict[int, tuple[int, Cell]]
) -> Row:
    row = list(row)
    for column, (last, value) in list(still.items()):
        if at > last:
            del still[column]
        elif is_blank(row[column]):
            row[column] = value
    for merge in starting:
        still[merge.left] = (merge.bottom, row[merge.left])
    return row


_TOTAL = re.compile(
    r"(?:合计|总计|小计|共计|总人数|共[0-9]+人|填表|填报|制表|审核|复核|经办|负责人|单位负责人|分管领导"
    r"|主管领导|单位[(（]|盖章|[(（]盖章|日期[:：]|联系人[:：]|备注[:：]|说明[:：]|注[:：]|第[0-9]+页)"
)


def _is_total(first: Cell, row: Row, header: tuple[Column, ...]) -> bool:
    if not isinstance(first, str) or not _TOTAL.match(solid(text_of(first))):
        return False
    filled = sum(1 for cell in row if not is_blank(cell))
    if len(solid(text_of(first))) > 6 and filled > 2:
        return False
    return filled <= max(2, len(header) // 2)


def _is_header(row: Row, header: tuple[Column, ...]) -> bool:
    if not any(row[column.index] in column.parts for column in header[:4]):
        return False
    hits = sum(1 for column in header if text_of(row[column.index]) in column.parts)
    return hits >= 2 and hits * 2 > sum(1 for cell in row if not is_blank(cell))
