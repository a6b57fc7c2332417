from hypothesis import given
from hypothesis import strategies as st

from weiye.desks.components.words import HOURS, age_words, distance_words, hours_words, wage_words


def test_hours_are_said_as_people_say_them() -> None:
    assert hours_words(3) == "工作日白天"
    assert hours_words(7) == "工作日全天"
    assert hours_words(8) == "夜间"
    assert hours_words(4 | 48) == "工作日晚上、周末白天"
    assert hours_words(127) == "时间不限"


@given(st.integers(min_value=1, max_value=126))
def test_every_mask_of_hours_has_its_own_words(mask: int) -> None:
    others = {hours_words(m) for m in range(1, 127) if m != mask}
    assert hours_words(mask)
    assert hours_words(mask) not in others


def test_pay() -> None:
    assert wage_words(3200, 4500) == "3,200–4,500元/月"
    assert wage_words(3000, 3000) == "3,000元/月"
    assert wage_words(None, 4000) == "最高4,000元/月"
    assert wage_words(None, None) == "面议"


def test_ages_and_distances() -> None:
    assert age_words(18, 50) == "18–50周岁"
    assert age_words(None, None) == "不限（年满16周岁）"
    assert distance_words(846) == "850米"
    assert distance_words(1240) == "1.2公里"
    assert len(HOURS) == 7
