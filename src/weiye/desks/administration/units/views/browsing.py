"""The tree, unit by unit, today or as of a day; search; units to pick from."""

from dataclasses import dataclass
from datetime import date

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from weiye.base.regions import queries
from weiye.base.regions.actions.checking import ABOVE
from weiye.base.regions.levels import LEVELS
from weiye.base.regions.models import Kind, Level, Unit, UnitPast, UrbanRural, Verb
from weiye.base.regions.queries import UnitOn
from weiye.base.scope.access import signed_in
from weiye.base.scope.actor import Actor

from ....components.forms import date_field
from ....components.params import typed
from ..figures import accounts_below, people_below
from . import actor_of

FOUND = 50
PICKED = 12


@dataclass(frozen=True)
class Child:
    """One line of a unit's table. Figures are None where the viewer may not know them."""

    unit: UnitOn
    code: str
    """Today's, for the link."""
    people: int | None
    accounts: int | None
    since: date | None

    @property
    def level(self) -> str:
        return Level(self.unit.level).label

    @property
    def kind(self) -> str:
        return "" if self.unit.kind == Kind.OFFICIAL else Kind(self.unit.kind).label

    @property
    def urban_rural(self) -> str:
        return class_words(self.unit.urban_rural)


def class_words(code: str) -> str:
    """A class as people read it: "112 城乡结合区"."""
    return f"{code} {UrbanRural(code).label}" if code else ""


@signed_in
@require_safe
def units(request: HttpRequest) -> HttpResponse:
    """The search, and the unit that one acts for."""
    actor = actor_of(request)
    text = typed(request.GET, "q", 40)
    if text:
        level = typed(request.GET, "level", 12)
        found = queries.search_with_places(
            text,
            levels=(level,) if level in LEVELS else (),
            area=actor.range if request.GET.get("mine") == "1" else None,
            limit=FOUND + 1,
            closed=True,
        )
        context = {
            "text": text,
            "found": found[:FOUND],
            "more": len(found) > FOUND,
            "level": level,
            "levels": Level.choices,
            "mine": request.GET.get("mine") == "1",
        }
        return render(request, "administration/units/search.html", context)
    home = Unit.objects.filter(pk=actor.unit_id or 0).first()
    home = home or Unit.objects.filter(parent=None).order_by("path").first()
    if home is None:
        return render(request, "administration/units/search.html", {"levels": Level.choices})
    return _page(request, home)


@signed_in
@require_safe
def unit(request: HttpRequest, code: str) -> HttpResponse:
    """One unit: what it is, what lies below it, what it was."""
    return _page(request, find(code))


def find(code: str) -> Unit:
    """The unit with the code, in force or closed. Raises Http404."""
    rows = Unit.objects.select_related("parent")
    found = rows.filter(code=code).first() if "\0" not in code else None
    if found is None:
        raise Http404
    return found


def _page(request: HttpRequest, unit: Unit) -> HttpResponse:
    actor = actor_of(request)
    day, complaint = _day(typed(request.GET, "on", 20))
    as_of = day or timezone.localdate()
    then = queries.unit_on(unit, as_of)
    children = _children(actor, unit, then, as_of, day) if then else []
    may_change = actor.can("units.edit") and actor.covers(unit.path)
    past = queries.history(unit)
    context = {
        "unit": unit,
        "then": then,
        "day": day,
        "today": timezone.localdate(),
        "complaint": complaint,
        "trail": _trail(unit, then),
        "level": Level(unit.level).label,
        "kind": Kind(unit.kind).label,
        "urban_rural": class_words((then or unit).urban_rural),
        "children": children,
        "shows_people": any(child.people is not None for child in children),
        "shows_accounts": any(child.accounts is not None for child in children),
        "undivided": _undivided(day),
        "past": [(each, _ended_by(each)) for each in past],
        "origins": list(unit.origins.order_by("path")),
        "offshoots": list(unit.offshoots.order_by("path")),
        "remnants": list(unit.children.filter(ended_on__isnull=False).order_by("path")),
        "may_change": may_change,
        "verbs": _verbs(unit) if may_change else [],
        "levels": Level.choices,
    }
    return render(request, "administration/units/unit.html", context)


def _verbs(unit: Unit) -> list[tuple[str, str, str]]:
    """(verb, icon, label) of what may be done to the unit."""
    if not unit.is_open:
        return [("reopen", "refresh", "恢复")]
    below = any(unit.level in above for above in ABOVE.values())
    found = [("add", "plus", "新增下级")] if below else []
    found.append(("amend", "edit", "改名、改代码"))
    if unit.parent_id is not None:
        found += [
            ("move", "external-link", "迁到别处"),
            ("split", "sitemap", "拆分"),
            ("merge", "arrows-sort", "合并"),
            ("close", "ban", "撤销"),
        ]
    return found


def _day(text: str) -> tuple[date | None, str]:
    """The day asked for, None for today; or a sentence on what is wrong."""
    if not text:
        return None, ""
    field = date_field("日期")
    try:
        day = field.clean(text)
    except Exception:
        return None, "请按“年-月-日”填写日期，例如 2025-06-30。下面显示的是今天的区划。"
    today = timezone.localdate()
    if day is not None and day > today:
        return None, "不能查看以后的日期，下面显示的是今天的区划。"
    return (None if day == today else day), ""


def _children(actor: Actor, unit: Unit, then: UnitOn, as_of: date, day: date | None) -> list[Child]:
    rows = queries.offspring_on(unit.pk, as_of)
    now = Unit.objects.in_bulk([row.id for row in rows])
    paths = [row.path for row in rows]
    mine = {row.path: actor.covers(now[row.id].path) for row in rows}
    people = people_below(actor, then.path, day, paths) if any(mine.values()) else {}
    accounts = accounts_below(actor, then.path, day, paths) if any(mine.values()) else {}
    return [
        Child(
            row,
            now[row.id].code,
            people.get(row.path) if mine[row.path] else None,
            accounts.get(row.path) if mine[row.path] else None,
            now[row.id].since,
        )
        for row in rows
    ]


def _trail(unit: Unit, then: UnitOn | None) -> list[Unit]:
    path = then.path if then else unit.path
    return [each for each in queries.ancestors(path) if each.pk != unit.pk]


def _undivided(day: date | None) -> list[str]:
    return sorted(queries.remap(day).undivided.values()) if day else []


def _ended_by(past: UnitPast) -> str:
    return Verb(past.verb).label if past.verb in Verb.values else past.verb


@signed_in
@require_safe
def pick(request: HttpRequest) -> HttpResponse:
    """Options for a field that takes a unit: within the actor's area, in force, of some level.

    ``q`` what was typed (or ``field``: the name of the parameter that holds it), ``level`` one or
    several, ``all=1`` for the whole tree, which is public.
    """
    actor = actor_of(request)
    text = typed(request.GET, typed(request.GET, "field", 40) or "q", 60)
    levels = tuple(level for level in request.GET.getlist("level") if level in LEVELS)
    everywhere = request.GET.get("all") == "1"
    # What was picked already needs no other suggestion.
    found = queries.suggest(
        text.split(" ", 1)[0], actor=None if everywhere else actor, levels=levels, limit=PICKED
    )
    return render(request, "administration/units/options.html", {"found": found})
