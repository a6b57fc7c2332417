"""The records of one fact of a person's biography: a row each, some empty ones to add."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms

from weiye.registers.people.biography import MOST_RECORDS, MOST_TEXT, RECORDS, Item
from weiye.registers.people.models import Person

from ..components.forms import ComponentForm, Revised, come_from, date_field
from .person.facts import LEVELS, origin

EMPTY = 2
NONE = {
    "education_history": "没有上过学",
    "work_history": "没有工作过",
    "skill_certificates": "没有技能证书",
}


def _field(item: Item) -> forms.Field:
    if item.kind == "level":
        levels = [("", "不分等级"), *((str(key), name) for key, name in LEVELS.items())]
        return forms.ChoiceField(label=item.label, choices=levels, required=False)
    if item.kind == "day":
        return date_field(item.label, required=False)
    widget = forms.TextInput(attrs={"autocomplete": "off"})
    if item.kind == "month":
        # Where there is no picker it is typed: 2019-07.
        widget = forms.TextInput(attrs={"type": "month", "placeholder": "2019-07"})
    return forms.CharField(label=item.label, max_length=MOST_TEXT, required=False, widget=widget)


class RecordsForm(Revised, ComponentForm):
    """Rows ``<number>-<key>``; a row that is left empty is none."""

    says_optional = False

    def __init__(self, person: Person, fact: str, *args: Any, today: date, **kwargs: Any) -> None:
        records = getattr(person, fact) or []
        none = fact in person.known_none
        super().__init__(*args, initial=_initial(records) | {"none": none}, **kwargs)
        self.person, self.fact, self.today = person, fact, today
        self.count = min(len(records) + EMPTY, MOST_RECORDS)
        source, on = origin(person, fact)
        for number in range(self.count):
            for item in RECORDS[fact]:
                field = _field(item)
                if number < len(records) and records[number].get(item.name) and item.needed:
                    come_from(field, source, on)
                self.fields[f"{number}-{item.name}"] = field
        self.fields["none"] = forms.BooleanField(label=NONE[fact], required=False)

    def rows(self) -> list[list[forms.BoundField]]:
        return [
            [self[f"{number}-{item.name}"] for item in RECORDS[self.fact]]
            for number in range(self.count)
        ]

    def records(self) -> list[dict[str, Any]]:
        """What was typed, a record each, empty ones left out."""
        found = []
        for number in range(self.count):
            record = {
                item.name: _text(self.cleaned_data.get(f"{number}-{item.name}"))
                for item in RECORDS[self.fact]
            }
            kept = {name: value for name, value in record.items() if value}
            if kept:
                found.append(kept)
        return found

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("none") and self.records():
            self.add_error("none", "填了内容就不要勾这一项。")
        return data


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value or "").strip()


def _initial(records: list[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        f"{number}-{name}": str(value)
        for number, record in enumerate(records)
        for name, value in record.items()
    }
