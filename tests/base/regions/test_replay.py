"""Any figure for the tree as of any day, against a replay that knows nothing of paths.

Random changes on random days; a model in plain Python keeps the whole tree of every day and asks
for each row, unit by unit, where it belonged. The database must give the same trees and figures.
"""

import copy
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.base.regions.sound import broken
from weiye.base.regions import actions, queries
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence
from weiye.registers.people.models import Person

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("ORG-1")]

FIRST = date(2024, 1, 1)
CITY = "371000000000"


@dataclass
class Seen:
    """A unit as the model knows it."""

    code: str
    name: str
    level: str
    parent: int | None
    open: bool = True


@dataclass
class Model:
    units: dict[int, Seen]
    # Each day on which something changed → the whole tree at its end.
    days: dict[date, dict[int, Seen]] = field(default_factory=dict)
    origins: dict[int, list[int]] = field(default_factory=dict)
    first_parent: dict[int, int] = field(default_factory=dict)
    rows: list[int] = field(default_factory=list)

    def close_day(self, day: date) -> None:
        self.days[day] = copy.deepcopy(self.units)

    def on(self, day: date) -> dict[int, Seen]:
        return self.days[max(d for d in self.days if d <= day)]

    def line(self, tree: dict[int, Seen], unit: int | None) -> list[int]:
        found = []
        while unit is not None:
            found.append(unit)
            unit = tree[unit].parent
        return found

    def where(self, tree: dict[int, Seen], unit: int) -> int:
        if unit in tree:
            return unit
        if unit in self.origins:
            lines = [self.line(tree, self.where(tree, each)) for each in self.origins[unit]]
            return next(u for u in lines[0] if all(u in line for line in lines))
        return self.where(tree, self.first_parent[unit])

    def figures(self, day: date, rows: int | None = None) -> dict[int, int]:
        tree = self.on(day)
        counts: Counter[int] = Counter()
        for unit in self.rows[:rows]:
            counts.update(self.line(tree, self.where(tree, unit)))
        return {key: counts[key] for key, unit in tree.items() if unit.open}


def figures(day: date | None, rows: int | None = None) -> dict[int, int]:
    """The database's figures: of a day, or (None) as they stand."""
    people = Person.objects.filter(name="重放").order_by("pk")
    if rows is not None:
        people = Person.objects.filter(pk__in=people.values("pk")[:rows])
    counts = dict(people.order_by().values_list("unit_path").annotate(Count("pk")))
    if day is None:
        units = {u.path: u.pk for u in Unit.objects.open()}
    else:
        units = {u.path: u.id for u in queries.tree(day)}
        counts = queries.remap(day).figures(counts)
    rolled = queries.rolled_up(counts, units)
    return {units[path]: number for path, number in rolled.items()}


KINDS = (
    *("rename", "recode", "move", "merge", "merge_new", "split", "split_close", "close"),
    *("reopen", "add", "row", "row"),
)
OPERATION = st.tuples(
    st.sampled_from(KINDS),
    st.integers(0, 3),
    *[st.integers(0, 30)] * 3,
)


class Player:
    def __init__(self) -> None:
        units = Unit.objects.order_by("path")
        self.model = Model({u.pk: Seen(u.code, u.name, u.level, u.parent_id) for u in units})
        self.day = FIRST
        self.fresh = 0
        # Day → figures as they stood at its end, and how many rows there were.
        self.live: dict[date, tuple[dict[int, int], int]] = {}
        self.done = 0

    def pick(self, number: int, *levels: str, closed: bool = False) -> int | None:
        found = sorted(
            key
            for key, unit in self.model.units.items()
            if unit.level in levels and unit.open is not closed
        )
        return found[number % len(found)] if found else None

    def end_day(self) -> None:
        self.model.close_day(self.day)
        self.live[self.day] = figures(None), len(self.model.rows)

    def play(self, kind: str, later: int, a: int, b: int, c: int) -> None:
        if later:
            self.end_day()
            self.day += timedelta(days=later)
        try:
            with transaction.atomic():
                if getattr(self, kind)(a, b, c) is not False:
                    self.done += 1
        except ValidationError:
            pass

    def unit(self, key: int) -> Unit:
        return Unit.objects.get(pk=key)

    @property
    def common(self) -> dict[str, Any]:
        return {"actor": system(), "day": self.day}

    def name(self) -> str:
        self.fresh += 1
        return f"新名{self.fresh}"

    def code_below(self, parent: int, level: str, number: int) -> str:
        stem = self.model.units[parent].code
        if level == "community":
            return f"{stem[:9]}{900 + number:03}"
        return f"{stem[:6]}{900 + number:03}000"

    def row(self, a: int, b: int, c: int) -> None:
        key = self.pick(a, "community", "grid", "street")
        assert key is not None
        home = self.unit(key)
        Person.objects.create(unit=home, unit_path=home.path, name="重放", source="t", as_of=FIRST)
        self.model.rows.append(key)

    def rename(self, a: int, b: int, c: int) -> None:
        key = self.pick(a, "county", "street", "community", "grid")
        name = self.name()
        actions.amend(unit=self.unit(key), name=name, **self.common)
        self.model.units[key].name = name

    def recode(self, a: int, b: int, c: int) -> None:
        key = self.pick(a, "street", "community")
        seen = self.model.units[key]
        code = self.code_below(seen.parent, seen.level, b)
        actions.amend(unit=self.unit(key), code=code, **self.common)
        old, seen.code = seen.code, code
        digits = 9 if seen.level == "street" else 12
        for other, below in self.model.units.items():
            # Only what lies below it: another's may begin alike after a move.
            inside = key in self.model.line(self.model.units, other)[1:]
            if inside and below.open and below.code.startswith(old[:digits]):
                below.code = code[:digits] + below.code[digits:]

    def move(self, a: int, b: int, c: int) -> None:
        key = self.pick(a, "street", "community", "grid")
        above = {"street": "county", "community": "street", "grid": "community"}
        parent = self.pick(b, above[self.model.units[key].level])
        actions.move(unit=self.unit(key), parent=self.unit(parent), **self.common)
        self.model.units[key].parent = parent

    def _retire(self, key: int, taker: int) -> None:
        for unit in self.model.units.values():
            if unit.parent == key:
                unit.parent = taker
        self.model.units[key].open = False
        self.model.units[key].parent = taker

    def merge(self, a: int, b: int, c: int) -> None:
        level = "street" if c % 3 == 0 else "community"
        giver, taker = self.pick(a, level), self.pick(b, level)
        actions.merge(units=[self.unit(giver)], into=self.unit(taker), **self.common)
        self._retire(giver, taker)

    def merge_new(self, a: int, b: int, c: int) -> None:
        givers = list(dict.fromkeys(self.pick(n, "community") for n in (a, b)))
        parent = self.pick(c, "street")
        part = actions.Part(self.code_below(parent, "community", c), self.name())
        new = actions.merge(
            units=[self.unit(key) for key in givers],
            into=part,
            parent=self.unit(parent),
            **self.common,
        ).units[0]
        self._add(new, part, "community", parent)
        self.model.origins[new.pk] = givers
        for key in givers:
            self._retire(key, new.pk)

    def _add(self, new: Unit, part: Any, level: str, parent: int) -> None:
        self.model.units[new.pk] = Seen(part.code, part.name, level, parent)
        self.model.first_parent[new.pk] = parent

    def split(self, a: int, b: int, c: int) -> None:
        self._split(a, b, c, keep=True)

    def split_close(self, a: int, b: int, c: int) -> None:
        self._split(a, b, c, keep=False)

    def _split(self, a: int, b: int, c: int, *, keep: bool) -> None:
        level = "street" if c % 2 else "community"
        key = self.pick(a, level)
        parent = self.model.units[key].parent
        children = sorted(k for k, u in self.model.units.items() if u.parent == key and u.open)
        cut = b % (len(children) + 1)
        shares = [tuple(children[:cut])] if keep else [tuple(children[:cut]), tuple(children[cut:])]
        parts = [
            actions.Part(self.code_below(parent, level, b + n), self.name(), children=share)
            for n, share in enumerate(shares)
        ]
        outcome = actions.split(unit=self.unit(key), parts=parts, keep=keep, **self.common)
        made = {u.code: u for u in outcome.units}
        for part in parts:
            new = made[part.code]
            self._add(new, part, level, parent)
            self.model.origins[new.pk] = [key]
            for child in part.children:
                self.model.units[child].parent = new.pk
        if not keep:
            self._retire(key, made[parts[0].code].pk)

    def close(self, a: int, b: int, c: int) -> None:
        key = self.pick(a, "community", "grid", "street")
        actions.close(unit=self.unit(key), **self.common)
        self.model.units[key].open = False

    def reopen(self, a: int, b: int, c: int) -> bool | None:
        key = self.pick(a, "community", "grid", "street", closed=True)
        if key is None:
            return False
        above = {"street": "county", "community": "street", "grid": "community"}
        parent = self.pick(b, above[self.model.units[key].level])
        code = self.code_below(parent, self.model.units[key].level, c)
        if self.model.units[key].level == "grid":
            code = self.model.units[key].code
        actions.reopen(unit=self.unit(key), parent=self.unit(parent), code=code, **self.common)
        seen = self.model.units[key]
        seen.open, seen.parent, seen.code = True, parent, code
        return None

    def add(self, a: int, b: int, c: int) -> None:
        parent = self.pick(a, "community")
        new = actions.add(
            parent=self.unit(parent), level="grid", name=self.name(), **self.common
        ).units[0]
        self._add(new, actions.Part(new.code, new.name), "grid", parent)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(OPERATION, min_size=3, max_size=14))
def test_trees_and_figures_of_every_day_are_those_of_the_replay(db: Any, played: Any) -> None:
    with fence(system()), transaction.atomic():
        player = Player()
        for number in range(6):
            player.row(number, 0, 0)
        for operation in played:
            player.play(*operation)
        player.end_day()
        model, day = player.model, FIRST
        while day <= player.day:
            wanted = {key: (u.code, u.name, u.parent) for key, u in model.on(day).items() if u.open}
            assert {u.id: (u.code, u.name, u.parent_id) for u in queries.tree(day)} == wanted
            assert figures(day) == model.figures(day), day
            # What was counted then is what is asked for now.
            then, rows = player.live[max(d for d in player.live if d <= day)]
            assert figures(day, rows) == then, day
            day += timedelta(days=1)
        for unit in Unit.objects.open():
            line = [each.id for each in queries.offspring_on(unit.pk, player.day)]
            assert line == [u.pk for u in Unit.objects.open().filter(parent=unit).order_by("path")]
        assert broken() == {}
        transaction.set_rollback(True)


def test_the_replay_really_plays() -> None:
    """Every kind of change succeeds at least once in what the test plays."""
    with fence(system()):
        player = Player()
        played = Counter[str]()
        for number, kind in enumerate(
            ["add", "row", "rename", "recode", "move", "merge", "merge_new", "split"]
            + ["split_close", "close", "reopen"] * 2
        ):
            for a in range(6):
                before = player.done
                player.play(kind, 1, a, number, number + a)
                played[kind] += player.done - before
        assert min(played.values()) > 0, played
        assert len(played) == 11
