"""What cells become, and what is said of those that cannot be taken."""

from datetime import date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.services.exchange.making import (
    TODAY,
    id_number,
    one_cell,
    problems_of,
    rows_of,
    xlsx,
)
from tests.services.exchange.making import parse as parse_file
from weiye.services.exchange.sheets import NEVER
from weiye.services.exchange.sheets import values as v
from weiye.services.exchange.sheets.text import text_of

pytestmark = pytest.mark.requirement("PPL-3")
JAN_5 = date(2024, 1, 5)


@pytest.mark.parametrize(
    "cell",
    [
        "2024-01-05", "2024/1/5", "2024.1.5", "20240105", "2024年1月5日", "２０２４年１月５日",
        " 2024-1-5 ", "2024-01-05 00:00:00",
        datetime.combine(JAN_5, time(8)), JAN_5, 45296.0, "45296",
        45296.5, 20240105.0, "2024年1月5",
    ],
)  # fmt: skip
def test_days_in_every_spelling(cell):
    assert v.day(cell) == JAN_5


@pytest.mark.parametrize("cell", ["2024年1月", "2024.01", "2024/1", "202401", 2024.01])
def test_a_month_counts_as_its_first_day_with_a_note(cell):
    found = v.day(cell)
    assert found.value == date(2024, 1, 1)
    assert "按当月1日" in found.note


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("2024-02-30", "不存在"),
        ("1/5/2024", "看不懂"),
        ("去年", "看不懂"),
        ("2024", "看不懂"),
        (2024.1, "1月还是10月"),
        ("20241301", "不存在"),
    ],
)
def test_days_that_cannot_be(cell, says):
    with pytest.raises(v.CellError, match=says):
        v.day(cell)


def test_a_day_in_the_future_is_an_error_and_none_is_known():
    assert "在今天之后" in one_cell("失业登记日期", "2099-01-01")[1][0]
    assert one_cell("失业登记日期", "无") == (NEVER, [])
    assert one_cell("失业登记日期", "") == (None, [])
    assert one_cell("失业登记日期", "不详") == (None, [])


@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)))
def test_spellings_agree(day):
    serial = float((day - date(1899, 12, 30)).days)
    forms = [
        day.isoformat(),
        f"{day.year}/{day.month}/{day.day}",
        f"{day.year}.{day.month}.{day.day}",
        f"{day.year}年{day.month}月{day.day}日",
        day.strftime("%Y%m%d").rjust(8, "0"),
    ]
    if serial >= 10_000:
        forms.append(serial)
    assert {v.day(form) for form in forms} == {day}


@pytest.mark.parametrize(
    "cell",
    [
        "37990119800101011{}", " 379901 19800101 011{} ", "３７９９０１１９８００１０１０１１{}",
        "'37990119800101011{}", "379901-19800101-011{}",
    ],
)  # fmt: skip
def test_id_numbers_are_cleaned(cell):
    check = id_number()[-1]
    assert v.id_number(TODAY)(cell.format(check)) == id_number()


def test_lower_case_x():
    for order in range(11, 200):
        number = id_number(order=order)
        if number.endswith("X"):
            assert v.id_number(TODAY)(number.lower()) == number
            assert v.id_number(TODAY)(number.lower().replace("x", "ｘ")) == number
            return
    pytest.fail("no number with X tried")


@pytest.mark.parametrize(
    "cell", [3.79901198001010e17, 379901198001010112.0, "3.79901E+17", "3.8e+17"]
)
def test_numbers_that_excel_has_spoilt_are_unrecoverable(cell):
    with pytest.raises(v.CellError, match=r"被Excel改成了科学计数.*设为文本"):
        v.id_number(TODAY)(cell)


def test_a_15_digit_number_typed_as_a_number_is_converted():
    found = v.id_number(TODAY)(379901670401001.0)
    assert found.value.startswith("37990119670401001")
    assert "15位" in found.note


@pytest.mark.parametrize(
    ("cell", "digits"),
    [
        ("2000 000 0001", "20000000001"),
        ("200-0000-0001", "20000000001"),
        ("+86 20000000001", "20000000001"),
        ("8620000000001", "20000000001"),
        (20000000001.0, "20000000001"),
        ("0631-2000001", "06312000001"),
        ("２００００００００01", "20000000001"),
    ],
)
def test_phones(cell, digits):
    assert v.phone(cell) == digits


def test_odd_phones():
    assert v.phone("20000000001/20000000002").value == "20000000001"
    for wrong in ("2000", "王一", "2.0E+10x"):
        with pytest.raises(v.CellError, match="电话"):
            v.phone(wrong)
    assert v.phone("无") is None


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("研究生", 10), ("硕士", 10), ("本科", 20), ("大学本科", 20), ("大专", 30), ("专科", 30),
        ("中专", 40), ("技校", 40), ("职高", 40), ("高中", 60), ("初中", 70), ("小学", 80),
        ("文盲", 90), ("大学本科毕业", 21), ("10", 10), (20.0, 20), ("初 中", 70),
        ("大专（函授）", 30),
    ],
)  # fmt: skip
def test_education_words(cell, code):
    assert one_cell("文化程度", cell) == (code, [])


@pytest.mark.parametrize("cell", ["大本？", "高中/中专", "本科在读", "50", "1", "小本"])
def test_education_is_never_guessed(cell):
    value, said = one_cell("学历", cell)
    assert value is None
    assert said == [f"学历“{cell}”不认识，可填：研究生、本科、大专、中专、高中、初中、小学、其他"]


@pytest.mark.parametrize(
    ("label", "cell", "value"),
    [
        ("性别", "男性", "男"),
        ("就业状态", "未就业", "失业"),
        ("就业情况", "打零工", "灵活就业"),
        ("残疾等级", "肢体二级", 2),
        ("残疾等级", "无", 0),
        ("残疾等级", "Ⅲ级", 3),
        ("残疾等级", 4.0, 4),
        ("是否低保", "是", "低保"),
        ("低保情况", "低保边缘户", "低保边缘"),
        ("脱贫情况", "建档立卡", "脱贫享受政策"),
        ("有无劳动能力", "无", False),
        ("退役军人", "√", True),
        ("子女出生日期", "2015-03-01、2018年5月2日", (date(2015, 3, 1), date(2018, 5, 2))),
        ("子女出生日期", "无", ()),
        ("月收入", "1,200元", 1200),
        ("期望工资", "3000-5000元/月", (3000, 5000)),
        ("期望工资", "3千以上", (3000, None)),
        ("期望工资", "0.5万", (5000, 5000)),
        ("期望工资", "面议", (None, None)),
        ("可工作时间", "上午、周末", 1 | 48),
        ("可工作时间", "不限", 127),
        ("可步行时间", "半小时", 30),
        ("可步行时间", "15分钟以内", 15),
        ("可步行时间", 20.0, 20),
        ("技能证书", "电工(中级)、育婴员三级证书", (("电工", 4), ("育婴员", 3))),
        ("求职意向", "保安、保洁，门卫", ("保安", "保洁", "门卫")),
        ("与户主关系", "妻子", "配偶"),
    ],
)
def test_values(label, cell, value):
    assert one_cell(label, cell) == (value, [])


@pytest.mark.parametrize(
    ("label", "cell", "value"),
    [
        ("月工资", "4k-6k", (4000, 6000)),
        ("月工资", "4-6千", (4000, 6000)),
        ("工资待遇", "5000元以上", (5000, None)),
        ("年龄要求", "18-50周岁", (18, 50)),
        ("年龄要求", "50岁以下", (None, 50)),
        ("年龄要求", "不限", (None, None)),
        ("学历要求", "高中及以上", 60),
        ("学历要求", "不限", NEVER),
        ("工作时间", "8:00-17:00", 3),
        ("工作时间", "18:00-22:00", 4),
        ("工作时间", "22:00-次日6:00", 8),
        ("工作时间", "两班倒", 11),
        ("工作时间", "周末9:00-17:00", 48),
        ("招聘人数", "3人", 3),
    ],
)
def test_values_of_vacancies(label, cell, value):
    assert one_cell(label, cell, "vacancies") == (value, [])


@pytest.mark.parametrize(
    ("label", "cell", "says"),
    [
        ("性别要求", "限女性", "不得限制性别"),
        ("年龄要求", "14-20岁", "未满16周岁"),
        ("年龄要求", "50-18", "颠倒"),
        ("月工资", "很多", "看不懂"),
        ("统一社会信用代码", "91350100M000100Y44", "校验位"),
        ("招聘人数", "若干", "应为整数"),
        ("截止日期", "2020-01-01", "已过"),
    ],
)
def test_what_is_wrong_with_vacancies(label, cell, says):
    assert says in one_cell(label, cell, "vacancies")[1][0]


def test_a_daily_wage_is_kept_as_negotiable_with_a_note():
    value, said = one_cell("月工资", "200元/天", "vacancies")
    assert value == (None, None)
    assert "不是月工资" in said[0]


def test_names():
    assert v.name("王　二") == "王二"
    assert v.name("阿依古丽•买买提") == "阿依古丽·买买提"
    assert v.name("王䶮") == "王䶮"
    assert v.name("John Smith") == "John Smith"
    with pytest.raises(v.CellError):
        v.name("王2")


def test_birthday_and_sex_follow_from_the_id_and_must_agree():
    number = id_number(date(1980, 1, 1), 11)
    rows = [
        ["姓名", "身份证号", "出生日期", "性别"],
        ["王一", number, "1980-1-1", "男"],
        ["王二", id_number(order=13), "1980年1月", ""],
        ["王三", id_number(order=15), "1981-1-1", "男"],
        ["王四", id_number(order=17), "", "女"],
    ]
    _table, blocks = parse_file(xlsx(rows))
    assert {n: [p.message for p in found] for n, found in problems_of(blocks).items()} == {
        4: ["出生日期1981-01-01与身份证号中的1980-01-01不一致"],
        5: ["性别“女”与身份证号不一致（应为男）"],
    }
    assert blocks[0].columns["birth_date"] == [date(1980, 1, 1)] * 4


@pytest.mark.parametrize(
    ("born", "says"),
    [
        (date(2099, 1, 1), "出生日期还没有到"),
        (TODAY.replace(day=TODAY.day + 1), "出生日期还没有到"),
        (date(1894, 12, 31), "出生日期已超过130年"),
    ],
)
def test_born_on_an_impossible_day(born, says):
    rows = [["姓名", "身份证号"], ["王一", id_number(born)]]
    _table, blocks = parse_file(xlsx(rows))
    assert says in problems_of(blocks)[2][0].message


def test_born_today_and_very_old():
    rows = [["姓名", "身份证号"], *(["王一", id_number(b)] for b in (TODAY, date(1895, 1, 1)))]
    _table, blocks = parse_file(xlsx(rows))
    assert problems_of(blocks) == {}


def test_one_person_twice_in_a_file_names_the_earlier_row():
    number = id_number()
    rows = [["姓名", "身份证号"], ["王一", number], [], ["王一", number.lower()]]
    _table, blocks = parse_file(xlsx(rows), size=1)
    assert [str(p) for p in problems_of(blocks)[4]] == [
        "第4行 身份证号与第2行重复，同一个人只能出现一次"
    ]


def test_needed_cells_must_be_filled():
    rows = [["姓名", "身份证号"], ["", id_number()], ["王二", ""]]
    _table, blocks = parse_file(xlsx(rows))
    assert [p.message for found in problems_of(blocks).values() for p in found] == [
        "姓名没有填写",
        "身份证号没有填写",
    ]


def test_categories_speak_of_facts():
    found = rows_of(
        xlsx(
            [
                ["姓名", "身份证号", "人员类别", "是否低保边缘"],
                ["王一", id_number(order=11), "低保、退役军人", ""],
                ["王二", id_number(order=13), "零就业家庭", "是"],
            ]
        )
    )
    assert (found[0]["minimum_living"], found[0]["veteran"]) == ("低保", True)
    assert found[1]["minimum_living"] == "低保边缘"


def test_categories_that_contradict_a_column():
    rows = [["姓名", "身份证号", "人员类别", "低保情况"], ["王一", id_number(), "低保", "特困"]]
    _table, blocks = parse_file(xlsx(rows))
    assert "不一致" in problems_of(blocks)[2][0].message


@given(st.text(max_size=40) | st.floats(allow_nan=False) | st.booleans() | st.integers())
def test_no_cell_breaks_a_parser(cell):
    """Whatever stands in a cell gives a value or a sentence, never another error."""
    from weiye.services.exchange.sheets import KINDS

    for kind in KINDS.values():
        for field in kind.fields:
            parser = field.parser(date(2025, 7, 1))
            try:
                parser(cell)
            except v.CellError as error:
                assert str(error)
    text_of(cell)
