"""Two people edit one record: the second is told what the first changed, and takes either."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.db.models import Model
from django.http import QueryDict

SEEN = "seen"
TAKE = "take-"
TOLD = "您填写的时候，有人改过这条记录。请在上面逐项选择，再保存一次。"


@dataclass(frozen=True)
class Difference:
    """One field that somebody else has changed since the form was opened."""

    name: str
    label: str
    theirs: str
    mine: str
    touched: bool
    """Whether it was changed here as well."""


class Revised(forms.Form):
    """Mixin for a form on one record, whose ``initial`` is read afresh for every request.

    The page carries a digest of each value that it was made from (`seen`, put there by the tag
    ``{% kept %}``). A value that is another by the time the form comes back was changed by somebody
    else: nothing is saved, `differences` tell what it is now, and the form sent once more takes
    theirs or mine field by field. The view locks the record before it reads what it is now.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.differences: list[Difference] = []
        if self.is_bound:
            self._take_theirs()

    def seen(self) -> str:
        """The digests of the values as they are now, for the page."""
        return json.dumps(
            {name: _digest(self._now(name)) for name in self.fields}, separators=(",", ":")
        )

    def _now(self, name: str) -> list[str]:
        return _written(self.get_initial_for_field(self.fields[name], name))

    def _take_theirs(self) -> None:
        chosen = [name for name in self.fields if self.data.get(TAKE + name) == "theirs"]
        if chosen and isinstance(self.data, QueryDict):
            data = self.data.copy()
            for name in chosen:
                data.setlist(self.add_prefix(name), self._now(name))
            self.data = data

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        try:
            before = json.loads(self.data.get(SEEN) or "{}")
        except ValueError:
            before = {}
        if not isinstance(before, dict):
            before = {}
        for name, field in self.fields.items():
            if name not in before or before[name] == _digest(self._now(name)):
                continue
            initial = self.get_initial_for_field(field, name)
            mine = field.widget.value_from_datadict(self.data, self.files, self.add_prefix(name))
            if not field.has_changed(initial, mine):
                continue  # both wrote the same
            written = [text for text in _written(mine) if text]
            self.differences.append(
                Difference(
                    name=name,
                    label=str(field.label or name),
                    theirs=_said(field, self._now(name)),
                    mine=_said(field, written),
                    touched=_digest(written) != before[name],
                )
            )
        if self.differences:
            self.add_error(None, TOLD)
        return data


def _written(value: Any) -> list[str]:
    """A value as a form would send it."""
    if value is None or value == "" or value is False:
        return []
    if value is True:
        return ["on"]
    if isinstance(value, list | tuple | set):
        return [text for part in value for text in _written(part)]
    if isinstance(value, date):
        return [value.isoformat()]
    if isinstance(value, Model):
        return [str(value.pk)]
    return [str(value)]


def _digest(values: list[str]) -> str:
    return hashlib.sha256("\0".join(sorted(values)).encode()).hexdigest()[:12]


def _said(field: forms.Field, values: list[str]) -> str:
    if isinstance(field, forms.BooleanField):
        return "是" if values else "否"
    if isinstance(field, forms.ChoiceField):
        offered: Any = field.choices
        names = {str(key): str(label) for key, label in offered}
        values = [names.get(value, value) for value in values]
    return "、".join(values) or "（空）"
