"""Files as offices make them, generated so that nothing binary lies in the repository."""

import io
import random
from collections.abc import Iterable, Sequence
from datetime import date

import openpyxl

from weiye.base.privacy.identifiers import id_check_digit
from weiye.services.exchange.sheets import (
    Block,
    Problem,
    RowParser,
    Table,
    propose,
    read_table,
)

TODAY = date(2025, 7, 1)


def id_number(born: date = date(1980, 1, 1), order: int = 11, area: str = "379901") -> str:
    """A synthetic number with a right check digit; odd ``order`` = man."""
    first = f"{area}{born:%Y%m%d}{order:03d}"
    return first + id_check_digit(first)


def xlsx(
    rows: Iterable[Sequence[object]], *, merges: Sequence[str] = (), **sheets: object
) -> bytes:
    """A workbook of one sheet 名册 with ``rows``, and the further ``sheets`` (name → rows)."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "名册"
    for row in rows:
        sheet.append(list(row))
    for merge in merges:
        sheet.merge_cells(merge)
    for name, more in sheets.items():
        extra = book.create_sheet(name)
        for row in more:  # type: ignore[attr-defined]
            extra.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def csv_text(rows: Iterable[Sequence[str]], delimiter: str = ",") -> str:
    return "\r\n".join(delimiter.join(row) for row in rows) + "\r\n"


def parse(
    content: bytes, name: str = "名册.xlsx", kind: str = "roster", size: int = 1000
) -> tuple[Table, list[Block]]:
    """Everything from the bytes to the blocks, under the proposed mapping."""
    table = read_table(name, content, kind)
    return table, list(RowParser(table, propose(table).mapping, TODAY).blocks(size))


def rows_of(content: bytes, name: str = "名册.xlsx", kind: str = "roster") -> list[dict]:
    _table, blocks = parse(content, name, kind)
    return [block.row(at) for block in blocks for at in range(len(block.lines))]


def problems_of(blocks: Iterable[Block]) -> dict[int, list[Problem]]:
    return {block.lines[at]: found for block in blocks for at, found in block.errors.items()}


def one_cell(label: str, cell: object, kind: str = "roster") -> tuple[object, list[str]]:
    """Value and messages of one cell under a header, in an otherwise good row."""
    if kind == "roster":
        head, row = ["姓名", "身份证号"], ["王一", id_number()]
    else:
        head, row = ["岗位名称", "用人单位"], ["保安", "测试商店"]
    content = xlsx([[*head, label], [*row, cell]])
    table, blocks = parse(content, kind=kind)
    mapping = propose(table).mapping
    name = mapping[2]
    block = blocks[0]
    said = [str(p.message) for p in (*block.errors.get(0, ()), *block.warnings.get(0, ()))]
    return block.columns[name][0] if name in block.columns else None, said


def people(count: int, seed: int = 1) -> list[list[str]]:
    """Rows (name, ID number, phone) of distinct invented people."""
    dice = random.Random(seed)
    return [
        [
            f"王{dice.choice('一二三四五六七八九')}{dice.choice('甲乙丙丁')}",
            id_number(
                date(1960 + n % 45, 1 + n % 12, 1 + n % 28), (n // 45) % 490 * 2 + n % 2 + 10
            ),
            f"2000{n:07d}",
        ]
        for n in range(count)
    ]
