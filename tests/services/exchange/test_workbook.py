"""The streaming reader against a general one, and what only it can tell."""

import io
import random
import re
import zipfile
from datetime import date, datetime

import openpyxl
import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook

from tests.services.exchange.making import id_number, one_cell, people, xlsx
from weiye.services.exchange.sheets import find_tables, open_book, proposed, read_tables
from weiye.services.exchange.sheets.kinds import Kind
from weiye.services.exchange.sheets.opening import MAX_BYTES
from weiye.services.exchange.sheets.roster import ROSTER
from weiye.services.exchange.sheets.text import text_of

pytestmark = pytest.mark.requirement("PPL-3")
HEAD = ["姓名", "身份证号", "联系电话"]


def streamed(content: bytes) -> list[list[list[str]]]:
    """Cells of every sheet as text, trailing blanks and empty rows left out."""
    return [
        [trimmed(row) for _at, row in sheet.rows() if trimmed(row)]
        for sheet in open_book("a.xlsx", content).sheets
    ]


def laid_out(content: bytes) -> list[list[list[str]]]:
    """The same by calamine, which shares no line with our reader."""
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    found = []
    for index in range(len(book.sheet_names)):
        sheet = book.get_sheet_by_index(index)
        pad = [""] * (sheet.start[1] if sheet.start else 0)
        rows = [trimmed(pad + row) for row in sheet.iter_rows()]
        found.append([row for row in rows if row])
    return found


def trimmed(row: list) -> list[str]:
    texts = [text_of(cell) for cell in row]
    while texts and not texts[-1]:
        texts.pop()
    return texts


def nasty(seed: int, writer: str) -> bytes:
    """A workbook of odd cells, by either of two programs that write quite differently."""
    dice = random.Random(seed)
    cells = [
        "王一", "䶮𬸘 & <b> \"x\" '", " 两边空 ", "a\nb", "_x0041_", "", None, 0, -3, 12.5, 1e-7,
        3.7010219800101e17, 45123, True, False, date(2024, 2, 29),
        datetime.fromisoformat("2024-05-01T13:30"),
        datetime.fromisoformat("1999-12-31"), "=不是公式", "１２３", "　", 44927.5,
    ]  # fmt: skip
    rows = [[dice.choice(cells) for _ in range(dice.randrange(1, 12))] for _ in range(60)]
    out = io.BytesIO()
    if writer == "openpyxl":
        book = openpyxl.Workbook()
        sheet = book.active
        for row in rows:
            sheet.append(row)
        for line in sheet.iter_rows():
            for cell in line:
                if isinstance(cell.value, str) and cell.value.startswith("="):
                    cell.data_type = "s"
        book.create_sheet("空")
        sheet.merge_cells("A3:B4")
        book.save(out)
    else:
        options = {"strings_to_formulas": False, "in_memory": dice.random() < 0.5}
        book = xlsxwriter.Workbook(out, options)
        sheet = book.add_worksheet()
        day = book.add_format({"num_format": 'yyyy"年"m"月"d"日"'})
        for at, row in enumerate(rows):
            for column, cell in enumerate(row):
                if isinstance(cell, date):
                    sheet.write_datetime(at, column + 1, cell, day)
                elif cell is not None:
                    sheet.write(at * 2, column + 1, cell)
        book.close()
    return out.getvalue()


@pytest.mark.parametrize("writer", ["openpyxl", "xlsxwriter"])
@pytest.mark.parametrize("seed", range(6))
def test_the_same_cells_as_a_general_reader(seed, writer):
    content = nasty(seed, writer)
    assert streamed(content) == laid_out(content)


def rewritten(content: bytes, change) -> bytes:
    """The workbook with its first sheet's XML changed."""
    source = zipfile.ZipFile(io.BytesIO(content))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for info in source.infolist():
            data = source.read(info)
            if info.filename == "xl/worksheets/sheet1.xml":
                data = change(data)
            package.writestr(info.filename, data)
    return out.getvalue()


def prefixed(data: bytes) -> bytes:
    data = re.sub(rb"<(/?)(?=[a-z])", rb"<\1x:", data)
    return data.replace(b"xmlns=", b"xmlns:x=")


@pytest.mark.parametrize(
    "change",
    [
        prefixed,
        lambda data: data.replace(b'"', b"'"),
        lambda data: data.replace(b"<sheetData>", b"<!-- x --><sheetData>"),
    ],
)
def test_a_workbook_written_unusually_is_read_all_the_same(change):
    content = xlsx([HEAD, *people(5)])
    assert streamed(rewritten(content, change)) == streamed(content)


def test_attributes_in_another_order_and_rows_without_numbers():
    content = xlsx([HEAD, *people(5)])

    def change(data: bytes) -> bytes:
        data = re.sub(rb'<c r="([A-Z0-9]+)" t="(\w+)"', rb'<c t="\2" r="\1"', data)
        return re.sub(rb'<row r="\d+"', b"<row", data)

    assert streamed(rewritten(content, change)) == streamed(content)


def formula(cached: str | None) -> bytes:
    content = xlsx([[*HEAD, "月收入"], ["王一", id_number(), "20000000001", 1234567]])
    value = b"" if cached is None else b"<v>%s</v>" % cached.encode()
    return rewritten(
        content, lambda data: data.replace(b"<v>1234567</v>", b"<f>2000+34</f>" + value)
    )


def test_a_formula_counts_by_its_stored_value_and_one_without_is_told():
    assert streamed(formula("2034"))[0][1][3] == "2034"
    _table, (block,) = _parsed(formula(None))
    assert "公式" in block.errors[0][0].message and "保存一次" in block.errors[0][0].message


def test_a_formula_that_failed_is_told():
    _value, said = one_cell("现住址", "#REF!")
    assert "公式出错了" in said[0]


def _parsed(content: bytes):
    from tests.services.exchange.making import parse

    return parse(content)


def test_eighteen_digits_stored_as_a_number_by_other_programs_are_whole():
    number = id_number(order=12)
    while number.endswith("X"):
        number = id_number(born=date(1980, 1, 2), order=12)
    content = xlsx([HEAD, ["王一", 1234567, ""]])
    content = rewritten(
        content, lambda data: data.replace(b"<v>1234567</v>", f"<v>{number}</v>".encode())
    )
    _table, (block,) = _parsed(content)
    assert block.columns["id_number"][0] == number


def test_dates_since_1904():
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"date_1904": True})
    sheet = book.add_worksheet()
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    sheet.write_row(0, 0, [*HEAD, "出生日期"])
    sheet.write_row(1, 0, ["王一", id_number(), ""])
    sheet.write_datetime(1, 3, date(1980, 1, 1), day)
    book.close()
    assert streamed(out.getvalue())[0][1][3] == "1980-01-01"


def test_shared_strings_far_beyond_what_stays_in_memory(monkeypatch):
    from weiye.services.exchange.sheets.workbook import _Texts

    monkeypatch.setattr(_Texts, "_KEPT", 2)
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    sheet = book.add_worksheet()
    wanted = [f"字{n % 7001}{n}" for n in range(9000)]
    for n, text in enumerate(wanted):
        sheet.write(n, 0, text)
        sheet.write(n, 1, wanted[-1 - n])
    book.close()
    rows = streamed(out.getvalue())[0]
    assert [row[0] for row in rows] == wanted
    assert [row[1] for row in rows] == wanted[::-1]


# --- several sheets ------------------------------------------------------------------------------


def test_sheets_with_the_same_header_come_in_together_hidden_ones_are_named():
    out = io.BytesIO()
    book = openpyxl.Workbook()
    book.active.title = "一组"
    for name in ("二组", "说明", "旧名册", "别的表头"):
        book.create_sheet(name)
    for name, some in (("一组", people(3)), ("二组", people(2, seed=2)), ("旧名册", people(4))):
        for row in [HEAD, *some]:
            book[name].append(row)
    book["说明"].append(["每季度报一次"])
    for row in [["姓名", "身份证号", "学历"], ["王五", id_number(order=91), "初中"]]:
        book["别的表头"].append(row)
    book["旧名册"].sheet_state = "hidden"
    book.save(out)
    tables = read_tables("a.xlsx", out.getvalue(), "roster")
    assert [table.sheet.name for table in tables] == ["一组", "二组", "旧名册", "别的表头"]
    assert [table.sheet.name for table in proposed(tables)] == ["一组", "二组"]
    assert [table.sheet.hidden for table in tables] == [False, False, True, False]


def test_ranges_far_apart_cost_nothing():
    kind: Kind = ROSTER
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    sheet = book.add_worksheet()
    sheet.write_row(700_000, 100, HEAD)
    sheet.write_row(700_001, 100, people(1)[0])
    book.close()
    book_ = open_book("a.xlsx", out.getvalue())
    assert sum(1 for _ in book_.sheets[0].rows()) == 2
    # A header that far down is none.
    with pytest.raises(ValueError, match="没有找到"):
        find_tables(book_, kind)
    assert MAX_BYTES >= 200 * 2**20
