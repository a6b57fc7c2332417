"""A superior's template is filled and stays what it was (PPL-3)."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.workbook.defined_name import DefinedName

from tests.services.exchange.filling.forms import FIRST, opened, saved, somebody, template
from tests.services.exchange.making import id_number
from weiye.services.exchange.filling.asked import proposed
from weiye.services.exchange.filling.cells import in_words
from weiye.services.exchange.filling.references import with_rows
from weiye.services.exchange.filling.template import open_workbook, read_template
from weiye.services.exchange.filling.workbook import fill
from weiye.services.exchange.sheets import SheetRefused
from weiye.services.exchange.sheets.values.results import NEVER

pytestmark = pytest.mark.requirement("PPL-3")
TODAY = date(2026, 11, 20)


def filled(content: bytes, people):
    form = read_template("表.xlsx", content)
    return fill(content, form, proposed(form.choices), people, today=TODAY)


def test_what_a_template_asks_for_is_recognised() -> None:
    form = read_template("表.xlsx", template(example=True))
    assert (form.title, form.first, form.last, form.foot) == ("就业困难人员情况统计表", 4, 8, True)
    assert form.examples == (4,)
    assert proposed(form.choices) == {
        1: "name", 2: "id_number", 3: "sex", 4: "age", 5: "education", 6: "veteran", 7: "phone",
    }  # fmt: skip


@pytest.mark.parametrize("many", [1, 5, 9])
def test_formulas_merges_lists_and_looks_stay(many: int) -> None:
    book = opened(filled(template(), [somebody(at) for at in range(many)]).content)
    sheet, end = book["名单"], FIRST + max(many, 5) - 1
    assert [sheet.cell(FIRST + at, 2).value for at in range(many)] == [
        f"演示{at}" for at in range(many)
    ]
    assert [sheet.cell(FIRST + at, 1).value for at in range(many)] == list(range(1, many + 1))
    for row in range(FIRST, end + 1):
        assert sheet.cell(row, 5).value == f'=IF(C{row}="","",2026-VALUE(MID(C{row},7,4)))'
        assert sheet.cell(row, 2).fill.start_color.rgb == "FFFFF2CC"
    assert sheet.cell(end + 1, 1).value == "合计"
    assert sheet.cell(end + 1, 5).value == f"=AVERAGE(E4:E{end})"
    assert sheet.cell(end + 2, 1).value == "填表人："
    merged = {str(one) for one in sheet.merged_cells.ranges}
    assert merged == {"A1:I1", f"A{end + 2}:I{end + 2}"}
    assert book["汇总"]["A1"].value == f'=COUNTIF(名单!D4:D{end},"女")'
    assert book["汇总"]["A2"].value == f"=名单!E{end + 1}*2"
    lists = {str(rule.sqref) for rule in sheet.data_validations.dataValidation}
    assert lists == {f"F4:F{end}", f"G4:G{end}"}
    assert [str(block.sqref) for block in sheet.conditional_formatting] == [f"E4:E{end}"]
    assert book.defined_names["人员"].attr_text == f"名单!$B$4:$B${end}"
    assert sheet.print_area.replace("$", "").endswith(f"A1:I{end + 2}")


def test_it_speaks_the_words_of_the_template() -> None:
    book = opened(
        filled(template(), [somebody(0, education=71), somebody(1, education=47)]).content
    )
    rows = [[book["名单"].cell(row, at).value for at in (6, 7)] for row in (4, 5)]
    # 初中 is in no list word for word; 技校 is of the level of 中专（中技）.
    assert rows == [["初中", "√"], ["中专（中技）", "×"]]


def test_a_name_is_no_formula_and_a_number_stays_whole() -> None:
    sheet = opened(filled(template(), [somebody(0, name="=HYPERLINK(1)")]).content)["名单"]
    assert (sheet["B4"].value, sheet["B4"].data_type) == ("=HYPERLINK(1)", "s")
    assert (sheet["C4"].value, sheet["C4"].number_format) == ("379901199001011234", "@")


def test_who_is_named_already_is_completed_and_nobody_is_added() -> None:
    here, unknown = id_number(order=11), id_number(order=13)
    content = template(named=(here, unknown))
    form = read_template("表.xlsx", content)
    assert form.named == {4: here, 5: unknown}
    done = fill(
        content, form, proposed(form.choices), {here: somebody(0, id_number=here)}, today=TODAY
    )
    sheet = opened(done.content)["名单"]
    assert [sheet.cell(row, 2).value for row in (4, 5, 6)] == ["演示0", None, None]
    assert (done.people, done.absent) == (1, (5,))


def test_an_example_row_is_written_over() -> None:
    sheet = opened(filled(template(example=True), [somebody(7)]).content)["名单"]
    assert sheet["B4"].value == "演示7"


def test_what_is_unknown_stays_empty_and_is_counted() -> None:
    done = filled(template(), [somebody(0, phone=None, education=None)])
    assert (done.people, done.blanks) == (1, 2)
    assert opened(done.content)["名单"]["H4"].value is None


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("表.xls", b"\xd0\xcf\x11\xe0", "另存为"),
        ("表.csv", "姓名,身份证号\n".encode(), "另存为"),
        ("表.xlsx", b"no workbook", ""),
        ("表.xlsx", b"PK\x03\x04 broken", ""),
    ],
)
def test_what_is_no_template_is_told_in_words(name: str, content: bytes, words: str) -> None:
    with pytest.raises(SheetRefused) as refused:
        read_template(name, content)
    assert words in refused.value.message
    assert refused.value.message.endswith("。")


@pytest.mark.parametrize(
    "formula",
    [
        '=_xlfn.WEBSERVICE("http://localhost/?"&B4)',
        '=HYPERLINK("http://localhost/?"&B4,"看")',
        "=cmd|'/c x'!A1",
    ],
)
@pytest.mark.parametrize("named", [False, True])
def test_a_template_that_would_carry_people_away_is_not_used(formula: str, named: bool) -> None:
    book = opened(template())
    if named:
        book.defined_names["连"] = DefinedName("连", attr_text=formula[1:])
    else:
        book["汇总"]["B9"] = formula
    with pytest.raises(SheetRefused, match="连到外面"):
        open_workbook(saved(book))
    book = opened(template())
    book["汇总"]["B9"] = '=HYPERLINK("#名单!A1","看")&IF(A1="a|b",名单!A1,"")'
    open_workbook(saved(book))


def test_a_template_that_unpacks_to_too_much_is_not_laid_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("weiye.services.exchange.filling.template.MOST_INFLATED", 2000)
    with pytest.raises(SheetRefused, match="太大"):
        open_workbook(template())


def test_a_sheet_without_a_header_of_people_is_no_template() -> None:
    book = opened(template())
    del book["名单"]
    with pytest.raises(SheetRefused, match="姓名"):
        read_template("表.xlsx", saved(book))


def test_words_of_facts() -> None:
    assert in_words("skill_certificates", [{"code": "电工", "level": 4}]) == "电工（中级工）"
    assert in_words("unemployed_since", NEVER) == "无"
    assert in_words("disability_grade", 0) == "无"
    assert in_words("children", []) == "无"
    assert in_words("monthly_income", 0) == 0


def reference(formula_rows: tuple[int, int], last: int, by: int) -> tuple[int, int]:
    """By hand: rows after ``last`` move; a range that ends there takes the new rows in."""
    start, end = formula_rows
    return (start + by if start > last else start), (end + by if end >= last else end)


@given(
    start=st.integers(1, 40),
    length=st.integers(0, 40),
    last=st.integers(1, 60),
    by=st.integers(1, 500),
)
def test_a_range_moves_as_if_rows_were_put_in(start: int, length: int, last: int, by: int) -> None:
    end = start + length
    low, high = reference((start, end), last, by)
    got = with_rows(f"=SUM($B{start}:$B${end})", on="名单", sheet="名单", last=last, by=by)
    assert got == f"=SUM($B{low}:$B${high})"
    other = f"=SUM(别的!B{start}:B{end},A:A,人员)"
    assert with_rows(other, on="名单", sheet="名单", last=last, by=by) == other
