"""The form of one visit: filled in beforehand so that one tap records it."""

from datetime import date
from typing import Any
from uuid import uuid4

from django import forms

from weiye.services.assistance.models import ContactWay
from weiye.services.assistance.visits.models import VisitResult

from ..components.forms import ComponentForm, date_field


class VisitForm(ComponentForm):
    result = forms.ChoiceField(
        label="见到了吗", choices=VisitResult.choices, widget=forms.RadioSelect
    )
    way = forms.ChoiceField(
        label="怎么走访的", choices=ContactWay.choices, widget=forms.RadioSelect
    )
    on = date_field("日期")
    note = forms.CharField(
        label="记录",
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "例如：想找半天的活，下周一来站里"}),
    )
    token = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        kwargs.setdefault(
            "initial", {"on": today, "token": uuid4(), "way": "visit", "result": "met"}
        )
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["on"].widget.attrs["max"] = today.isoformat()

    def clean_on(self) -> date:
        on: date = self.cleaned_data["on"]
        if on > self.today:
            raise forms.ValidationError("日期不能晚于今天。")
        return on
