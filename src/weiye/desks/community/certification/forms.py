"""Forms of certification."""

import uuid
from typing import Any

from django import forms

from weiye.services.certification.judging import WORDS, Judged

from ...components.forms import ComponentForm, long_text


class ApplicationForm(ComponentForm):
    """Which category, how the person agreed, what is to be said."""

    token = forms.UUIDField(widget=forms.HiddenInput)
    category = forms.ChoiceField(label="认定类别", widget=forms.RadioSelect)
    consent = forms.CharField(
        label="本人怎样同意代办",
        max_length=200,
        help_text="例如：本人到站当面要求；电话里同意（写明日期）。",
    )
    statement = long_text("情况说明", rows=3, max_length=500, required=False)

    def __init__(self, judged: Judged, *args: Any, own: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["token"].initial = uuid.uuid4
        category = self.fields["category"]
        assert isinstance(category, forms.ChoiceField)
        category.choices = [
            (known.id, f"{known.text}（{WORDS[clause['verdict']]}）")
            for known, clause in judged.categories()
        ]
        if len(category.choices) == 1:
            category.initial = category.choices[0][0]
        if own:
            del self.fields["consent"]
