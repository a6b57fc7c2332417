"""The form that names a colleague for somebody's absence; used by leaders and by oneself."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms

from weiye.base.accounts.models import Membership

from .forms import ComponentForm, date_field, mark


class CoverForm(ComponentForm):
    account_id = forms.TypedChoiceField(
        label="由谁代班", coerce=int, required=False, empty_value=None
    )
    username = forms.CharField(
        label="或者同一街道其他社区同事的用户名",
        max_length=64,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    first = date_field("从哪天起")
    last = date_field("到哪天止（含）")
    reason = forms.CharField(
        label="原因", max_length=200, required=False, help_text="例如：休假、学习、病假。"
    )

    def __init__(
        self, colleagues: Sequence[Membership], today: date, *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        account = self.fields["account_id"]
        assert isinstance(account, forms.ChoiceField)
        account.choices = [
            ("", "请选择"),
            *(
                (m.account_id, f"{m.account_name}（{m.unit.name}{m.role_title}）")
                for m in colleagues
            ),
        ]
        mark(account, "两项填一项")
        mark(self.fields["username"], "两项填一项")
        for name in ("first", "last"):
            self.fields[name].widget.attrs["min"] = today.isoformat()

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("account_id") and not data.get("username") and not self.errors:
            self.add_error("account_id", "请选择由谁代班。")
        return data

    def add_error(self, field: str | None, error: Any) -> None:
        super().add_error("account_id" if field == "account" else field, error)
