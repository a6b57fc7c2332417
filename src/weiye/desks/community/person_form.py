"""What a worker learns about a person at the door or on the phone: one form, nothing required."""

import re
from datetime import date
from typing import Any

from django import forms

from weiye.base.privacy.identifiers import IdentifierError, read_phone
from weiye.registers.people.models import (
    EDUCATION,
    EmploymentStatus,
    MinimumLiving,
    Person,
    PovertyAlleviation,
)
from weiye.registers.people.said import source_of
from weiye.services.assistance.queries import PersonPage
from weiye.services.exchange.sheets.values import certificates

from ..components.forms import (
    ComponentForm,
    MoneyField,
    Revised,
    WeekField,
    come_from,
    date_field,
)
from ..components.words import HOURS

UNKNOWN = ("", "不清楚")
_SEPARATORS = re.compile(r"[、，,；;\s]+")
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{4})(\d{2})(\d{2})")


def three_ways(label: str, help_text: str = "") -> forms.TypedChoiceField:
    """Yes, no, or not known: leaving it open is no answer."""
    return forms.TypedChoiceField(
        label=label,
        choices=[UNKNOWN, ("True", "是"), ("False", "否")],
        coerce=lambda text: text == "True",
        empty_value=None,
        required=False,
        help_text=help_text,
    )


def choice(
    label: str, choices: list[tuple[Any, str]], *, unknown: bool = True, **kwargs: Any
) -> forms.TypedChoiceField:
    offered = [UNKNOWN, *choices] if unknown else choices
    return forms.TypedChoiceField(
        label=label, choices=offered, empty_value=None, required=False, **kwargs
    )


class PersonForm(Revised, ComponentForm):
    says_optional = False

    status = choice("现在的就业状态", list(EmploymentStatus.choices))
    status_on = date_field("从哪天起", required=False, help_text="就业状态有变化时填")
    registered = choice("失业登记", [("yes", "已登记"), ("no", "没有登记")], unknown=False)
    registered_on = date_field("登记或取消的日期", required=False, help_text="登记有变化时填")

    labour_capacity = three_ways("有劳动能力")
    work_wish = three_ways("想工作")
    pension_drawn = three_ways("已领取养老金")
    minimum_living = choice("低保情况", list(MinimumLiving.choices))
    poverty_alleviation = choice("脱贫监测", list(PovertyAlleviation.choices))
    disability_grade = choice(
        "残疾等级",
        [("0", "没有残疾证"), ("1", "一级"), ("2", "二级"), ("3", "三级"), ("4", "四级")],
        coerce=int,
    )
    single_parent_of_minor = three_ways("单亲抚养未成年子女")
    land_lost = three_ways("失地")
    veteran = three_ways("退役军人")
    education = choice("学历", [(str(k), v) for k, v in EDUCATION.items()], coerce=int)
    graduated_on = date_field("毕业（离校）日期", required=False)
    continuing_school = three_ways("毕业后继续升学")
    skill_certificates = forms.CharField(
        label="职业技能证书",
        max_length=300,
        required=False,
        help_text="名称加等级，例如：养老护理员四级、电工中级",
    )
    no_certificates = forms.BooleanField(label="没有技能证书", required=False)
    certified_difficult_since = date_field("就业困难人员认定日期", required=False)
    no_certification = forms.BooleanField(label="没有认定过就业困难人员", required=False)
    monthly_income = MoneyField(label="本人月收入", max_value=10_000_000, required=False)
    insured_months_local = forms.IntegerField(
        label="本地参保月数", min_value=0, max_value=720, required=False
    )
    children = forms.CharField(
        label="子女出生日期",
        max_length=300,
        required=False,
        help_text="几个子女就写几个，例如：2016-05-02、2020-11-30",
    )
    no_children = forms.BooleanField(label="没有子女", required=False)

    phone = forms.CharField(
        label="新电话",
        max_length=20,
        required=False,
        help_text="不填就不改",
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
    )
    address = forms.CharField(
        label="新住址",
        max_length=200,
        required=False,
        help_text="不填就不改",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    min_wage = MoneyField(label="期望月薪", max_value=1_000_000, required=False)
    max_walk_minutes = forms.IntegerField(
        label="愿意走多少分钟", min_value=1, max_value=240, required=False
    )
    hours = WeekField(label="有空的时间", required=False)
    skills = forms.CharField(
        label="会什么", max_length=200, required=False, help_text="例如：做饭、保洁、开车"
    )
    training_wishes = forms.CharField(
        label="想学什么", max_length=200, required=False, help_text="例如：养老护理、面点"
    )
    needs_accessible = forms.BooleanField(label="需要无障碍条件", required=False)

    DATED = (("status", "status_on"), ("registered", "registered_on"))
    NONE = (
        ("no_certification", "certified_difficult_since"),
        ("no_certificates", "skill_certificates"),
        ("no_children", "children"),
    )
    WISH = (
        "min_wage",
        "max_walk_minutes",
        "hours",
        "skills",
        "training_wishes",
        "needs_accessible",
    )

    def __init__(self, found: PersonPage, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, initial=_initial(found), **kwargs)
        self.today, self.person = today, found.person
        self._say_where_from(found)

    def _say_where_from(self, found: PersonPage) -> None:
        """What is filled in says whose word it is and of which day."""
        person, wish = found.person, found.wish
        for name, field in self.fields.items():
            if self.initial.get(name) in (None, "", [], False):
                continue
            if name in self.WISH:
                if wish is not None and wish.source:
                    come_from(field, wish.source, wish.said_on)
            elif hasattr(person, name):
                day = person.fact_dates.get(name, person.as_of.isoformat())
                source = source_of(person.fact_sources, person.source, name)
                come_from(field, source, date.fromisoformat(day))

    def clean_children(self) -> list[date] | None:
        text = self.cleaned_data["children"].strip()
        if not text:
            return None
        days = []
        for part in _SEPARATORS.split(text):
            match = _DATE.fullmatch(part)
            try:
                year, month, day = (int(g) for g in match.groups() if g) if match else (0, 0, 0)
                days.append(date(year, month, day))
            except ValueError:
                raise forms.ValidationError(
                    f"“{part}”不像日期，请写成 2016-05-02 这样，几个子女用顿号隔开。"
                ) from None
        if any(day > self.today for day in days):
            raise forms.ValidationError("出生日期不能晚于今天。")
        return sorted(days)

    def clean_phone(self) -> str:
        text = str(self.cleaned_data["phone"])
        try:
            return read_phone(text) if text else ""
        except IdentifierError as error:
            raise forms.ValidationError(f"{error}。") from None

    def clean_skill_certificates(self) -> list[dict[str, Any]] | None:
        found = certificates(self.cleaned_data["skill_certificates"])
        if not isinstance(found, tuple):
            return None
        return [{"code": name} | ({"level": level} if level else {}) for name, level in found]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for what, when in self.DATED:
            if what in self.changed_data and data.get(what) and not data.get(when):
                self.add_error(when, "请填写从哪天起变化。")
            elif data.get(when) and data[when] > self.today:
                self.add_error(when, "日期不能晚于今天。")
        for none, fact in self.NONE:
            if data.get(none) and data.get(fact):
                self.add_error(none, "填了内容就不要勾“没有”。")
        return data

    def facts(self) -> tuple[dict[str, Any], list[str]]:
        """The facts that were changed, and the names of those known to be none."""
        names = [f for f in self.fields if hasattr(self.person, f) and f not in self.WISH]
        none = dict(self.NONE)
        changed = set(self.changed_data)
        changed |= {none[box] for box in none if box in changed}
        facts = {name: self.cleaned_data[name] for name in names if name in changed}
        for blank_is_unchanged in ("phone", "address"):
            if not facts.get(blank_is_unchanged, "-"):
                del facts[blank_is_unchanged]
        return facts, [none[box] for box in none if self.cleaned_data.get(box)]

    def wish(self) -> dict[str, Any]:
        """What was changed about the wish."""
        wish = {}
        for name in self.WISH:
            if name not in self.changed_data:
                continue
            value = self.cleaned_data[name]
            if name == "hours":
                value = sum(set(value)) or 127
            elif name in ("skills", "training_wishes"):
                value = [part for part in _SEPARATORS.split(value) if part]
            elif name == "max_walk_minutes" and value is None:
                continue
            wish[name] = value
        return wish


LEVELS = {1: "高级技师", 2: "技师", 3: "高级", 4: "中级", 5: "初级"}


def _certificate(record: dict[str, Any]) -> str:
    return f"{record.get('code', '')}{LEVELS.get(record.get('level', 0), '')}"


def _initial(found: PersonPage) -> dict[str, Any]:
    person: Person = found.person
    none = set(person.known_none)
    initial: dict[str, Any] = {
        name: "" if getattr(person, name) is None else str(getattr(person, name))
        for name in PersonForm.base_fields
        if hasattr(person, name)
        and name not in ("phone", "address", "children", "skill_certificates")
    }
    for name in ("graduated_on", "certified_difficult_since"):
        initial[name] = getattr(person, name)
    if person.education is not None:
        initial["education"] = str(person.education // 10 * 10)
    initial |= {
        "status": found.employment_status,
        "registered": "yes" if found.registered_unemployed_since else "no",
        "skill_certificates": "、".join(map(_certificate, person.skill_certificates or [])),
        "no_certificates": "skill_certificates" in none,
        "children": "、".join(day.isoformat() for day in person.children or []),
        "no_certification": "certified_difficult_since" in none,
        "no_children": "children" in none,
    }
    if found.wish is not None:
        wish = found.wish
        initial |= {
            "min_wage": wish.min_wage,
            "max_walk_minutes": wish.max_walk_minutes,
            "hours": [bit for bit in HOURS if wish.hours & bit],
            "skills": "、".join(wish.skills),
            "training_wishes": "、".join(wish.training_wishes),
            "needs_accessible": wish.needs_accessible,
        }
    return initial
