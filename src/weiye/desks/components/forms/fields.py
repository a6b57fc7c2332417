"""The kinds of question that a form asks, beside the plain ones of Django."""

import re
import unicodedata
from typing import Any

from django import forms
from django.forms.boundfield import BoundWidget
from django.urls import reverse

from weiye.base.regions.models import Unit

from ..words import HOURS


def date_field(label: str, **kwargs: Any) -> forms.DateField:
    """A day, typed or picked; any usual way of writing it is taken."""
    return forms.DateField(
        label=label,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y%m%d"],
        error_messages={"invalid": "请按“年-月-日”填写日期，例如 2025-06-30。"},
        **kwargs,
    )


def long_text(
    label: str, *, rows: int = 3, max_length: int = 500, **kwargs: Any
) -> forms.CharField:
    """Several lines, with a count of the characters that are left."""
    return forms.CharField(
        label=label,
        max_length=max_length,
        widget=forms.Textarea(attrs={"rows": rows}),
        **kwargs,
    )


class MoneyInput(forms.TextInput):
    template_name = "components/forms/money.html"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"inputmode": "numeric", "autocomplete": "off", **(attrs or {})})


class MoneyField(forms.IntegerField):
    """Whole yuan, written as people write them: 3200, 3,200, ３２００, 3200元."""

    widget = MoneyInput

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("min_value", 0)
        kwargs.setdefault("error_messages", {}).setdefault(
            "invalid", "请填整数金额，单位是元，例如 3200。"
        )
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> int | None:
        if isinstance(value, str):
            value = re.sub(r"[,，\s¥￥元]", "", unicodedata.normalize("NFKC", value))
        return super().to_python(value)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        # No spinner: min and max belong to number fields.
        return {}


class WeekGrid(forms.CheckboxSelectMultiple):
    """Hours of a week as a table of days × times, one box per bit of the hours mask."""

    TIMES = ("上午", "下午", "晚上", "夜间")
    DAYS = (("工作日", (1, 2, 4, 8)), ("周末", (16, 32, 64, None)))

    @classmethod
    def lines(cls, boxes: list[BoundWidget]) -> list[tuple[str, list[BoundWidget | None]]]:
        by_bit = {str(box.data["value"]): box for box in boxes}
        return [(day, [by_bit.get(str(bit)) for bit in bits]) for day, bits in cls.DAYS]


class WeekField(forms.TypedMultipleChoiceField):
    """The times of a week; cleans to a list of bits of the hours mask (`words.HOURS`)."""

    widget = WeekGrid

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=list(HOURS.items()), coerce=int, **kwargs)


class UnitInput(forms.TextInput):
    template_name = "components/forms/unit.html"

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        found = super().get_context(name, value, attrs)
        written = found["widget"]["attrs"]
        target = f"{written.get('id', name)}_list"
        written |= {
            "list": target,
            "autocomplete": "off",
            "hx-get": reverse("components:units"),
            "hx-trigger": "input changed delay:250ms",
            "hx-target": f"#{target}",
            "hx-push-url": "false",
        }
        return found

    def format_value(self, value: Any) -> str | None:
        if isinstance(value, Unit):
            return f"{value.code} {value.name}"
        return None if value is None else str(value)


class UnitField(forms.CharField):
    """A unit of the area tree, by name or code; suggestions appear while it is typed.

    Cleans to a `Unit` at or below ``within`` (a path; the whole tree without it) and of one of
    ``levels``, or to None.
    """

    widget = UnitInput

    def __init__(self, *, within: str = "", levels: tuple[str, ...] = (), **kwargs: Any) -> None:
        self.within, self.levels = within, levels
        kwargs.setdefault("help_text", "输入名称、拼音首字母或代码，从提示里选")
        super().__init__(max_length=120, **kwargs)

    def clean(self, value: Any) -> Unit | None:
        text = super().clean(value)
        if not text:
            return None
        units = Unit.objects.open().order_by("path")
        if self.within:
            units = units.filter(path__gte=self.within, path__lt=self.within[:-1] + "0")
        if self.levels:
            units = units.filter(level__in=self.levels)
        # A suggestion is the code, a space, the name; codes may hold letters (3710nh, …g01).
        found = list(units.filter(code=text.split(maxsplit=1)[0])) or list(
            units.filter(name=text)[:2]
        )
        if not found:
            raise forms.ValidationError(f"没有找到“{text}”，请从提示里选一个。")
        if len(found) > 1:
            raise forms.ValidationError(f"叫“{text}”的不止一个，请从提示里选一个。")
        return found[0]

    def has_changed(self, initial: Any, data: Any) -> bool:
        before = initial.code if isinstance(initial, Unit) else str(initial or "")
        return before.split(" ")[0] != str(data or "").split(" ")[0]
