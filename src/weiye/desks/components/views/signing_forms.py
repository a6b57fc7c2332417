"""What is typed while signing in, and on one's own page."""

from typing import Any

from django import forms

from weiye.base.accounts.rules import rules

from ..forms import ComponentForm


def _password(label: str, complete: str, help_text: str = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=128,
        strip=False,
        help_text=help_text,
        widget=forms.PasswordInput(attrs={"autocomplete": complete}),
    )


def password_rules() -> str:
    """The rules in one sentence, said before they are broken."""
    rule = rules()
    return (
        f"至少{rule.length}位，小写字母、大写字母、数字、符号里用{rule.kinds}种；"
        f"或者{rule.long_length}位以上用{rule.long_kinds}种。不能像用户名，"
        f"不能是最近{rule.not_last}次用过的。"
    )


class SigninForm(ComponentForm):
    says_optional = False
    username = forms.CharField(
        label="用户名",
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
    )
    password = _password("密码", "current-password")


class CodeForm(ComponentForm):
    code = forms.CharField(
        label="动态口令",
        max_length=24,
        help_text="手机上验证器显示的6位数字。手机不在身边，可以填一个备用码。",
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )


class EnrolForm(ComponentForm):
    code = forms.CharField(
        label="手机上显示的6位数字",
        max_length=8,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )


class NewPasswordForm(ComponentForm):
    """``old`` is asked for unless it was typed a moment ago."""

    old = _password("现在的密码", "current-password")
    new = _password("新密码", "new-password")
    again = _password("再输入一次新密码", "new-password")
    again.error_messages["required"] = "请再输入一次新密码。"

    def __init__(self, *args: Any, asks_old: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not asks_old:
            del self.fields["old"]
        self.fields["new"].help_text = password_rules()

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("new") and data.get("again") and data["new"] != data["again"]:
            self.add_error("again", "两次输入的新密码不一样，请重新输入。")
        return data


class ProofForm(CodeForm):
    """Password and code once more, before something that weakens the sign-in."""

    field_order = ("password", "code")
    says_optional = False
    password = _password("现在的密码", "current-password")
