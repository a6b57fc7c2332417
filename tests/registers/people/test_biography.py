"""Lists of records: one form, and no detail lost to a list that says less."""

from datetime import date

import pytest
from django.core.exceptions import ValidationError

from weiye.engine.rules import facts_frame
from weiye.registers.people import biography

pytestmark = pytest.mark.requirement("PPL-1")
DAY = date(2026, 6, 1)


def test_records_are_kept_newest_first_without_blanks() -> None:
    found = biography.cleaned(
        "work_history",
        [
            {"employer": "甲厂", "from": "2010-03", "to": "2015-01", "job": ""},
            {"employer": " 乙店 ", "from": "2016-05", "to": None},
            {"employer": "", "from": " "},
        ],
        on=DAY,
    )
    assert found == [
        {"employer": "乙店", "from": "2016-05"},
        {"employer": "甲厂", "from": "2010-03", "to": "2015-01"},
    ]
    assert biography.cleaned("work_history", [{}], on=DAY) is None


@pytest.mark.parametrize(
    ("fact", "record", "words"),
    [
        ("work_history", {"from": "2010-03"}, "没有填写单位"),
        ("work_history", {"employer": "甲", "from": "2015-02", "to": "2010-01"}, "结束早于开始"),
        ("work_history", {"employer": "甲", "from": "2015-13"}, "写成年和月"),
        ("work_history", {"employer": "甲", "from": "2026-07"}, "还没有到"),
        ("skill_certificates", {"code": "电工", "level": 6}, "1到5级"),
        ("skill_certificates", {"code": "电工", "on": "2026-06-02"}, "不能晚于今天"),
        ("skill_certificates", {"code": "电工", "colour": "红"}, "不认识的内容"),
    ],
)
def test_what_cannot_be_is_told(fact: str, record: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        biography.cleaned(fact, [record], on=DAY)


def test_the_engine_reads_code_and_level_of_the_same_records() -> None:
    records = biography.cleaned(
        "skill_certificates",
        [{"code": "电工", "level": "4", "number": "S1", "on": "2020-05-01", "issuer": "局"}],
        on=DAY,
    )
    frame = facts_frame([{"id": 1, "skill_certificates": records}])
    assert frame["skill_certificates"].to_list() == [[{"code": "电工", "level": 4}]]


def test_a_roster_that_says_less_keeps_the_numbers_of_the_same_certificates() -> None:
    known = [
        {"code": "电工", "level": 4, "number": "S1"},
        {"code": "焊工", "level": 5, "number": "S2"},
    ]
    stated = [{"code": "月嫂"}, {"code": "焊工", "level": 5}, {"code": "电工", "level": 4}]
    assert biography.detailed(stated, known) == [*known, {"code": "月嫂"}]
    assert biography.detailed(stated[1:], known) == known, "another order is no news"
    assert biography.detailed([{"code": "电工", "level": 3}], known) == [
        {"code": "电工", "level": 3}
    ]
    assert biography.detailed(None, known) is None
    assert biography.anonymous(known) == [
        {"code": "电工", "level": 4},
        {"code": "焊工", "level": 5},
    ]
