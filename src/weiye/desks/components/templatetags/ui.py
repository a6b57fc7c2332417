"""Small pieces of a page that are easier to call than to write out."""

from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from django import template
from django.contrib.staticfiles import finders
from django.template.context import RequestContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from .. import words

register = template.Library()


_HIDDEN = mark_safe('aria-hidden="true"')


@cache
def _drawing(path: str) -> str:
    """The paths inside one icon's file, without the frame."""
    text = Path(path).read_text(encoding="utf-8")
    return text[text.index(">") + 1 : text.rindex("</svg>")].strip().replace("\n", "")


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """An icon of the vendored set, inline. Decoration unless ``label`` says what it means.

    Without the vendor folder (before the front-end packages are installed) it draws nothing.
    """
    found = finders.find(f"vendor/icons/{name}.svg")
    inner = _drawing(found) if isinstance(found, str) else ""
    meaning = format_html('role="img" aria-label="{}"', label) if label else _HIDDEN
    return format_html(
        '<svg class="icon" viewBox="0 0 24 24" width="20" height="20" fill="none" '
        'stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" '
        "{}>{}</svg>",
        meaning,
        mark_safe(inner),  # noqa: S308 (a file of the vendored set)
    )


@register.inclusion_tag("components/includes/nav_item.html", takes_context=True)
def nav_item(
    context: RequestContext, view: str, drawing: str, label: str, right: str = "", count: int = 0
) -> dict[str, Any]:
    """One entry of a desk's navigation; marked when the page lies at or below it."""
    actor = context.get("actor")
    url = reverse(view)
    here = context["request"].path
    return {
        "shown": not right or (actor is not None and actor.can(right)),
        "url": url,
        "drawing": drawing,
        "label": label,
        "count": count,
        "current": "page" if here == url else "true" if _within(here, url) else "",
    }


def _within(here: str, url: str) -> bool:
    # A desk's home lies above all its pages, so it is current only when it is the page.
    return url.count("/") > 2 and here.startswith(url)


@register.filter
def figure(value: Any) -> str:
    """A count with thousands separators: 12,345."""
    return f"{value:,}" if isinstance(value, int) else str(value)


@register.filter
def day(value: date | None) -> str:
    """A date as people write it: 2025年6月30日."""
    if value is None:
        return "—"
    if isinstance(value, datetime) and timezone.is_aware(value):
        value = timezone.localtime(value)
    return f"{value.year}年{value.month}月{value.day}日"


@register.filter
def moment(value: datetime | None) -> str:
    """A date and time: 2025-06-30 14:05."""
    return timezone.localtime(value).strftime("%Y-%m-%d %H:%M") if value else "—"


@register.filter
def days_from_now(value: date) -> str:
    """How far a date is off: 今天, 3天后, 逾期5天."""
    days = (value - timezone.localdate()).days
    return "今天" if days == 0 else f"{days}天后" if days > 0 else f"逾期{-days}天"


@register.filter
def size(value: int) -> str:
    """Bytes for people: 12.3 KB."""
    number = float(value)
    for unit in ("B", "KB", "MB"):
        if number < 1024:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1024
    return f"{number:.1f} GB"


@register.filter
def hours(mask: int) -> str:
    return words.hours_words(mask)


@register.filter
def education(code: int | None) -> str:
    return words.education_words(code)


@register.filter
def distance(metres: float) -> str:
    return words.distance_words(metres)


@register.simple_tag
def wage(vacancy: Any) -> str:
    """The pay of anything with ``wage_min`` and ``wage_max``."""
    return words.wage_words(vacancy.wage_min, vacancy.wage_max)


@register.simple_tag
def ages(vacancy: Any) -> str:
    return words.age_words(vacancy.min_age, vacancy.max_age)
