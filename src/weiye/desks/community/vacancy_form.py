"""The form of a vacancy: what 山东省人力资源市场条例 §32 asks for, and nothing it forbids."""

from datetime import date
from typing import Any

from django import forms
from django.db.models import QuerySet

from weiye.base.privacy.identifiers import IdentifierError, read_uscc
from weiye.registers.employers.actions import REQUIRED_TO_PUBLISH
from weiye.registers.employers.models import LABELS, Employer, Vacancy, VacancyKind
from weiye.registers.people.models import EDUCATION

from ..components.forms import (
    ComponentForm,
    MoneyField,
    Revised,
    WeekField,
    date_field,
    long_text,
    mark,
)
from ..components.words import HOURS

CONTRACTS = ("劳动合同", "劳务协议", "非全日制用工合同", "承揽协议", "灵活就业协议")


class VacancyForm(Revised, ComponentForm):
    employer = forms.ModelChoiceField(
        label="用人单位",
        queryset=Employer.objects.none(),
        required=False,
        empty_label="新的用人单位",
    )
    employer_name = forms.CharField(label="新单位名称", max_length=120, required=False)
    uscc = forms.CharField(
        label="统一社会信用代码", max_length=18, required=False, help_text="营业执照上的18位代码"
    )
    contact = forms.CharField(label="联系人", max_length=64, required=False)
    phone = forms.CharField(
        label="招聘电话",
        max_length=30,
        required=False,
        help_text="会公开给居民",
        widget=forms.TextInput(attrs={"inputmode": "tel"}),
    )

    title = forms.CharField(label="岗位名称", max_length=100)
    kind = forms.ChoiceField(label="用工形式", choices=VacancyKind.choices)
    openings = forms.IntegerField(label="招聘人数", min_value=1, max_value=100000, initial=1)
    duties = long_text("工作内容", max_length=2000, required=False)
    place = forms.CharField(label="工作地点", max_length=200, required=False)
    wage_min = MoneyField(label="月薪最低", max_value=1_000_000, required=False)
    wage_max = MoneyField(label="月薪最高", max_value=1_000_000, required=False)
    hours = WeekField(label="工作时间", help_text="上班要占用的时间都勾上")
    conditions = long_text(
        "招用条件",
        rows=2,
        max_length=2000,
        required=False,
        help_text="不能限性别、户籍、民族、婚育，不能收费",
    )
    min_age = forms.IntegerField(
        label="最低年龄",
        min_value=16,
        max_value=100,
        required=False,
        error_messages={"min_value": "不得招用未满16周岁的人。"},
    )
    max_age = forms.IntegerField(label="最高年龄", min_value=16, max_value=100, required=False)
    min_education = forms.TypedChoiceField(
        label="最低学历",
        choices=[("", "不限"), *EDUCATION.items()],
        coerce=int,
        empty_value=None,
        required=False,
    )
    contract_type = forms.ChoiceField(
        label="合同类型", choices=[("", "请选择"), *((c, c) for c in CONTRACTS)], required=False
    )
    social_insurance = forms.CharField(
        label="社会保险", max_length=100, required=False, help_text="例如：五险；工伤保险"
    )
    protection = forms.CharField(
        label="劳动保护与职业危害", max_length=200, required=False, help_text="没有危害也请写明"
    )
    labels = forms.MultipleChoiceField(
        label="岗位标签",
        choices=[(name, name) for name in LABELS],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="标签表示友好，不限制谁来应聘",
    )
    accessible = forms.BooleanField(label="有无障碍条件", required=False)
    remote = forms.BooleanField(label="可以在家做", required=False)
    expires_on = date_field("截止日期", required=False, help_text="不填表示招满为止")

    EMPLOYER = ("employer_name", "uscc", "contact", "phone")

    def __init__(
        self,
        employers: QuerySet[Employer],
        *args: Any,
        vacancy: Vacancy | None,
        today: date,
        **kwargs: Any,
    ) -> None:
        if vacancy is not None:
            kwargs["initial"] = _initial(vacancy)
        else:
            kwargs.setdefault("initial", {"hours": [1, 2]})
        super().__init__(*args, **kwargs)
        self.vacancy, self.today = vacancy, today
        for name in REQUIRED_TO_PUBLISH:
            if not self.fields[name].required:
                mark(self.fields[name], "发布前必填")
        mark(self.fields["employer"], "从已有的里选")
        mark(self.fields["employer_name"], "不在列表里就填这里")
        field = self.fields["employer"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = employers

    def clean_uscc(self) -> str:
        code = str(self.cleaned_data["uscc"]).strip()
        if not code:
            return ""
        try:
            return read_uscc(code)
        except IdentifierError as error:
            raise forms.ValidationError(f"{error}。") from None

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("employer") and not data.get("employer_name"):
            self.add_error("employer_name", "请选择已有的用人单位，或填写新单位名称。")
        for low, high, words in (
            ("wage_min", "wage_max", "最高月薪比最低月薪还低，请核对。"),
            ("min_age", "max_age", "最高年龄比最低年龄还小，请核对。"),
        ):
            if data.get(low) and data.get(high) and data[low] > data[high]:
                self.add_error(high, words)
        expires = data.get("expires_on")
        if expires and expires < self.today:
            self.add_error("expires_on", "截止日期已经过去，请改成以后的日期。")
        return data

    def new_employer(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {
            "name": data["employer_name"].strip(),
            "uscc": data["uscc"],
            "contact": data["contact"],
            "phone": data["phone"],
        }

    def values(self) -> dict[str, Any]:
        """The vacancy's own fields, in its own terms."""
        skipped = {"employer", *self.EMPLOYER}
        values = {name: value for name, value in self.cleaned_data.items() if name not in skipped}
        values["hours"] = sum(set(values["hours"]))
        if self.vacancy is None:
            values["posted_on"] = self.today
        return values


def _initial(vacancy: Vacancy) -> dict[str, Any]:
    names = [f for f in VacancyForm.base_fields if hasattr(vacancy, f) and f != "employer"]
    initial = {name: getattr(vacancy, name) for name in names}
    initial["employer"] = vacancy.employer_id
    initial["hours"] = [bit for bit in HOURS if vacancy.hours & bit]
    return initial
