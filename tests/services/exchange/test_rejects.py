"""The sender's own file back, with what is wrong."""

import csv
import io

import openpyxl
import pytest
from openpyxl.styles import Font

from tests.services.exchange.making import csv_text, id_number, parse, problems_of, xlsx
from weiye.services.exchange.sheets import read_table, rejects, rejects_file

pytestmark = pytest.mark.requirement("PPL-3")


def given_back(content, table, problems):
    """Suffix and bytes of the file that goes back; ``problems`` by line."""

    def wrong(table):
        rows = dict(table.rows())
        return iter([(line, rows[line], problems[line]) for line in sorted(problems)])

    suffix, file = rejects_file(io.BytesIO(content), [table], wrong)
    file.seek(0)
    return suffix, file.read()


def returned(content, name="名册.xlsx"):
    table, blocks = parse(content, name)
    return given_back(content, table, problems_of(blocks))


def test_workbook_keeps_its_form_and_gains_a_column():
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["某社区名册"])
    sheet.merge_cells("A1:C1")
    sheet.append(["姓名", "身份证号", "学历"])
    sheet.append(["王一", id_number(), "大本？"])
    sheet.append(["王二", id_number(order=13), "高中"])
    sheet["A4"].font = Font(bold=True, color="FFFF0000")
    sheet["D4"] = None
    sheet.column_dimensions["B"].width = 33
    book.create_sheet("说明")["A1"] = "=1+1"
    out = io.BytesIO()
    book.save(out)
    suffix, back = returned(out.getvalue())
    assert suffix == ".xlsx"
    found = openpyxl.load_workbook(io.BytesIO(back))
    sheet = found["Sheet"]
    assert sheet["D2"].value == "错误说明"
    assert sheet["D3"].value.startswith("学历“大本？”不认识")
    assert sheet["D4"].value is None
    assert sheet["C3"].fill.start_color.rgb == "FFFFC7CE"
    assert sheet["C4"].fill.fill_type is None
    assert "A1:C1" in [str(r) for r in sheet.merged_cells.ranges]
    assert sheet.column_dimensions["B"].width == 33
    assert sheet["A4"].font.bold
    assert found["说明"]["A1"].value == "=1+1"


def test_mended_file_is_read_again_and_the_old_remarks_do_not_matter():
    content = xlsx([["姓名", "身份证号"], ["王一", "123"]])
    _suffix, back = returned(content)
    book = openpyxl.load_workbook(io.BytesIO(back))
    book.active["B2"] = id_number()
    out = io.BytesIO()
    book.save(out)
    table, blocks = parse(out.getvalue())
    assert not problems_of(blocks)
    _suffix, again = given_back(out.getvalue(), table, {})
    sheet = openpyxl.load_workbook(io.BytesIO(again)).active
    assert (sheet["C1"].value, sheet["C2"].value, sheet["D1"].value) == ("错误说明", None, None)


def test_text_that_looks_like_a_formula_stays_text_in_a_workbook():
    book = openpyxl.Workbook()
    book.active.append(["姓名", "身份证号", "备注"])
    book.active.append(["王一", "=bad", "x"])
    for address in ("B2", "C2"):
        cell = book.active[address]
        cell.value = '=HYPERLINK("http://example.test")'
        cell.data_type = "s"
    out = io.BytesIO()
    book.save(out)
    _suffix, back = returned(out.getvalue())
    sheet = openpyxl.load_workbook(io.BytesIO(back)).active
    assert [sheet[a].data_type for a in ("B2", "C2", "D2")] == ["s", "s", "s"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_text_file_keeps_encoding_and_delimiter_and_defuses_formulas(encoding):
    rows = [
        ["姓名", "身份证号", "备注", "期望工资"],
        ["王一", "1", "=cmd|' /C calc'!A0", "-5"],
        ["王二", id_number(), "@SUM(1)", "3000"],
    ]
    suffix, back = returned(csv_text(rows, ";").encode(encoding), "名册.csv")
    assert suffix == ".csv"
    found = list(csv.reader(io.StringIO(back.decode(encoding)), delimiter=";"))
    assert found[0][-1] == "错误说明"
    assert found[1][2].startswith("'=")
    assert found[2][2] == "'@SUM(1)"
    assert found[1][3] == "-5"
    assert "应为18位" in found[1][-1]
    assert found[2][-1] == ""


def test_a_workbook_that_cannot_be_kept_whole_still_gives_its_rejected_rows(monkeypatch):
    def broken(*args, **kwargs):
        raise ValueError("styles.xml")

    monkeypatch.setattr(rejects.openpyxl, "load_workbook", broken)
    _suffix, back = returned(xlsx([["姓名", "身份证号"], ["王一", "12"]]))
    monkeypatch.undo()
    sheet = openpyxl.load_workbook(io.BytesIO(back)).active
    assert (sheet["A2"].value, sheet["C1"].value) == ("王一", "错误说明")


def test_a_large_workbook_comes_back_with_its_rejected_rows_only(monkeypatch):
    monkeypatch.setattr(rejects, "WHOLE_FILE_ROWS", 2)
    rows = [["标题"], ["姓名", "身份证号"], ["王一", "=1+1"], ["王二", id_number()]]
    content = xlsx(rows)
    table = read_table("a.xlsx", content, "roster")
    _table, blocks = parse(xlsx([["标题"], ["姓名", "身份证号"], ["王一", "12"], rows[3]]))
    _suffix, back = given_back(content, table, problems_of(blocks))
    sheet = openpyxl.load_workbook(io.BytesIO(back)).active
    assert sheet.max_row == 3
    assert sheet["C2"].value == "错误说明"
    assert "应为18位" in sheet["C3"].value
