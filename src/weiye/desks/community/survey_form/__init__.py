"""The form at a door: who opened, who lives there, and the questions of the pack for each.

What a department has said lately is shown and not asked. An answer is what the worker changed;
what stands there already, and was left, is no answer.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django import forms
from django.core import signing
from django.forms import BoundField

from weiye.base.packs.surveys import Surveys
from weiye.base.regions.models import Unit
from weiye.registers.people import said
from weiye.registers.people.surveys.form import VisitForm, read
from weiye.registers.people.surveys.models import Answerer, Outcome, Part
from weiye.registers.people.surveys.queries import Asked, Behind, words

from ...components.forms import (
    ComponentForm,
    UnitField,
    dress,
    long_text,
)
from .fields import field_name, fields_of, newcomer, radios

NEW = 2
# Without the time: the same page twice is the same to a byte.
_SIGNER = signing.Signer(salt="weiye.survey")
_BLANK: tuple[Any, ...] = (None, "", [], False)


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
            extra |= newcomer(f"n{number}", f"新来的第{number + 1}位：")
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
                required=False,
            )
        }
        for _, asked in one.asked:
            for each in asked:
                if not each.shared:
                    found |= fields_of(key, each, one.person, self.today)
        return found

    def _as_shown(self) -> None:
        """Compare with what the page showed, not with what the ledger holds by now."""
        for one in self.behind:
            for _, asked in one.asked:
                for each in asked:
                    self.marks[field_name(f"p{one.person.pk}", each.question.fact)] = each.mark
        if not self.is_bound:
            told = {n: f.initial for n, f in self.fields.items() if f.initial not in _BLANK}
            values = json.loads(json.dumps(told, default=str))
            self.initial["shown"] = _SIGNER.sign_object([self.marks, values], compress=True)
            return
        try:
            marks, told = _SIGNER.unsign_object(str(self.data.get("shown") or ""))
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
            # Whether somebody still lives there comes with the first questions about them.
            first_rows: tuple[Row, ...] = (self._row(f"{key}-part"),)
            for title, asked in one.asked:
                rows = tuple(self._question(key, each) for each in asked)
                found.append(FormPart(title, name, first_rows + rows))
                first_rows = ()
            if first_rows:
                found.append(FormPart("在不在", name, first_rows))
        last = [n for n in self.fields if re.match(r"n\d+-", n)]
        rows = tuple(self._row(name) for name in [*last, "note"])
        found.append(FormPart("新来的人和备注", "", rows))
        return found

    def _row(self, *names: str) -> Row:
        return Row(tuple(self[name] for name in names))

    def _question(self, key: str, each: Asked) -> Row:
        name = field_name(key, each.question.fact)
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
                name = field_name(key, fact)
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
            "part": self.cleaned_data[f"{key}-part"] or Part.MEMBER.value,
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
            name = field_name(f"p{self.behind[at].person.pk}", what.removeprefix("facts."))
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
