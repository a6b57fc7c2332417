"""Forms of the records of sensitive groups."""

from typing import Any

from django import forms

from weiye.registers.people.sensitive.actions import MOST_NOTE, Said
from weiye.registers.people.sensitive.models import SensitiveKind, SensitiveRecord

from ..components.forms import ComponentForm, date_field, long_text


class RecordForm(ComponentForm):
    kind = forms.ChoiceField(label="类别", choices=SensitiveKind.choices)
    start = date_field("开始日期")
    end = date_field("结束日期", required=False, help_text="从这一天起不再列入；没有定就不填")
    source = forms.CharField(label="依据", max_length=100, help_text="例如：区司法局通知")
    document = forms.CharField(
        label="文书号", max_length=60, required=False, help_text="修改时不填就不改"
    )
    note = long_text("帮扶情况", max_length=MOST_NOTE, required=False, help_text="修改时不填就不改")

    def __init__(self, *args: Any, row: SensitiveRecord | None = None, **kwargs: Any) -> None:
        if row is not None:
            during = row.during
            kwargs["initial"] = {
                "kind": row.kind,
                "start": during.lower,
                "end": during.upper,
                "source": row.source,
            }
        super().__init__(*args, **kwargs)

    def said(self) -> Said:
        data = self.cleaned_data
        return Said(
            data["kind"], data["start"], data["end"], data["document"], data["note"], data["source"]
        )
