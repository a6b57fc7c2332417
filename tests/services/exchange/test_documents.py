"""Passports and permits beside ID numbers; names that machines lose; people who cannot be told."""

import pytest

from tests.services.exchange.making import csv_text, id_number, parse, rows_of, xlsx

pytestmark = pytest.mark.requirement("PPL-3")
HEAD = ["姓名", "证件类型", "证件号码", "出生日期"]


def told(*rows):
    _table, (block,) = parse(xlsx([HEAD, *rows]))
    return [
        (
            block.columns["id_kind"][at],
            block.columns["id_number"][at],
            [p.message for p in (*block.errors.get(at, ()), *block.warnings.get(at, ()))],
        )
        for at in range(len(rows))
    ]


@pytest.mark.parametrize(
    ("kind", "number", "found", "stored"),
    [
        ("", id_number(), "居民身份证", id_number()),
        ("身份证", id_number().lower(), "居民身份证", id_number()),
        ("护照", "e1234 5678", "护照", "E12345678"),
        ("外国护照", "AB1234567", "护照", "AB1234567"),
        ("回乡证", "H1234567801", "港澳居民来往内地通行证", "H12345678"),
        ("台胞证", "12345678", "台湾居民来往大陆通行证", "12345678"),
        ("居住证", id_number(area="830000"), "港澳台居民居住证", id_number(area="830000")),
        ("", id_number(area="810000"), "港澳台居民居住证", id_number(area="810000")),
        ("永居证", "ABC123456789012", "外国人永久居留身份证", "ABC123456789012"),
    ],
)
def test_documents_by_the_kind_beside_them(kind, number, found, stored):
    (answer,) = told(["王一", kind, number, "1980-01-01"])
    assert answer == (found, stored, [])


@pytest.mark.parametrize(
    ("number", "found"),
    [("E12345678", "护照"), ("M12345678", "港澳居民来往内地通行证")],
)
def test_a_kind_that_is_not_written_is_guessed_by_the_shape_and_said(number, found):
    ((kind, _number, said),) = told(["王一", "", number, "1980-01-01"])
    assert kind == found
    assert f"像{found}" in said[0]


def test_what_fits_no_kind_is_told():
    answers = told(
        ["王一", "护照", id_number(), "1980-01-01"],
        ["王二", "身份证", "E12345678", "1980-01-01"],
        ["王三", "学生证", "123456", "1980-01-01"],
        ["王四", "护照", "E1", "1980-01-01"],
        ["王五", "护照", "E12345678", ""],
    )
    said = [messages for _kind, _number, messages in answers]
    assert "护照号应为5到15位" in said[0][0]
    assert "应为18位" in said[1][0]
    assert "“学生证”不认识，可填：" in said[2][0]
    assert "护照号" in said[3][0]
    assert "没有出生日期" in said[4][0]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("阿依古丽•买买提", "阿依古丽·买买提"),
        ("阿依古丽．买买提", "阿依古丽·买买提"),
        ("𬸘䶮", "𬸘䶮"),
        ("\U00030edd三", "\U00030edd三"),
        (" 王　一 ", "王一"),
    ],
)
def test_names_with_dots_and_rare_characters(written, name):
    assert rows_of(xlsx([HEAD, [written, "", id_number(), ""]]))[0]["name"] == name
    content = csv_text([HEAD, [written, "", id_number(), ""]])
    for encoding in ("gb18030", "utf-8", "utf-16"):
        assert rows_of(content.encode(encoding), "名册.csv")[0]["name"] == name


def test_a_character_of_an_old_systems_own_font_is_flagged():
    _table, (block,) = parse(xlsx([HEAD, ["王\ue815", "", id_number(), ""]]))
    assert not block.errors
    assert "第2个字是老系统的自造字" in block.warnings[0][0].message


def test_two_people_under_one_number_are_both_stopped():
    rows = [["王一", "", id_number(), ""], ["李四", "", id_number(), ""]]
    answers = told(*rows)
    assert "与第3行相同，姓名却不同" in answers[0][2][0]
    assert "与第2行相同，姓名却不同" in answers[1][2][0]


def test_one_person_under_two_numbers_comes_in_once():
    head = ["姓名", "身份证号", "联系电话"]
    rows = [["王一", id_number(order=n), "20000000001"] for n in (11, 13)]
    _table, (block,) = parse(xlsx([head, *rows]))
    assert 0 not in block.errors
    assert "与第2行像是同一个人" in block.errors[1][0].message


def test_rows_seen_before_are_found_across_blocks():
    head = ["姓名", "身份证号", "联系电话"]
    rows = [[f"王{n}", id_number(order=n), ""] for n in range(10, 60)]
    rows = [["王甲", row[1], row[2]] for row in rows]
    rows[45][1], rows[47][1] = rows[3][1], rows[44][1]
    _table, blocks = parse(xlsx([head, *rows]), size=7)
    said = [str(p) for b in blocks for found in b.errors.values() for p in found]
    assert said == [
        "第47行 身份证号与第5行重复，同一个人只能出现一次",
        "第49行 身份证号与第46行重复，同一个人只能出现一次",
    ]
