"""The form at a door: who opened, who lives there, and the questions of the pack for each.

What a department has said lately is shown and not asked. An answer is what the worker changed;
what stands there already, and was left, is no answer.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django import forms
from django.core import signing
from django.forms import BoundField

from weiye.base.packs.surveys import Surveys
from weiye.base.privacy.documents import KINDS
from weiye.base.privacy.fields import masked
from weiye.base.regions.models import Unit
from weiye.registers.people import said
from weiye.registers.people.models import Person, Sex
from weiye.registers.people.surveys.form import VisitForm, read
from weiye.registers.people.surveys.models import Answerer, Outcome, Part
from weiye.registers.people.surveys.queries import Asked, Behind, words
from weiye.services.exchange.sheets.values import certificates

from ..components.forms import (
    ComponentForm,
    MoneyField,
    UnitField,
    come_from,
    date_field,
    dress,
    long_text,
)
from ..components.words import HOURS
from .person_form import LEVELS

NEW = 2
_SALT = "weiye.survey"
_BLANK: tuple[Any, ...] = (None, "", [], False)
_SEPARATORS = re.compile(r"[、，,；;\s]+")
_MONTH = re.compile(r"(\d{4})[-/.年](\d{1,2})月?")
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{4})(\d{2})(\d{2})")
_MANY = 5
_NONE_OF = ("children", "skill_certificates", "health_limits")
# The two words of a line, beside its months.
_LINES = {"education_history": ("school", "major"), "work_history": ("employer", "job")}


@dataclass(frozen=True)
class Row:
    """One question on the page: fields to fill in, or what a department said of it."""

    fields: tuple[BoundField, ...] = ()
    label: str = ""
    value: str = ""
    source: str = ""
    on: date | None = None


@dataclass(frozen=True)
class FormPart:
    """One part of the form: a title, whose (""), and its rows."""

    title: str
    who: str
    rows: tuple[Row, ...]


def radios(label: str, choices: Sequence[tuple[str, str]], **kwargs: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=choices, widget=forms.RadioSelect, **kwargs)


class DoorForm(ComponentForm):
    says_optional = False

    client = forms.UUIDField(widget=forms.HiddenInput)
    # What the page showed, signed: what was changed meanwhile is told from what was answered, and
    # the same page sent twice is one visit. Kept with a draft.
    shown = forms.CharField(widget=forms.HiddenInput, required=False, max_length=200_000)
    outcome = radios("见到人了吗", Outcome.choices)
    answered_by = radios("谁回答的", Answerer.choices, required=False)
    note = long_text("备注", rows=2, max_length=300, required=False)

    def __init__(
        self,
        behind: Sequence[Behind],
        surveys: Surveys,
        *args: Any,
        today: date,
        within: str = "",
        **kwargs: Any,
    ) -> None:
        self.behind, self.surveys, self.today = behind, surveys, today
        kwargs.setdefault("initial", {"client": uuid.uuid4(), "outcome": "surveyed"})
        super().__init__(*args, **kwargs)
        self.marks: dict[str, str] = {}
        extra: dict[str, forms.Field] = {}
        if not behind:
            extra["unit"] = UnitField(
                label="哪个网格或楼栋", within=within, levels=("community", "grid", "building")
            )
            extra["address"] = forms.CharField(label="门牌或住址", max_length=200)
        for one in behind:
            extra |= self._questions(one)
        for number in range(NEW):
            extra |= _newcomer(f"n{number}")
        for name, field in extra.items():
            self.fields[name] = field
            dress(field)
        self._as_shown()

    # --- fields ------------------------------------------------------------------------------

    def _questions(self, one: Behind) -> dict[str, forms.Field]:
        key = f"p{one.person.pk}"
        found: dict[str, forms.Field] = {
            f"{key}-part": radios(
                "现在住在这里吗",
                [("member", "住在这里"), ("left", "已搬走"), ("dead", "已去世")],
                initial="member",
            )
        }
        for _, asked in one.asked:
            for each in asked:
                if not each.shared:
                    found |= _fields(key, each, one.person, self.today)
        return found

    def _as_shown(self) -> None:
        """Compare with what the page showed, not with what the ledger holds by now."""
        for one in self.behind:
            for _, asked in one.asked:
                for each in asked:
                    self.marks[_name(f"p{one.person.pk}", each.question.fact)] = each.mark
        if not self.is_bound:
            told = {n: f.initial for n, f in self.fields.items() if f.initial not in _BLANK}
            values = json.loads(json.dumps(told, default=str))
            self.initial["shown"] = signing.dumps([self.marks, values], salt=_SALT, compress=True)
            return
        try:
            marks, told = signing.loads(str(self.data.get("shown") or ""), salt=_SALT)
        except signing.BadSignature:
            return
        self.marks = {name: marks.get(name, "") for name in self.marks}
        for name, field in self.fields.items():
            if name[:1] == "p" and not name.endswith("-part"):
                value = told.get(name)
                if value and isinstance(field, forms.DateField):
                    value = date.fromisoformat(value)
                field.initial = value

    # --- the page ----------------------------------------------------------------------------

    def parts(self) -> list[FormPart]:
        """What the page shows, in order; one part at a time on a phone."""
        first = ["outcome", "answered_by"]
        if not self.behind:
            first = ["unit", "address", *first]
        found = [FormPart("这一户", "", tuple(self._row(name) for name in first))]
        for one in self.behind:
            key, name = f"p{one.person.pk}", one.person.name
            found.append(FormPart("在不在", name, (self._row(f"{key}-part"),)))
            for title, asked in one.asked:
                rows = tuple(self._question(key, each) for each in asked)
                found.append(FormPart(title, name, rows))
        for number in range(NEW):
            rows = tuple(self._row(name) for name in self.fields if name.startswith(f"n{number}-"))
            found.append(FormPart("新来的人", f"第{number + 1}位" if NEW > 1 else "", rows))
        found.append(FormPart("备注", "", (self._row("note"),)))
        return found

    def _row(self, *names: str) -> Row:
        return Row(tuple(self[name] for name in names))

    def _question(self, key: str, each: Asked) -> Row:
        name = _name(key, each.question.fact)
        if each.shared:
            state, question = each.state, each.question
            value = "没有" if state.none else words(question.fact, state.value, question.choices)
            return Row((), question.text, value, state.source, state.on)
        names = [n for n in (name, f"{name}-since", f"{name}-none") if n in self.fields]
        return self._row(*names)

    # --- what was answered -------------------------------------------------------------------

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("outcome") == Outcome.SURVEYED and not data.get("answered_by"):
            self.add_error("answered_by", "请选择是谁回答的。")
        for number in range(NEW):
            given = any(data.get(f"n{number}-{x}") for x in ("id_number", "birth_date", "role"))
            if given and not data.get(f"n{number}-name"):
                self.add_error(f"n{number}-name", "请填写姓名。")
        return data

    def visit(
        self, *, unit: Unit, address: str, household_id: int | None, at: datetime
    ) -> VisitForm:
        """The form as the register reads it; ``ValidationError`` by the register's places."""
        data = self.cleaned_data
        people = [self._answers(one) for one in self.behind]
        for number in range(NEW):
            if data.get(f"n{number}-name"):
                born = data[f"n{number}-birth_date"]
                people.append(
                    {
                        "part": Part.NEW.value,
                        "birth_date": born.isoformat() if born else None,
                        **{
                            name: data[f"n{number}-{name}"]
                            for name in ("name", "id_kind", "id_number", "sex", "role")
                        },
                    }
                )
        return read(
            {
                "client": data["client"],
                "unit_id": unit.pk,
                "household_id": household_id,
                "address": address,
                "outcome": data["outcome"],
                "answered_by": data["answered_by"],
                "at": at.isoformat(),
                "edition": self.surveys.edition,
                "note": data["note"],
                "people": people,
            }
        )

    def _answers(self, one: Behind) -> dict[str, Any]:
        key = f"p{one.person.pk}"
        facts: dict[str, Any] = {}
        none: list[str] = []
        base: dict[str, str] = {}
        for _, asked in one.asked:
            for each in asked:
                fact = each.question.fact
                name = _name(key, fact)
                parts = {name, f"{name}-since", f"{name}-none"}
                if each.shared or not parts & set(self.changed_data):
                    continue
                base[fact] = self.marks.get(name, "")
                if self.cleaned_data.get(f"{name}-none"):
                    none.append(fact)
                    continue
                value = self._value(name, fact, each.question.kind)
                if value not in (None, "", []):
                    facts[fact] = value
        return {
            "person_id": one.person.pk,
            "part": self.cleaned_data[f"{key}-part"],
            "name": one.person.name,
            "role": one.person.household_role,
            "facts": facts,
            "none": none,
            "base": base,
        }

    def _value(self, name: str, fact: str, kind: str) -> Any:
        value = self.cleaned_data.get(name)
        if value in (None, "", []):
            return None
        if fact == said.STATUS:
            since = self.cleaned_data.get(f"{name}-since")
            return {"status": value, "since": since.isoformat() if since else None}
        if fact == "wish.hours":
            return sum({int(bit) for bit in value})
        if fact in ("education", "disability_grade"):
            return int(value)
        if kind == "yes-no":
            return value == "True"
        if kind == "day":
            return value.isoformat()
        return value

    def field_of(self, place: str) -> str | None:
        """The field that a place of the register's form (``people.0.facts.phone``) stands in."""
        _, _, rest = place.partition(".")
        number, _, what = rest.partition(".")
        if not number.isdigit():
            return place if place in self.fields else None
        at = int(number)
        if at < len(self.behind):
            name = _name(f"p{self.behind[at].person.pk}", what.removeprefix("facts."))
        else:
            filled = [n for n in range(NEW) if self.cleaned_data.get(f"n{n}-name")]
            name = f"n{filled[at - len(self.behind)]}-{what}"
        return name if name in self.fields else None

    def take_places(self, error: forms.ValidationError) -> None:
        """Show the register's complaints where they belong."""
        if not hasattr(error, "error_dict"):
            self.add_error(None, error)
            return
        for place, sentences in error.message_dict.items():
            for sentence in sentences:
                self.add_error(self.field_of(place), sentence)


def _name(key: str, fact: str) -> str:
    return f"{key}-{fact.replace('.', '_')}"


def _newcomer(key: str) -> dict[str, forms.Field]:
    return {
        f"{key}-name": forms.CharField(label="姓名", max_length=100, required=False),
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


def _fields(key: str, each: Asked, person: Person, today: date) -> dict[str, forms.Field]:
    question, state = each.question, each.state
    name, fact, kind = _name(key, question.fact), question.fact, question.kind
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
        return "、".join(f"{r.get('code', '')}{LEVELS.get(r.get('level', 0), '')}" for r in value)
    if kind == "records":
        return "\n".join(_line(fact, record) for record in value)
    return value


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
        return [{"code": name} | ({"level": level} if level else {}) for name, level in found]


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
