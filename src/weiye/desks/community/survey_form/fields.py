"""The fields of the form at a door: one question of the pack each, answers as people write them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

from django import forms

from weiye.base.privacy.documents import KINDS
from weiye.base.privacy.fields import masked
from weiye.engine.occupations import name_of, names
from weiye.registers.people import said
from weiye.registers.people.models import Person, Sex
from weiye.registers.people.surveys.queries import Asked
from weiye.services.exchange.sheets.values import certificates

from ...components.forms import MoneyField, come_from, date_field
from ...components.words import HOURS
from ..person_form import LEVELS

_SEPARATORS = re.compile(r"[、，,；;\s]+")
_MONTH = re.compile(r"(\d{4})[-/.年](\d{1,2})月?")
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{4})(\d{2})(\d{2})")
_MANY = 5
_NONE_OF = ("children", "skill_certificates", "health_limits")
# The two words of a line, beside its months.
_LINES = {"education_history": ("school", "major"), "work_history": ("employer", "job")}


def radios(label: str, choices: Sequence[tuple[str, str]], **kwargs: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=choices, widget=forms.RadioSelect, **kwargs)


def field_name(key: str, fact: str) -> str:
    return f"{key}-{fact.replace('.', '_')}"


def newcomer(key: str, who: str) -> dict[str, forms.Field]:
    return {
        f"{key}-name": forms.CharField(label=f"{who}姓名", max_length=100, required=False),
        f"{key}-id_kind": forms.ChoiceField(
            label="证件类别", choices=[(kind, kind) for kind in KINDS], required=False
        ),
        f"{key}-id_number": forms.CharField(
            label="证件号码", max_length=40, required=False, help_text="没带证件可以不填"
        ),
        f"{key}-birth_date": date_field(
            "出生日期", required=False, help_text="填了身份证号可以不填"
        ),
        f"{key}-sex": forms.ChoiceField(
            label="性别", choices=[("", "没填"), *Sex.choices], required=False
        ),
        f"{key}-role": forms.CharField(
            label="与户主关系", max_length=20, required=False, help_text="例如：配偶、子、女"
        ),
    }


def fields_of(key: str, each: Asked, person: Person, today: date) -> dict[str, forms.Field]:
    question, state = each.question, each.state
    name, fact, kind = field_name(key, question.fact), question.fact, question.kind
    given: dict[str, Any] = {
        "label": question.text,
        "help_text": question.help,
        "required": False,
        "initial": _initial(fact, kind, state.value),
    }
    field: forms.Field
    if kind == "yes-no":
        field = radios(choices=[("True", "是"), ("False", "否"), ("", "没问到")], **given)
    elif fact == "wish.hours":
        field = forms.MultipleChoiceField(
            choices=[(str(bit), text) for bit, text in HOURS.items()],
            widget=forms.CheckboxSelectMultiple,
            **given,
        )
    elif kind == "several":
        field = forms.MultipleChoiceField(
            choices=list(question.choices.items()), widget=forms.CheckboxSelectMultiple, **given
        )
    elif kind == "choice":
        choices = [*question.choices.items(), ("", "没问到")]
        small = len(question.choices) <= _MANY
        field = (radios if small else forms.ChoiceField)(choices=choices, **given)
    elif kind == "number":
        money = fact in ("monthly_income", "wish.min_wage")
        most = 10_000_000 if money else 9999
        cls = MoneyField if money else forms.IntegerField
        field = cls(min_value=0, max_value=most, **given)
    elif kind == "day":
        field = date_field(
            question.text,
            required=False,
            help_text=question.help,
            initial=date.fromisoformat(state.value) if state.value else None,
        )
    elif kind == "days":
        field = DaysField(max_length=300, today=today, **given)
    elif fact == "skill_certificates":
        field = CertificatesField(max_length=300, **given)
    elif kind == "records":
        field = LinesField(fact, **given)
    elif kind == "words":
        field = WordsField(max_length=200, **given)
    else:  # a phone: what is known stays masked
        known = masked(person, "phone")
        given |= {
            "initial": "",
            "help_text": f"已登记 {known}，没变就不用填" if known else question.help,
        }
        field = forms.CharField(
            max_length=20,
            widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
            **given,
        )
    if state.known and state.on is not None:
        come_from(field, state.source, state.on)
    found: dict[str, forms.Field] = {name: field}
    if fact == said.STATUS:
        since = (state.value or {}).get("since")
        found[f"{name}-since"] = date_field(
            "从哪天起",
            required=False,
            help_text="记不清可以不填",
            initial=date.fromisoformat(since) if since else None,
        )
    if fact in _NONE_OF:
        found[f"{name}-none"] = forms.BooleanField(label="没有", required=False, initial=state.none)
    return found


def _initial(fact: str, kind: str, value: Any) -> Any:
    if value in (None, "", []):
        return [] if kind == "several" else ""
    if fact == said.STATUS:
        return value["status"]
    if fact == "wish.hours":
        return [str(bit) for bit in HOURS if value & bit]
    if fact == "education":
        return str(value // 10 * 10)
    if kind in ("yes-no", "choice"):
        return str(value)
    if kind in ("days", "words"):
        return "、".join(value)
    if fact == "skill_certificates":
        return "、".join(map(_certificate, value))
    if kind == "records":
        return "\n".join(_line(fact, record) for record in value)
    return value


def _certificate(record: Mapping[str, Any]) -> str:
    code = str(record.get("code", ""))
    return f"{name_of(code) or code}{LEVELS.get(record.get('level', 0), '')}"


@cache
def _codes() -> Mapping[str, str]:
    """Official names of occupations to their codes, where a name has but one."""
    count = Counter(names().values())
    return {name: code for code, name in names().items() if count[name] == 1}


def _line(fact: str, record: Mapping[str, Any]) -> str:
    names = ("from", "to", *_LINES[fact])
    return " ".join(str(record[name]) for name in names if record.get(name))


class DaysField(forms.CharField):
    """Days, separated by anything; cleans to ISO days."""

    def __init__(self, *, today: date, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.today = today
        self.help_text = self.help_text or "几个就写几个，例如：2016-05-02、2020-11-30"

    def clean(self, value: Any) -> Any:
        found = []
        for part in filter(None, _SEPARATORS.split(super().clean(value))):
            match = _DAY.fullmatch(part)
            try:
                year, month, day = (int(g) for g in match.groups() if g) if match else (0, 0, 0)
                found.append(date(year, month, day).isoformat())
            except ValueError:
                raise forms.ValidationError(f"“{part}”不像日期，请写成 2016-05-02 这样。") from None
        if any(day > self.today.isoformat() for day in found):
            raise forms.ValidationError("出生日期不能晚于今天。")
        return sorted(found)


class WordsField(forms.CharField):
    def clean(self, value: Any) -> Any:
        return [part[:40] for part in _SEPARATORS.split(super().clean(value)) if part]


class CertificatesField(forms.CharField):
    """Names with levels (养老护理员四级、电工中级) to records."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.help_text = self.help_text or "名称加等级，例如：养老护理员四级、电工中级"

    def clean(self, value: Any) -> Any:
        found = certificates(super().clean(value))
        if not isinstance(found, tuple):
            return None
        return [
            {"code": _codes().get(name, name)} | ({"level": level} if level else {})
            for name, level in found
        ]


class LinesField(forms.CharField):
    """One school or job a line: months, then the name, then what for."""

    def __init__(self, fact: str, **kwargs: Any) -> None:
        kwargs["widget"] = forms.Textarea(attrs={"rows": 2})
        super().__init__(max_length=800, **kwargs)
        self.fact = fact
        example = (
            "2015-09 2018-06 某某中专 会计"
            if fact == "education_history"
            else ("2018-07 2023-01 某某食品厂 包装工")
        )
        self.help_text = self.help_text or f"一行一条，例如：{example}；记不清年月可以不写"

    def clean(self, value: Any) -> Any:
        return [
            record
            for line in super().clean(value).splitlines()
            if (record := self._record(line.strip()))
        ]

    def _record(self, line: str) -> dict[str, str]:
        months = [f"{y}-{int(m):02d}" for y, m in _MONTH.findall(line)[:2]]
        rest = [part for part in re.split(r"[\s至到~—-]+", _MONTH.sub(" ", line)) if part]
        found = dict(zip(("from", "to"), months, strict=False))
        if rest:
            found[_LINES[self.fact][0]] = rest[0]
        if len(rest) > 1:
            found[_LINES[self.fact][1]] = " ".join(rest[1:])
        return found
