"""Files that cannot be taken: each has a defined outcome and a sentence that helps."""

import io
import struct
import zipfile

import pytest
import xlsxwriter

from tests.services.exchange.making import csv_text, id_number, people, rows_of, xlsx
from weiye.services.exchange.sheets import SheetRefused, opening, package, read_table

pytestmark = pytest.mark.requirement("PPL-3")

HEAD = ["姓名", "身份证号", "联系电话"]


def refusal(name: str, content: bytes, kind: str = "roster") -> str:
    with pytest.raises(SheetRefused) as caught:
        list(read_table(name, content, kind).rows())
    return caught.value.message


@pytest.mark.parametrize("content", [b"", b"\r\n\r\n", b",,,\r\n"])
def test_empty_file(content):
    assert "空的" in refusal("a.csv", content)
    assert "空的" in refusal("a.xlsx", content)


def test_not_an_excel_file():
    assert "不是Excel文件" in refusal("名册.xlsx", "姓名,身份证号".encode())
    assert "网页" in refusal("名册.xls", b"<html><table><tr><td>1</td></tr></table>")
    assert "只能上传" in refusal("名册.docx", b"whatever")


def test_a_plain_zip_is_not_a_workbook():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        package.writestr("a.txt", "hello")
    assert "压缩包" in refusal("名册.xlsx", out.getvalue())


def test_broken_workbook():
    whole = xlsx([HEAD, *people(200)])
    assert "已损坏" in refusal("名册.xlsx", whole[: len(whole) // 2])
    broken = bytearray(whole)
    at = whole.index(b"xl/worksheets/sheet1.xml") + 40
    broken[at : at + 60] = b"\xff" * 60
    assert "Excel" in refusal("名册.xlsx", bytes(broken))


def test_old_xls_and_encrypted_files():
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500
    assert "旧版.xls" in refusal("名册.xls", ole + "Workbook".encode("utf-16-le"))
    assert "密码" in refusal("名册.xlsx", ole + "EncryptedPackage".encode("utf-16-le"))
    assert "不是Excel表格" in refusal("名册.doc", ole + "WordDocument".encode("utf-16-le"))


def test_too_large_a_file(monkeypatch):
    monkeypatch.setattr(opening, "MAX_BYTES", 1024 * 1024)
    assert "超过1MB" in refusal("名册.xlsx", b"PK" + b"x" * opening.MAX_BYTES)


def bomb(inflated: int, *, declared: int | None = None) -> bytes:
    """A workbook whose sheet inflates to ``inflated`` bytes; ``declared`` lies about it."""
    source = zipfile.ZipFile(io.BytesIO(xlsx([HEAD])))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for info in source.infolist():
            data = source.read(info)
            if info.filename == "xl/worksheets/sheet1.xml":
                data = data.replace(b"</worksheet>", b" " * inflated + b"</worksheet>")
            package.writestr(info.filename, data)
    content = bytearray(out.getvalue())
    if declared is not None:
        with zipfile.ZipFile(io.BytesIO(bytes(content))) as package:
            size = package.getinfo("xl/worksheets/sheet1.xml").file_size
        true = struct.pack("<I", size)
        content = bytearray(bytes(content).replace(true, struct.pack("<I", declared)))
    return bytes(content)


@pytest.mark.parametrize("declared", [None, 1000])
def test_zip_bomb_is_refused_before_parsing(monkeypatch, declared):
    monkeypatch.setattr(package, "MAX_INFLATED", 8 * 1024 * 1024)
    content = bomb(20 * 1024 * 1024, declared=declared)
    assert len(content) < 100_000
    assert "大得不正常" in refusal("名册.xlsx", content)


@pytest.mark.parametrize(("row", "column"), [(0, 16_383), (1_048_000, 500)])
def test_a_stray_cell_far_away_is_refused_not_laid_out(row, column):
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    sheet = book.add_worksheet()
    for at, text in enumerate(HEAD):
        sheet.write(0, at, text)
    sheet.write(1, 0, "王一")
    sheet.write(row, column, "stray")
    if column == 16_383:
        sheet.write(200_000, 0, "x")
    book.close()
    assert "范围大得不正常" in refusal("名册.xlsx", out.getvalue())


def test_a_stray_cell_far_below_is_a_row_like_others():
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, HEAD)
    sheet.write_row(1, 0, ["王一", id_number(), "20000000001"])
    sheet.write(1_048_575, 25, "stray")
    book.close()
    assert [line for line, _row in read_table("名册.xlsx", out.getvalue(), "roster").rows()] == [
        2,
        1_048_576,
    ]


def test_formatted_empty_rows_and_columns_are_harmless():
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    sheet = book.add_worksheet()
    red = book.add_format({"bg_color": "red"})
    for at, text in enumerate(HEAD):
        sheet.write(0, at, text)
    sheet.write_row(1, 0, ["王一", id_number(), "20000000001"])
    sheet.write_blank(2, 16_000, None, red)
    sheet.write_blank(900_000, 3, None, red)
    book.close()
    assert [r["name"] for r in rows_of(out.getvalue())] == ["王一"]


def test_too_many_rows(monkeypatch):
    monkeypatch.setattr("weiye.services.exchange.sheets.header.MAX_ROWS", 10)
    assert len(rows_of(xlsx([HEAD, *people(10)]))) == 10
    assert "万行" in refusal("名册.xlsx", xlsx([HEAD, *people(11)]))


def test_wrong_header_names_what_is_needed():
    message = refusal("名册.xlsx", xlsx([["商品", "数量"], ["铅笔", 3]]))
    assert "“姓名”、“身份证号”" in message
    assert "“岗位名称”、“用人单位”" in refusal("岗位.xlsx", xlsx([["商品", "数量"]]), "vacancies")


def test_macro_workbook_is_read_as_data():
    table = read_table("名册.xlsm", xlsx([HEAD, *people(2)]), "roster")
    assert any("宏不会运行" in note for note in table.notes)
    assert len(list(table.rows())) == 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_text_files(encoding, delimiter):
    rows = [HEAD, ["王䶮" if encoding != "gbk" else "王喆", id_number(), "2000 000 0001"]]
    content = csv_text(rows, delimiter).encode(encoding)
    found = rows_of(content, "名册.csv")
    assert found[0]["name"] == rows[1][0]
    assert found[0]["phone"] == "20000000001"


def test_text_in_no_known_encoding():
    assert "编码" in refusal("名册.csv", b"\xff\xff\xff,\x81\n\x80\x80\xff\n")
    assert "二进制" in refusal("名册.csv", b"a,b\0c\nd,e\n")


def test_workbook_named_csv_is_read_as_what_it_is():
    assert rows_of(xlsx([HEAD, *people(1)]), "名册.csv")


def test_one_open_quote_does_not_hang():
    content = ('姓名,身份证号\n"王一,' + "1" * 200_000).encode()
    assert "引号" in refusal("名册.csv", content)
