"""The calendar and the certification of a pack: what they say, and how mistakes are named."""

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from weiye.base.packs import ROOT, PackError, load_pack
from weiye.base.packs.certification import Numbering, check_digit
from weiye.engine.rules import TO_CONFIRM

WEIHAI = "371000000000"
pytestmark = pytest.mark.requirement("PPL-6")


@pytest.fixture
def packs(tmp_path: Path) -> Path:
    root = tmp_path / "packs"
    shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns("*.gz", "*.md"))
    return root


# Working days a year by the notices: what every almanac of the year prints.
@pytest.mark.parametrize(("year", "days"), [(2024, 251), (2025, 248), (2026, 248)])
def test_each_published_year_has_its_working_days(year: int, days: int) -> None:
    calendar = load_pack(WEIHAI).calendar
    assert calendar.count(date(year - 1, 12, 31), date(year, 12, 31)) == days
    assert year in calendar.published


def test_holidays_and_make_up_days_of_2026() -> None:
    """国办发明电〔2025〕7号."""
    calendar = load_pack(WEIHAI).calendar
    for day in ("01-04", "02-14", "02-28", "05-09", "09-20", "10-10"):
        assert calendar.is_working(date.fromisoformat(f"2026-{day}")), day
    for day in ("01-02", "02-16", "02-23", "04-06", "05-05", "06-19", "09-25", "10-07"):
        assert not calendar.is_working(date.fromisoformat(f"2026-{day}")), day
    # Five working days posted before the October holiday end after it, a Saturday among them.
    assert calendar.add(date(2026, 9, 29), 5) == date(2026, 10, 11) + timedelta(days=1)


def test_a_year_without_an_arrangement_is_provisional() -> None:
    calendar = load_pack(WEIHAI).calendar
    assert 2027 not in calendar.published
    assert calendar.provisional(date(2026, 12, 28), date(2027, 1, 4))
    for day in (date(2027, 1, 1), date(2027, 2, 8), date(2027, 5, 1), date(2027, 10, 1)):
        assert not calendar.is_working(day)
    # Nobody has said anything of this year at all: the days of fixed date are still off.
    assert not calendar.is_working(date(2031, 10, 2)) and calendar.is_working(date(2031, 10, 6))


def test_what_no_city_has_settled_holds_nobody_up() -> None:
    found = load_pack(WEIHAI).certification
    assert found is not None
    for category in found.categories.values():
        for document in category.documents:
            assert document.enabled == (document.status != TO_CONFIRM), document.id
    assert {"identity", "registration"} <= {d.id for d in found.categories["elder"].documents}
    parameters = load_pack(WEIHAI).parameters
    notice = parameters["certification_notice_days"].on(date(2026, 3, 2))
    assert notice[0].value >= 5 and notice[0].status == TO_CONFIRM


def test_check_digits() -> None:
    """ISO/IEC 7064 MOD 11,10: its own example; a changed digit or two swapped ones show."""
    assert check_digit("0794") == "5"
    number = Numbering(6, 6, True).number("371002000000", 2026, 12)
    assert number == "3710022026000012" + check_digit("3710022026000012")
    for place in range(len(number) - 1):
        wrong = number[:place] + str((int(number[place]) + 1) % 10) + number[place + 1 :]
        assert check_digit(wrong[:-1]) != wrong[-1]
    assert Numbering(6, 6, True).number("3710nh", 2026, 1).startswith("3710nh2026000001")
    with pytest.raises(OverflowError):
        Numbering(6, 3, False).number("371002000000", 2026, 1000)


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("calendar.yaml", "2026-02-14, ", "2026-02-13, ", "is a working day of itself"),
        ("calendar.yaml", "2026-02-14, ", "2026-02-15, ", "off and worked"),
        ("calendar.yaml", "year: 2025", "year: 2024", "occurs twice"),
        ("calendar.yaml", "2026-06-19/2026-06-21", "2026-06-21/2026-06-19", "lies before"),
        ("calendar.yaml", "2026-06-19/2026-06-21", "2016-06-19", "far from 2026"),
        ("calendar.yaml", "01-01, 05-01", "13-01, 05-01", "expected a day MM-DD"),
        ("certification.yaml", "rule: 就业困难人员", "rule: 无此群体", "there is no group"),
        ("certification.yaml", "clause: category", "clause: nothing", "has no clause"),
        ("certification.yaml", "clause: elder,", "clause: old,", "has no category"),
        ("certification.yaml", "facts: [disability_grade]", "facts: [grade]", "there is no fact"),
        ("certification.yaml", "documents: [land-lost]", "documents: [paper]", "no document"),
    ],
)
def test_mistakes_are_named_with_file_and_line(
    packs: Path, file: str, old: str, new: str, said: str
) -> None:
    path = packs / "shandong" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(PackError, match=said) as caught:
        load_pack(WEIHAI, root=packs)
    assert str(caught.value).startswith(f"packs/shandong/{file}:")
