"""Finding the header, and what belongs to the table."""

from pathlib import Path

import pytest

from tests.services.exchange.making import csv_text, id_number, parse, people, rows_of, xlsx
from weiye.services.exchange.sheets import KINDS, propose, read_table

pytestmark = pytest.mark.requirement("PPL-3")
A, B = id_number(order=11), id_number(order=12)


def test_title_rows_and_empty_lines():
    rows = [
        ["环翠区测试社区就业困难人员花名册"],
        ["填报单位：测试社区", None, "填报日期：2025年6月30日"],
        [],
        ["序号", "姓名", "身份证号码"],
        [1, "王一", A],
        [None, "  ", "　"],
        [2, "王二", B],
    ]
    table, blocks = parse(xlsx(rows, merges=["A1:C1"]))
    assert (table.top, table.bottom) == (3, 3)
    assert table.title == "环翠区测试社区就业困难人员花名册"
    assert blocks[0].lines == [5, 7]


def test_two_storey_header_with_merged_cells():
    rows = [
        ["名册"],
        ["序号", "姓名", "身份证号", "联系方式", None, "残疾", None, "户主", None],
        [None, None, None, "电话", "住址", "类别", "等级", "姓名", "身份证号"],
        [1, "王一", A, "20000000001", "1号楼", "肢体", "二级", "王父", B],
    ]
    merges = ["A1:I1", "A2:A3", "B2:B3", "C2:C3", "D2:E2", "F2:G2", "H2:I2"]
    table, blocks = parse(xlsx(rows, merges=merges))
    assert (table.top, table.bottom) == (1, 2)
    assert [c.title for c in table.columns][3:7] == [
        "联系方式/电话",
        "联系方式/住址",
        "残疾/类别",
        "残疾/等级",
    ]
    row = blocks[0].row(0)
    assert row["name"] == "王一", "the head of the household is somebody else"
    assert row["id_number"] == A
    assert (row["phone"], row["address"], row["disability_grade"]) == ("20000000001", "1号楼", 2)


def test_two_storey_header_in_a_text_file():
    rows = [
        ["序号", "姓名", "身份证号", "残疾", "", "备注"],
        ["", "", "", "类别", "等级", ""],
        ["1", "王一", A, "肢体", "三级", ""],
    ]
    found = rows_of(csv_text(rows).encode(), "名册.csv")
    assert [r["disability_grade"] for r in found] == [3]


def test_first_data_row_is_not_taken_for_a_second_storey():
    rows = [["姓名", "身份证号", "低保", "残疾"], ["王一", A, "低保", "无"]]
    table, blocks = parse(xlsx(rows))
    assert (table.top, table.bottom) == (0, 0)
    assert len(blocks[0].lines) == 1


def test_sheet_with_the_table_is_found_and_the_others_named():
    content = xlsx(
        [["填表说明"], ["请逐项填写"]],
        人员=[["姓名", "身份证号"], ["王一", A]],
        旧表=[["姓名", "身份证号"], ["王二", B]],
    )
    table = read_table("a.xlsx", content, "roster")
    assert table.sheet.name == "人员"
    assert "“名册”、“旧表”没有读取" in table.notes[0]


def test_totals_signatures_and_repeated_headers_are_left_out():
    rows = [
        ["姓名", "身份证号", "学历"],
        ["王一", A, "高中"],
        ["小计", "1人"],
        ["姓名", "身份证号", "学历"],
        ["合欢", B, "高中"],
        ["合计：2人"],
        ["填表人：王某", None, "审核人：李某"],
    ]
    assert [r["name"] for r in rows_of(xlsx(rows))] == ["王一", "合欢"]


def test_merged_household_numbers_fill_down():
    rows = [
        ["户号", "姓名", "身份证号"],
        ["7", "王一", A],
        [None, "王二", B],
        ["8", *people(1)[0][:2]],
    ]
    found = rows_of(xlsx(rows, merges=["A2:A3"]))
    assert [r["household_id"] for r in found] == ["7", "7", "8"]


def test_table_that_begins_in_the_middle_of_the_sheet():
    rows = [[], [], [None, None, "姓名", "身份证号"], [None, None, "王一", A]]
    table, blocks = parse(xlsx(rows))
    assert blocks[0].lines == [4]
    assert [c.letter for c in table.columns] == ["C", "D"]


def choices(head, *rows, kind="roster"):
    found = propose(read_table("a.xlsx", xlsx([head, *rows]), kind))
    return {c.column.title: c for c in found.choices}


def test_mapping_says_why_and_lists_what_is_left():
    head = ["姓名", "证件号码", "手机号码", "本人现住址（详细到门牌）", "民族", "序号"]
    found = choices(head, ["王一", A, "20000000001", "1号楼", "汉", 1])
    assert {t: c.field for t, c in found.items()} == {
        "姓名": "name",
        "证件号码": "id_number",
        "手机号码": "phone",
        "本人现住址(详细到门牌)": "address",
        "民族": None,
        "序号": None,
    }
    assert found["姓名"].confidence == 1.0
    assert 0.5 < found["本人现住址(详细到门牌)"].confidence < 1.0
    assert "不导入" in found["民族"].why


def test_content_finds_columns_without_a_telling_header():
    head = ["姓名", "号码甲", "号码乙", "身份证"]
    rows = [[n, i, p, ""] for n, i, p in people(20)]
    found = choices(head, *rows)
    assert found["号码甲"].field == "id_number" or found["身份证"].field == "id_number"
    assert found["号码乙"].field == "phone"
    assert "内容像" in found["号码乙"].why


def test_two_columns_of_one_meaning():
    found = choices(
        ["姓名", "身份证号", "电话", "手机号"], ["王一", A, "20000000001", "20000000002"]
    )
    assert found["电话"].field == "phone"
    assert found["手机号"].field is None
    assert "C列“电话”" in found["手机号"].why


def test_somebody_elses_columns_are_not_the_persons():
    head = ["姓名", "身份证号", "配偶姓名", "联系人电话", "户主身份证号", "单位电话"]
    found = choices(head, ["王一", A, "李一", "20000000001", B, "20000000002"])
    assert [found[t].field for t in head[2:]] == [None] * 4


@pytest.mark.parametrize("kind", KINDS)
def test_documentation_names_every_column(kind):
    text = (Path(__file__).parents[3] / "docs" / "imports.md").read_text(encoding="utf-8")
    said = text.split(f"**{KINDS[kind].label}** — ")[1].split("\n")[0].split("、")
    assert said == [f.label + ("*" if f.column else "") for f in KINDS[kind].fields]


@pytest.mark.parametrize("kind", KINDS)
def test_no_header_has_two_meanings(kind):
    words = [word.upper() for f in KINDS[kind].fields for word in f.synonyms]
    assert sorted(words) == sorted(set(words))
    assert not set(words) & set(KINDS[kind].ignored)
