"""Templates as superior offices send them."""

import io
from datetime import date
from typing import Any

import openpyxl
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import Font, PatternFill
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation

HEAD = [
    "序号",
    "姓名",
    "身份证号码",
    "性别",
    "年龄",
    "文化程度",
    "是否退役军人",
    "联系电话",
    "周岁",
]
FIRST = 4


def template(rows: int = 5, named: tuple[str, ...] = (), example: bool = False) -> bytes:
    """A title, a header, free rows with formulas and lists, totals, a signature, a second sheet."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "名单"
    sheet["A1"] = "就业困难人员情况统计表"
    sheet["A1"].font = Font(bold=True, size=18)
    sheet.merge_cells("A1:I1")
    sheet["A2"] = "填报单位："
    for at, text in enumerate(HEAD, 1):
        sheet.cell(3, at).value = text
    last = FIRST + rows - 1
    for row in range(FIRST, last + 1):
        sheet.cell(row, 5).value = f'=IF(C{row}="","",2026-VALUE(MID(C{row},7,4)))'
        sheet.cell(row, 2).fill = PatternFill("solid", start_color="FFFFF2CC")
    for row, number in enumerate(named, FIRST):
        sheet.cell(row, 3).value = number
    if example:
        sheet.cell(FIRST, 2).value = "例：张三"
    sheet.cell(last + 1, 1).value = "合计"
    sheet.cell(last + 1, 5).value = f"=AVERAGE(E{FIRST}:E{last})"
    sheet.cell(last + 2, 1).value = "填表人："
    sheet.merge_cells(start_row=last + 2, end_row=last + 2, start_column=1, end_column=9)
    words = DataValidation(type="list", formula1="字典!$A$1:$A$6")
    words.add(f"F{FIRST}:F{last}")
    sheet.add_data_validation(words)
    yes = DataValidation(type="list", formula1='"√,×"')
    yes.add(f"G{FIRST}:G{last}")
    sheet.add_data_validation(yes)
    red = CellIsRule(operator="greaterThan", formula=["60"], font=Font(color="FFFF0000"))
    sheet.conditional_formatting.add(f"E{FIRST}:E{last}", red)
    sheet.print_area = f"A1:I{last + 2}"
    book.defined_names["人员"] = DefinedName("人员", attr_text=f"名单!$B${FIRST}:$B${last}")
    listed = book.create_sheet("字典")
    for at, word in enumerate(("研究生", "本科", "大专", "中专（中技）", "高中", "初中及以下"), 1):
        listed.cell(at, 1).value = word
    total = book.create_sheet("汇总")
    total["A1"] = f'=COUNTIF(名单!D{FIRST}:D{last},"女")'
    total["A2"] = f"=名单!E{last + 1}*2"
    return saved(book)


def saved(book: Any) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def opened(content: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(content))


def somebody(at: int, **facts: Any) -> dict[str, Any]:
    return {
        "name": f"演示{at}",
        "id_number": "379901199001011234",
        "sex": "女",
        "education": 44,
        "veteran": at % 2 == 0,
        "phone": "20000000001",
        "age": 36,
        "birth_date": date(1990, 1, 1),
    } | facts
