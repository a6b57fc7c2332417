"""Forms of the desk."""

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import uuid4

from django import forms

from weiye.services.assistance.models import ContactKind, ContactWay, ListEntry
from weiye.services.assistance.queries import Lists

from ..components.forms import ComponentForm, date_field

HIDE_REASONS = (
    "本人不愿意",
    "已经联系过",
    "时间不合适",
    "离家太远",
    "身体条件不合适",
    "信息已过时",
)
CLOSE_REASONS = (
    "已稳定就业",
    "不再属于援助群体",
    "本人放弃援助",
    "迁出本社区",
    "已到退休年龄",
    "去世",
)


class ContactForm(ComponentForm):
    """One contact, recorded in seconds: what about, how, when, what was said."""

    kind = forms.ChoiceField(
        label="谈了什么", choices=ContactKind.choices, widget=forms.RadioSelect
    )
    way = forms.ChoiceField(
        label="怎么联系的", choices=ContactWay.choices, widget=forms.RadioSelect, initial="phone"
    )
    on = date_field("日期")
    note = forms.CharField(
        label="记录",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "例如：介绍了两个岗位，周三去面试"}),
    )
    entries = forms.MultipleChoiceField(
        label="告诉了本人哪些", required=False, widget=forms.CheckboxSelectMultiple
    )
    token = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, lists: Lists, *args: Any, today: date, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"on": today, "token": uuid4(), "way": "phone"})
        super().__init__(*args, **kwargs)
        entries = self.fields["entries"]
        if isinstance(entries, forms.MultipleChoiceField):
            entries.choices = _choices(lists)
        self.today = today
        self.fields["on"].widget.attrs["max"] = today.isoformat()

    def clean_on(self) -> date:
        on: date = self.cleaned_data["on"]
        if on > self.today:
            raise forms.ValidationError("日期不能晚于今天。")
        return on


def _choices(lists: Lists) -> list[tuple[str, str]]:
    told: Iterable[ListEntry] = [*lists.jobs, *lists.policies, *lists.training]
    return [(str(entry.pk), entry.title) for entry in told]
