"""Every kind of Chinese evidence, as it is told to whoever decides."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.linkage.make import number
from weiye.engine.linkage import Comparison, compare

pytestmark = pytest.mark.requirement("PPL-3")

VALID = number()


def term(field: str, one: dict[str, Any], other: dict[str, Any]) -> str:
    return next(each.says for each in compare(one, other).terms if each.field == field)


def weight(field: str, view: Comparison) -> float:
    return next(each.weight for each in view.terms if each.field == field)


@pytest.mark.parametrize(
    ("one", "other", "says"),
    [
        ("张薇", "张薇", "姓名相同"),
        (" 张 薇 ", "张薇", "姓名相同"),
        ("买买提·艾山", "买买提.艾山", "姓名相同"),
        ("买买提•艾山", "买买提艾山", "姓名相同"),
        ("alex li", "ＡＬＥＸ LI", "姓名相同"),
        ("张薇(小)", "张薇", "姓名相同"),
        ("张薇", "张威", "姓名同音"),
        ("张薇", "章薇", "姓名同音"),
        ("张薇", "张伟", "姓名读音相近"),
        ("李丽华", "李俪画", "姓名读音相近"),
        ("王末", "王未", "姓名形近"),
        ("陈杨玉", "陈场玉", "姓名形近"),
        ("李建国", "李国建", "姓名字序不同"),
        ("张伟", "伟张", "姓名字序不同"),
        ("王小明", "王明", "姓名差一个字"),
        ("王明", "王小明", "姓名差一个字"),
        ("张建国", "张建军", "姓名有一字不同"),
        ("欧阳建国", "欧阳小红", "只有姓相同"),
        ("欧阳建国", "司马建国", "名同姓不同"),
        ("张建国", "李建国", "名同姓不同"),
        ("张建国", "张小红", "只有姓相同"),
        ("张建国", "李小红", "姓名不同"),
        ("张*国", "张建国", "姓名与遮盖处相符"),
        ("张＊国", "李小红", "姓名不同"),
        ("", "张建国", "有一方未填"),
    ],
)
def test_names(one: str, other: str, says: str) -> None:
    assert term("name", {"name": one}, {"name": other}) == says


@pytest.mark.parametrize(
    ("other", "says"),
    [
        (VALID, "身份证号相同"),
        (" ".join(VALID), "身份证号相同"),
        (VALID.translate(str.maketrans("0123456789", "０１２３４５６７８９")), "身份证号相同"),
        (VALID[:6] + VALID[8:17], "身份证号相同"),  # 15 digits
        (VALID[:8] + VALID[9] + VALID[8] + VALID[10:], "身份证号两位互换"),
        (VALID[:3] + "5" + VALID[4:], "身份证号前段错一位"),
        (VALID[:16] + "9" + VALID[17:], "身份证号顺序码错一位"),
        (VALID[:5] + VALID[6:], "身份证号多一位、少一位或错位"),
        (VALID[:4] + VALID[5:12] + "7" + VALID[12:], "身份证号多一位、少一位或错位"),
        (VALID[:3] + "55" + VALID[5:], "身份证号错两位"),
        (number(tail=14), "两个有效身份证号，仅顺序码不同"),
        (number("19850607", 777), "两个有效身份证号，不同"),
        ("H12345678", "证件号不同（其中有不合校验的）"),
        ("000000000000000000", "有一方未填"),
        ("3799**********0012", "有一方未填"),
        ("", "有一方未填"),
    ],
)
def test_numbers(other: str, says: str) -> None:
    assert term("id_number", {"id_number": VALID}, {"id_number": other}) == says


def test_a_final_x_is_one_letter_however_it_is_written() -> None:
    ending = next(n for n in (number(tail=t) for t in range(200)) if n.endswith("X"))
    for written in (ending.lower(), ending[:-1] + "Ｘ", ending[:-1] + "ｘ"):
        assert term("id_number", {"id_number": ending}, {"id_number": written}) == "身份证号相同"


def test_a_passport_may_agree_too() -> None:
    says = term("id_number", {"id_number": "H1234 5678"}, {"id_number": "h12345678"})
    assert says == "证件号相同（不合身份证校验）"


@pytest.mark.parametrize(
    ("one", "other", "says"),
    [
        ("1990-05-03", date(1990, 5, 3), "出生日期相同"),
        ("1990/5/3", "19900503", "出生日期相同"),
        ("1990年5月3日", "1990.05.03", "出生日期相同"),
        ("1990-05-03 00:00:00", "32996", "出生日期相同"),  # a spreadsheet's serial number
        ("1990-05-03", "1990-03-05", "出生月日互换"),
        ("1990-05-03", "1990-05-08", "出生日期错一位"),
        ("1990-05-13", "1990-05-31", "出生日期错一位"),
        ("1990-05-03", "1990-01-01", "同年出生，一方填1月1日"),
        ("1990-05-03", "1990", "同年出生，一方填1月1日"),
        ("1990-05-03", "1978-05-03", "生日相同、年份不同"),
        ("1990-05-03", "1990-05-26", "同年同月出生"),
        ("1990-05-03", "1990-11-26", "同年出生"),
        ("1990-05-03", "1989-11-26", "出生年份差一年"),
        ("1990-05-03", "1965-11-26", "出生日期不同"),
        ("1990-05-03", "2月30日", "有一方未填"),
        ("1990-05-03", "1990-02-30", "有一方未填"),
    ],
)
def test_births(one: str, other: object, says: str) -> None:
    assert term("birth_date", {"birth_date": one}, {"birth_date": other}) == says


def test_a_number_tells_the_birth_date_where_the_other_has_no_number() -> None:
    one, other = {"id_number": number("19900503")}, {"birth_date": "1990-05-03"}
    assert term("birth_date", one, other) == "出生日期相同"
    # With both numbers there, they speak for themselves and are not counted twice.
    assert term("birth_date", one, other | {"id_number": VALID}) == "有一方未填"


@pytest.mark.parametrize(
    ("one", "other", "says"),
    [
        ("20000000011", "+86 200-0000-0011", "电话相同"),
        ("20000000011", "２００００００００１１", "电话相同"),
        ("20000000011/0631-5201234", "20000000011", "电话相同"),
        ("(0631) 5201234", "06315201234", "电话相同"),
        ("20000000011", "20000000012", "电话错一位"),
        ("20000000013", "20000000031", "电话错一位"),
        ("20000000011", "20000000455", "电话不同"),
        ("20000000011", "无", "有一方未填"),
        ("20000000011", "00000000000", "有一方未填"),
    ],
)
def test_phones(one: str, other: str, says: str) -> None:
    assert term("phone", {"phone": one}, {"phone": other}) == says


@pytest.mark.parametrize(
    ("one", "other", "says"),
    [
        ("幸福小区3号楼2单元501室", "幸福小区3-2-501", "住址相同"),
        ("幸福小区3号楼2单元501室", "幸福小区三号楼二单元501室", "住址相同"),
        ("幸福小区３号楼２单元５０１", "幸福小区3栋2单元501户", "住址相同"),
        (
            "幸福小区十二号楼2单元501",
            "某省某市某区某街道幸福小区12号楼2单元501室",
            "住址相同",
        ),
        ("某街道幸福社区文化路12号3号楼1单元101", "文化路12号3号楼1单元101室", "住址相同"),
        ("张家村12号", "某镇张家村12号", "住址相同"),
        ("某市某区某街道东北村社区10号楼1单元101室", "东北村社区１０＃１单元１０１", "住址相同"),
        ("某区东北村社区10号楼1单元101室", "某区西北村社区10号楼1单元101室", "门牌号相同"),
        ("某区东北村社区10号楼1单元101室", "东北村社区1-2-202", "同一小区（村、路）"),
        ("三里庄8号", "三里庄八号", "住址相同"),
        ("八一路8号3号楼101", "八一路8号三号楼101室", "住址相同"),
        ("幸福小区3号楼2单元501室", "幸福小区3号楼501室", "门牌号相同"),
        ("幸福小区3号楼2单元501室", "幸福花园3号楼2单元501室", "门牌号相同"),
        ("幸福小区3号楼2单元501室", "幸福小区3号楼2单元502室", "同一栋楼"),
        ("幸福小区3号楼2单元501室", "幸福小区4号楼2单元502室", "同一小区（村、路）"),
        ("幸福小区3号楼2单元501室", "和谐家园4号楼2单元502室", "住址不同"),
        ("幸福小区3号楼2单元501室", "", "有一方未填"),
    ],
)
def test_addresses(one: str, other: str, says: str) -> None:
    assert term("place", {"address": one}, {"address": other}) == says


def test_units_speak_where_addresses_do_not() -> None:
    one = {"unit": "379901001001"}
    assert term("place", one, {"unit": "379901001001"}) == "同一社区"
    assert term("place", one, {"unit": "379901001002"}) == "同一街道"
    assert term("place", one, {"unit": "379902001002"}) == "住址不同"
    assert term("place", one, {"unit": "幸福社区"}) == "有一方未填"


TEXT = st.text("张李王薇微伟小明国建*0123456789Xx号楼单元-区 ", max_size=20)
RECORD = st.fixed_dictionaries(
    {},
    optional={
        "name": st.text("张李王薇微伟小明国建*·", max_size=5),
        "id_number": st.sampled_from(
            [VALID, number(tail=14), number("19850607"), VALID[:-1], VALID[:5] + "8" + VALID[6:]]
        )
        | TEXT,
        "birth_date": st.dates(date(1940, 1, 1), date(2020, 1, 1)) | TEXT,
        "sex": st.sampled_from(["男", "女", "", "?"]),
        "phone": st.sampled_from(["20000000011", "20000000012", "2"]) | TEXT,
        "address": st.sampled_from(["幸福小区3号楼2单元501室", "幸福小区3-2-502", "张村1号"])
        | TEXT,
        "unit": st.sampled_from(["379901001001", "379901001002", "幸福社区"]) | TEXT,
    },
)


@settings(max_examples=60)
@given(one=RECORD, other=RECORD)
def test_it_makes_no_difference_who_stands_left(one: dict[str, Any], other: dict[str, Any]) -> None:
    there, back = compare(one, other), compare(other, one)
    assert there.probability == back.probability
    assert [t.says for t in there.terms] == [t.says for t in back.terms]
    assert [t.weight for t in there.terms] == [t.weight for t in back.terms]
    assert 0.0 <= there.probability <= 1.0


FULL = {
    "name": "欧阳薇",
    "id_number": VALID,
    "birth_date": "1990-01-01",
    "sex": "女",
    "phone": "20000000011",
    "address": "幸福小区3号楼2单元501室",
}


@settings(max_examples=60)
@given(one=RECORD, other=RECORD, field=st.sampled_from(sorted(FULL)))
def test_agreement_never_lowers_the_probability(
    one: dict[str, Any], other: dict[str, Any], field: str
) -> None:
    """Where a field was empty on both sides, equal values on both never speak against."""
    dropped = {"id_number", "birth_date"} if field in ("id_number", "birth_date") else {field}
    dropped |= {"address", "unit"} if field == "address" else set()
    dropped |= {"id_number"} if field == "sex" else set()  # a number tells the sex as well
    less = [{k: v for k, v in record.items() if k not in dropped} for record in (one, other)]
    more = [record | {field: FULL[field]} for record in less]
    agreeing, silent = compare(more[0], more[1]), compare(less[0], less[1])
    assert agreeing.probability >= silent.probability - 2e-6  # weights are single floats


def test_numbers_are_masked() -> None:
    view = compare({"id_number": VALID}, {"id_number": VALID})
    assert VALID[6:14] not in view.evidence + "".join(t.left + t.right for t in view.terms)
    assert view.terms[0].left == VALID[:4] + "*" * 10 + VALID[-4:]


def test_the_line_says_what_weighs_most() -> None:
    swapped = VALID[:8] + VALID[9] + VALID[8] + VALID[10:]
    view = compare(
        {"name": "张微", "id_number": VALID, "phone": "20000000011"},
        {"name": "张薇", "id_number": swapped, "phone": "20000000455"},
    )
    first, second, third = view.evidence.split("；")
    assert first.startswith("身份证号两位互换 +")
    assert second.startswith("姓名同音：张微/张薇 +")
    assert third.startswith("电话不同 −")
    assert weight("id_number", view) > weight("name", view) > 0 > weight("phone", view)
