"""A field for a unit in force; its suggestions know the actor's area and the levels asked for.

    unit = AreaUnitField(actor, label="社区", levels=("community",))

Works without scripts by code, or by a name that is unique in the area. The suggestions come from
the route `administration:unit-pick`.
"""

from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.urls import reverse

from weiye.base.regions.models import Unit
from weiye.base.scope.actor import Actor

from ...components.forms import UnitField
from ...components.forms.fields import UnitInput


class AreaUnitInput(UnitInput):
    """Asks `unit-pick` for suggestions."""

    levels: tuple[str, ...] = ()

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        found = super().get_context(name, value, attrs)
        asked = [("field", name), *(("level", level) for level in self.levels)]
        found["widget"]["attrs"] |= {
            "hx-get": f"{reverse('administration:unit-pick')}?{urlencode(asked)}",
            "hx-swap": "innerHTML",
            "hx-select": "unset",
        }
        return found


class AreaUnitField(UnitField):
    """Cleans to an open `Unit` within the actor's area; None if empty and not required."""

    widget = AreaUnitInput

    def __init__(self, actor: Actor, *, levels: tuple[str, ...] = (), **kwargs: Any) -> None:
        self.actor = actor
        super().__init__(levels=levels, **kwargs)
        assert isinstance(self.widget, AreaUnitInput)
        self.widget.levels = levels

    def clean(self, value: Any) -> Unit | None:
        if isinstance(value, str):
            value = "".join(c for c in value if c.isprintable())
        text = " ".join(str(super(UnitField, self).clean(value) or "").split())
        if not text:
            return None
        rows = Unit.objects.open().visible_to(self.actor)
        if self.levels:
            rows = rows.filter(level__in=self.levels)
        found = rows.filter(code=text.split(" ", 1)[0]).first()
        if found is None:
            named = list(rows.filter(name=text).order_by("path")[:2])
            if len(named) > 1:
                raise ValidationError(f"叫“{text}”的不止一个，请从提示里选一个，或填写代码。")
            found = named[0] if named else None
        if found is None:
            raise ValidationError(f"您管理的范围内没有找到“{text}”，请从提示里选一个，或填写代码。")
        return found
