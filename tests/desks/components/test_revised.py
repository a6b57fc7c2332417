"""Two people on one record: the second is told, and takes either, field by field."""

from typing import Any

import pytest
from django import forms
from django.http import QueryDict

from weiye.desks.components.forms import ComponentForm, MoneyField, Revised, WeekField, date_field


class Record(Revised, ComponentForm):
    name = forms.CharField(label="名称")
    wage = MoneyField(label="月薪", required=False)
    on = date_field("日期", required=False)
    hours = WeekField(label="时间", required=False)
    open = forms.BooleanField(label="公开", required=False)


OPENED: dict[str, Any] = {"name": "帮厨", "wage": 3000, "hours": [1, 2], "open": False}


def sent(seen: str, **values: Any) -> QueryDict:
    data = QueryDict(mutable=True)
    for name, value in ({"name": "帮厨", "wage": "3000", "hours": ["1", "2"]} | values).items():
        data.setlist(name, value if isinstance(value, list) else [value])
    data["seen"] = seen
    return data


def test_nobody_else_means_no_question() -> None:
    seen = Record(initial=OPENED).seen()
    form = Record(sent(seen, wage="3,200元"), initial=OPENED)
    assert form.is_valid()
    assert form.cleaned_data["wage"] == 3200
    assert form.differences == []


def test_what_somebody_else_changed_is_told_field_by_field() -> None:
    seen = Record(initial=OPENED).seen()
    now = OPENED | {"wage": 3500, "hours": [4], "open": True}
    form = Record(sent(seen, wage="3200"), initial=now)
    assert not form.is_valid()
    told = {d.name: (d.theirs, d.mine, d.touched) for d in form.differences}
    assert told == {
        "wage": ("3500", "3200", True),
        "hours": ("工作日晚上", "工作日上午、工作日下午", False),
        "open": ("是", "否", False),
    }


def test_the_same_change_by_both_is_no_quarrel() -> None:
    seen = Record(initial=OPENED).seen()
    assert Record(sent(seen, wage="3500"), initial=OPENED | {"wage": 3500}).is_valid()


def test_theirs_or_mine() -> None:
    now = OPENED | {"wage": 3500, "hours": [4], "open": True}
    seen = Record(initial=now).seen()
    choices = {"take-wage": "mine", "take-hours": "theirs", "take-open": "theirs"}
    form = Record(sent(seen, wage="3200", **choices), initial=now)
    assert form.is_valid()
    data = form.cleaned_data
    assert (data["wage"], data["hours"], data["open"]) == (3200, [4], True)
    assert form.changed_data == ["wage"]


def test_a_third_who_comes_between_is_told_of_again() -> None:
    seen = Record(initial=OPENED | {"wage": 3500}).seen()
    form = Record(sent(seen, wage="3200"), initial=OPENED | {"wage": 4000})
    assert not form.is_valid()
    assert form.differences[0].theirs == "4000"


@pytest.mark.parametrize("seen", ["", "no json", "[1]", '{"name": 5, "evil": "x"}'])
def test_a_token_that_is_none_stops_or_asks_but_never_breaks(seen: str) -> None:
    form = Record(sent(seen), initial=OPENED)
    form.is_valid()
    assert len(form.differences) <= 1
