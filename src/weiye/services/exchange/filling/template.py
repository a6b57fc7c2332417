"""What a template asks for: its table, the rows that are free, people whom it names already."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

import openpyxl
from openpyxl.workbook import Workbook

from weiye.base.privacy.identifiers import IdentifierError, read_id_number

from ..sheets import Choice, SheetRefused, Table, propose, read_table
from ..sheets.header import _is_total
from ..sheets.text import Cell, is_blank, text_of

#: A row that shows how to fill the others in.
_EXAMPLE = re.compile(r"^[（(\[【]?(?:例|示例|样例|例如|范例|填写示例)")
MOST_PEOPLE = 20_000
#: A template is laid out in memory whole, some fifty bytes for each of these.
MOST_INFLATED = 40 * 1024 * 1024
LARGE = "模板太大了。请把里面的图片和多余的工作表、行列删掉再上传。"
#: Formulas that carry what stands in a cell to another computer when the file is opened.
_SENDS = re.compile(
    r'\b(?:WEBSERVICE|IMAGE|RTD|DDE|CALL|REGISTER\.ID)\s*\(|\bHYPERLINK\s*\((?!\s*"#)',
    re.IGNORECASE,
)
_SENDS_TOO = re.compile(r"\|[^|]*!")
_TEXTS = re.compile(r'"[^"]*"')


@dataclass(frozen=True, slots=True)
class Template:
    """A template as it came: rows are counted from 1, as Excel shows them."""

    sheet: str
    title: str
    choices: tuple[Choice, ...]
    first: int
    """The first row below the header."""
    last: int
    """The last row above the foot (totals, signatures); ``first - 1`` without a row between."""
    foot: bool
    named: dict[int, str]
    """Row → ID number, where the template names its people and asks for the rest."""
    examples: tuple[int, ...]
    """Rows that only show how to fill in; they are emptied."""

    @property
    def free(self) -> int:
        return self.last - self.first + 1


def read_template(name: str, content: bytes) -> Template:
    """Raises `SheetRefused` with a sentence for whoever uploaded it."""
    if not name.lower().endswith(".xlsx"):
        raise SheetRefused("填报模板要用 .xlsx 格式。请用 WPS 或 Excel 打开后另存为“.xlsx”再上传。")
    table = read_table(name, content, "roster")
    choices = propose(table).choices
    rows = [(at + 1, row) for at, row in table.sheet.rows() if at > table.bottom]
    last, foot = _body(table, rows)
    number = next((c.column.index for c in choices if c.field == "id_number"), None)
    named, examples = {}, []
    for line, row in rows:
        if line > last:
            break
        if any(_EXAMPLE.match(text_of(cell)) for cell in row if not is_blank(cell)):
            examples.append(line)
        elif number is not None and (found := _id_number(row, number)):
            named[line] = found
    return Template(
        sheet=table.sheet.name,
        title=table.title or name.rsplit(".", 1)[0],
        choices=choices,
        first=table.bottom + 2,
        last=last,
        foot=foot,
        named=named,
        examples=tuple(examples),
    )


def _body(table: Table, rows: list[tuple[int, list[Cell]]]) -> tuple[int, bool]:
    """The last row that people may stand in, and whether anything stands below."""
    for line, row in rows:
        first = next((cell for cell in row if not is_blank(cell)), None)
        if first is None:
            continue
        width = max(column.index for column in table.columns) + 1
        if _is_total(first, row, table.columns) or _notice(table, line - 1, width):
            return line - 1, True
    return max([line for line, _ in rows], default=table.bottom + 1), False


def _notice(table: Table, at: int, width: int) -> bool:
    """A sentence across the table."""
    return any(
        merge.top == at and merge.right - merge.left + 1 > width // 2
        for merge in table.sheet.merges
    )


def _id_number(row: list[Cell], at: int) -> str:
    if at >= len(row) or is_blank(row[at]):
        return ""
    try:
        return read_id_number(text_of(row[at])).number
    except IdentifierError:
        return ""


def open_workbook(content: bytes) -> Workbook:
    """For writing: formulas, styles, merged cells and lists are kept; macros are not."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            # Who unpacks goes by these sizes too: what is longer does not unpack.
            if sum(part.file_size for part in package.infolist()) > MOST_INFLATED:
                raise SheetRefused(LARGE)
        with warnings.catch_warnings():
            # Of what it cannot keep (some pictures) openpyxl only warns.
            warnings.simplefilter("ignore", UserWarning)
            book = openpyxl.load_workbook(io.BytesIO(content), keep_vba=False)
    except SheetRefused:
        raise
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise SheetRefused(
            "这个模板里有程序不能改写的内容。请用 WPS 或 Excel 打开，另存为新的“.xlsx”再上传。"
        ) from error
    for place, formula in _formulas(book):
        if _SENDS.search(formula) or _SENDS_TOO.search(_TEXTS.sub("", formula)):
            raise SheetRefused(
                f"模板的{place}有会连到外面的公式，填进去的个人信息可能被带走，没有使用。"
                "请让发来的部门去掉这个公式。"
            )
    return book


def _formulas(book: Workbook) -> Iterator[tuple[str, str]]:
    """Where each formula stands, and what it is."""
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    # Array formulas are objects.
                    value = getattr(cell.value, "text", cell.value)
                    yield f"“{sheet.title}”{cell.coordinate}格", str(value)
    for names in (book.defined_names, *(sheet.defined_names for sheet in book.worksheets)):
        for name in names.values():
            yield f"名称“{name.name}”", str(name.attr_text or "")
