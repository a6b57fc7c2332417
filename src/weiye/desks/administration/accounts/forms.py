"""What is asked for accounts, their memberships and institutions."""

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from weiye.base.accounts.actions import grantable, registrable, username_complaint
from weiye.base.accounts.models import Account, Institution
from weiye.base.accounts.roles import Role, roles
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import Actor

from ...components.forms import ComponentForm, UnitField, date_field, mark


def roles_to_give(actor: Actor) -> list[Role]:
    """The roles that this desk gives: residents get theirs where their data is."""
    return [role for role in grantable(actor) if role.subject != "person"]


def choose(form: forms.Form, name: str, choices: list[Any]) -> None:
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)
    field.choices = choices


def bound_to(form: forms.Form, actor: Actor) -> None:
    """Only units of the actor's area are found."""
    field = form.fields["unit"]
    assert isinstance(field, UnitField)
    field.within = actor.path


class MembershipForm(ComponentForm):
    """Which role, for which unit or institution, until when."""

    role = forms.ChoiceField(label="角色")
    unit = UnitField(
        label="单位",
        required=False,
        help_text="输入名称、拼音首字母或代码，从提示里选；只能是本单位或下级。",
    )
    institution = forms.CharField(
        label="机构",
        max_length=120,
        required=False,
        help_text="要先登记机构，这里填它的名称或统一社会信用代码。",
    )
    capacity = forms.ChoiceField(
        label="部门或类别",
        required=False,
        help_text="“部门工作人员”选部门，“信息采集员”选是哪一类人，其他角色不用选。",
    )
    ends_on = date_field(
        "到哪天为止", required=False, help_text="临时的才填，当天仍可用；长期的留空。"
    )

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor
        given = roles_to_give(actor)
        choose(self, "role", [("", "请选择"), *((role.key, role.title) for role in given)])
        capacities = [
            (role.title, [(each, each) for each in role.capacities])
            for role in given
            if role.capacities
        ]
        choose(self, "capacity", [("", "不用选"), *capacities])
        bound_to(self, actor)
        mark(self.fields["unit"], "给机构开账号时不填")
        mark(self.fields["institution"], "给用人单位或机构开账号时填")
        if not any(role.subject == "institution" for role in given):
            del self.fields["institution"]
        if not capacities:
            del self.fields["capacity"]
        self.order_fields(["username", "name", *self.fields])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        role = roles().get(data.get("role", ""))
        if role is None:
            return data
        if role.subject == "institution":
            data["found"] = self._institution(role, data.get("institution", ""))
        elif data.get("unit") is None and "unit" not in self.errors:
            self.add_error("unit", "请填写单位。")
        if role.capacities and data.get("capacity") not in role.capacities:
            self.add_error("capacity", f"请为“{role.title}”选一个。")
        if not role.capacities:
            data["capacity"] = ""
        if (day := data.get("ends_on")) and day < timezone.localdate():
            self.add_error("ends_on", "到期日不能早于今天。")
        return data

    def _institution(self, role: Role, text: str) -> Institution | None:
        text = text.strip()
        rows = Institution.objects.visible_to(self.actor).filter(is_active=True, kind=role.key)
        rows = rows.filter(name=text) | rows.filter(credit_code=text.upper())
        found = list(rows.select_related("unit").order_by("pk")[:2])
        if len(found) == 1:
            return found[0]
        if not text:
            said = "请填写机构的名称或统一社会信用代码。"
        elif found:
            said = f"叫“{text}”的不止一个，请填统一社会信用代码。"
        else:
            said = f"没有找到属于“{role.title}”的“{text}”，请先在“用人单位和机构”里登记。"
        self.add_error("institution", said)
        return None

    def seat(self) -> Unit:
        """The unit that the membership is for: the institution's seat, or the one chosen."""
        found = self.cleaned_data.get("found")
        unit: Unit = found.unit if found else self.cleaned_data["unit"]
        return unit

    def terms(self) -> dict[str, Any]:
        """What `grant_membership` takes besides actor and account."""
        data, found = self.cleaned_data, self.cleaned_data.get("found")
        ends_at = None
        if day := data.get("ends_on"):
            ends_at = timezone.make_aware(datetime.combine(day + timedelta(days=1), time()))
        return {
            "role": data["role"],
            "unit": self.seat(),
            "capacity": data.get("capacity", ""),
            "subject": ("institution", found.pk) if found else None,
            "ends_at": ends_at,
        }


class AccountForm(MembershipForm):
    """A new account with its first membership."""

    username = forms.CharField(
        label="用户名",
        max_length=32,
        help_text="小写字母、数字和 . _ @ - ，例如姓名拼音。以后不能改。",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )
    name = forms.CharField(label="姓名", max_length=64, help_text="同事看到的名字。")

    def clean_username(self) -> str:
        username = str(self.cleaned_data["username"])
        if complaint := username_complaint(username):
            raise forms.ValidationError(complaint)
        return username


class MoveForm(ComponentForm):
    """Another home unit."""

    unit = UnitField(
        label="调到哪个单位",
        help_text="只能是本单位或下级；调到辖区以外，请上级管理员办理。",
    )
    keep = forms.BooleanField(
        label="保留现有身份",
        required=False,
        help_text="不勾选时，新单位以外的身份马上结束，到新单位后再授权。",
    )

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        bound_to(self, actor)


class NameForm(ComponentForm):
    name = forms.CharField(label="姓名", max_length=Account._meta.get_field("name").max_length)


class InstitutionForm(ComponentForm):
    """An employer or institution."""

    kind = forms.ChoiceField(label="类别")
    name = forms.CharField(label="名称", max_length=100, help_text="营业执照上的全称。")
    credit_code = forms.CharField(
        label="统一社会信用代码",
        max_length=20,
        required=False,
        help_text="18位，在营业执照上。个人雇主没有可以不填。",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )

    unit = UnitField(label="所在地")

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose(self, "kind", [(kind.value, kind.label) for kind in registrable(actor)])
        bound_to(self, actor)
