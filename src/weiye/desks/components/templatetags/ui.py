"""Small pieces of a page that are easier to call than to write out."""

import json
from datetime import date, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from django import template
from django.contrib.staticfiles import finders
from django.forms import BoundField
from django.template.context import RequestContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from weiye.base.drafts import queries as drafts

from .. import words
from ..desks import Desk, desks_of
from ..forms import Revised
from ..forms.fields import WeekGrid
from ..undo import UNDO

register = template.Library()


_HIDDEN = mark_safe('aria-hidden="true"')


@cache
def _file(name: str) -> str:
    found = finders.find(f"vendor/icons/{name}.svg")
    if not isinstance(found, str):
        raise LookupError(name)  # not remembered: the vendor folder may come later
    return found


@lru_cache(maxsize=1000)
def _drawn(path: str, label: str) -> SafeString:
    """One icon's file within the product's own frame."""
    text = Path(path).read_text(encoding="utf-8") if path else "></svg>"
    inner = text[text.index(">") + 1 : text.rindex("</svg>")].strip().replace("\n", "")
    meaning = format_html('role="img" aria-label="{}"', label) if label else _HIDDEN
    return format_html(
        '<svg class="icon" viewBox="0 0 24 24" width="20" height="20" fill="none" '
        'stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" '
        "{}>{}</svg>",
        meaning,
        mark_safe(inner),  # noqa: S308 (a file of the vendored set)
    )


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """An icon of the vendored set, inline. Decoration unless ``label`` says what it means.

    Without the vendor folder (before the front-end packages are installed) it draws nothing.
    """
    try:
        return _drawn(_file(name), label)
    except LookupError:
        return _drawn("", label)


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


@register.simple_tag(takes_context=True)
def desks(context: RequestContext) -> list[tuple[Desk, str, bool]]:
    """The desks of the signed-in one: desk, address, whether this page is one of its."""
    actor = context.get("actor")
    if actor is None:
        return []
    here = context["request"].path
    return [(desk, url, here.startswith(f"/{desk.key}/")) for desk, url in desks_of(actor)]


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


def _span(seconds: float) -> str:
    minutes = round(seconds / 60)
    if seconds < 60:
        return f"{round(seconds)}秒"
    return f"{minutes}分钟" if minutes < 60 else f"{minutes // 60}小时{minutes % 60}分钟"


@register.filter
def timing(run: Any) -> str:
    """已用 1分钟，大约还要 40秒; nothing while the work waits."""
    if run.elapsed is None:
        return ""
    words = f"已用 {_span(run.elapsed.total_seconds())}"
    if run.remaining is not None and run.elapsed.total_seconds() >= 3:
        words += f"，大约还要 {_span(run.remaining.total_seconds())}"
    return words


@register.filter
def undo_url(tags: Any) -> str:
    """The address that takes back what a message tells of, or ''."""
    text = str(tags or "")
    return text.removeprefix(UNDO) if text.startswith(UNDO) else ""


@register.simple_tag
def badge(words: str, tone: str = "", drawing: str = "") -> SafeString:
    """A status: words always, a colour (blue green amber red) and an icon at will."""
    css = f" wy-badge-{tone}" if tone else ""
    inner = icon(drawing) if drawing else ""
    return format_html('<span class="wy-badge{}">{}{}</span>', css, inner, words)


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


@register.inclusion_tag("components/forms/kept.html", takes_context=True)
def kept(
    context: RequestContext, form: Any, name: str = "", key: object = "", still: bool = False
) -> dict[str, Any]:
    """Save a form as it is typed, under ``name`` and the object's ``key`` ("new" for none yet).

    Stands first inside the <form>. For a `Revised` form it also carries what the page was made
    from, and asks what to take where somebody else has changed the record meanwhile. ``still``
    moves no focus to it.
    """
    actor = context.get("actor")
    draft_key = f"{name}:{key}" if name and actor is not None else ""
    # What came back with errors is newer than any draft.
    fresh = not getattr(form, "is_bound", False)
    found = drafts.draft(actor, draft_key) if actor is not None and draft_key and fresh else None
    return {
        "key": draft_key,
        "still": still,
        "fields": json.dumps(found.fields, ensure_ascii=False) if found else "",
        "saved_at": found.saved_at if found else None,
        "seen": form.seen() if isinstance(form, Revised) else "",
        "differences": getattr(form, "differences", []),
    }


@register.filter
def is_week(field: BoundField) -> bool:
    return isinstance(field.field.widget, WeekGrid)


@register.filter
def week(field: BoundField) -> list[tuple[str, list[Any]]]:
    """The lines of a week grid: a day's name, and a box or None per time."""
    return WeekGrid.lines(list(field))


@register.filter
def clock(value: datetime | None) -> str:
    """The time of day: 14:05."""
    return timezone.localtime(value).strftime("%H:%M") if value else "—"


@register.filter
def remaining(value: datetime | None) -> str:
    """How long until a moment: 2小时35分钟; never less than nothing."""
    if value is None:
        return "—"
    minutes = max(0, int((value - timezone.now()).total_seconds()) // 60)
    whole, rest = divmod(minutes, 60)
    return f"{whole}小时{rest}分钟" if whole else f"{rest}分钟" if rest else "不到1分钟"
