"""Many people at once, as rosters bring them: new, changed or unchanged, by ID number.

The bulk side of ``actions``: a few statements per block, never one per row. Given the same facts
again it changes nothing. Blank facts never overwrite known ones, nor older facts newer ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as copied
from datetime import date
from functools import lru_cache
from typing import Any, Literal

from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from weiye.base.audit.actions import record_many
from weiye.base.privacy.fields import blind_index, encrypt
from weiye.base.regions.models import Unit
from weiye.base.scope import bulk
from weiye.base.scope.actor import Actor
from weiye.base.scope.fence import fence
from weiye.base.scope.turn import take_turn

from . import actions, said
from .models import Household, PeriodKind, Person, StatusPeriod, WorkWish

Result = Literal["new", "changed", "unchanged", "elsewhere"]

#: Columns of a person that a row may fill, beside the encrypted ones.
FACTS = (
    "name",
    "household_role",
    "birth_date",
    "sex",
    "retirement_base",
    "hukou_unit",
    "resident_since",
    "education",
    "graduated_on",
    "continuing_school",
    "skill_certificates",
    "labour_capacity",
    "work_wish",
    "disability_grade",
    "minimum_living",
    "poverty_alleviation",
    "single_parent_of_minor",
    "land_lost",
    "veteran",
    "children",
    "contract_months",
    "monthly_income",
    "pension_drawn",
    "insured_months_local",
    "certified_difficult_since",
)
_HOMES = ("grid", "building")
#: Facts that periods hold; of these a row may only say that there is none.
SINCE = ("unemployed_since", "employed_since", "registered_unemployed_since")
_SINCE_OF = {
    "失业": "unemployed_since",
    "就业": "employed_since",
    "灵活就业": "employed_since",
}
WISH = (
    "occupation_codes",
    "skills",
    "min_wage",
    "hours",
    "needs_accessible",
    "max_walk_minutes",
    "training_wishes",
)
_DEFAULTS = {f.name: f.get_default() for f in WorkWish._meta.concrete_fields if f.name in WISH}
_KINDS = (PeriodKind.EMPLOYMENT, PeriodKind.UNEMPLOYMENT_REGISTRATION)


@dataclass(slots=True)
class Entry:
    """One row: what it says about one person. Facts that are absent are not said.

    ``none``: facts said to be none or never. ``status`` holds from ``since`` (None: from when is
    not said). ``registered``: day of the unemployment registration, False = not registered.
    """

    id_number: str
    unit: Unit
    facts: dict[str, Any]
    phone: str = ""
    address: str = ""
    none: frozenset[str] = frozenset()
    household: str = ""
    status: str = ""
    since: date | None = None
    registered: date | Literal[False] | None = None
    wish: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one entry; ``fields`` names what changed.

    ``kept``: what the entry says otherwise, but of which the ledger knows from a later day.
    """

    result: Result
    fields: tuple[str, ...] = ()
    kept: tuple[tuple[str, date], ...] = ()


@dataclass(slots=True)
class _Period:
    id: int
    kind: int
    status: str
    lower: date
    upper: date | None
    start_known: bool = True


@dataclass(slots=True)
class _Changes:
    """What a block writes."""

    people: list[dict[str, Any]] = field(default_factory=list)
    updates: list[dict[str, Any]] = field(default_factory=list)
    confirmed: list[dict[str, Any]] = field(default_factory=list)
    wishes: list[dict[str, Any]] = field(default_factory=list)
    wish_updates: list[dict[str, Any]] = field(default_factory=list)
    periods: list[dict[str, Any]] = field(default_factory=list)
    period_updates: list[dict[str, Any]] = field(default_factory=list)
    moved: list[int] = field(default_factory=list)
    audit: list[tuple[str, str, str, dict[str, Any]]] = field(default_factory=list)


class PeopleIntake:
    """Takes blocks of entries into the ledger of one unit and what lies below it.

    ``write`` False only tells what would happen. To be used inside a transaction; the fence is
    narrowed to ``unit`` for every block, so that no row of another unit can be touched.
    """

    def __init__(self, *, actor: Actor, unit: Unit, source: str, as_of: date, write: bool) -> None:
        actor.require("people.import", unit.path)
        self.actor = copied(actor, path=unit.path)
        self.source, self.as_of, self.write = source[:100], as_of, write
        self._households: dict[tuple[int, str], int] = {}
        if write:
            # Two imports that overlap: the second waits and then sees what the first did.
            take_turn("people.import", unit.path)

    def take(self, entries: Sequence[Entry]) -> list[Taken]:
        """Results in the order of the entries. No ID number may appear twice in all blocks."""
        with fence(self.actor):
            return self._take(entries)

    def _take(self, entries: Sequence[Entry]) -> list[Taken]:
        indexes = [blind_index(entry.id_number) for entry in entries]
        elsewhere = _held_elsewhere(indexes)
        people = self._people(indexes)
        periods = _periods([row["id"] for row in people.values()])
        wishes = {
            row["person_id"]: row
            for row in WorkWish.objects.filter(
                person_id__in=[row["id"] for row in people.values()]
            ).values("person_id", "said_on", *WISH)
        }
        numbers = self._household_ids(
            [e for e, i in zip(entries, indexes, strict=True) if i not in elsewhere]
        )
        changes = _Changes()
        results = []
        for entry, index in zip(entries, indexes, strict=True):
            known = people.get(index)
            if index in elsewhere or (
                known and _community(known["unit_path"]) != _community(entry.unit.path)
            ):
                results.append(Taken("elsewhere"))
            elif known is None:
                self._add(entry, index, numbers, changes)
                results.append(Taken("new"))
            else:
                results.append(
                    self._change(
                        entry,
                        known,
                        numbers,
                        periods.get(known["id"], []),
                        wishes.get(known["id"]),
                        changes,
                    )
                )
        if self.write:
            self._write(changes)
        return results

    # --- reading -----------------------------------------------------------------------------

    def _people(self, indexes: Sequence[str]) -> dict[str, dict[str, Any]]:
        rows = Person.objects.visible_to(self.actor).filter(id_index__in=indexes).order_by("id")
        if self.write:
            rows = rows.select_for_update(of=("self",))
        columns = ("id", "id_index", "unit_id", "unit_path", "phone_index", "address", "known_none")
        found = rows.values(*columns, "household_id", "source", "as_of", "fact_dates", *FACTS)
        return {row["id_index"]: row for row in found}

    def _household_ids(self, entries: Sequence[Entry]) -> dict[tuple[int, str], int]:
        """Ids of the households by community and number; missing ones are made when writing."""
        wanted: dict[tuple[int, str], tuple[str, str]] = {}
        communities = _communities({entry.unit for entry in entries if entry.household})
        for entry in entries:
            if entry.household:
                unit = communities[entry.unit.pk]
                wanted.setdefault((unit.pk, entry.household), (unit.path, entry.address))
        missing = [key for key in wanted if key not in self._households]
        if missing:
            rows = Household.objects.filter(
                unit_id__in={key[0] for key in missing}, number__in={key[1] for key in missing}
            ).values_list("unit_id", "number", "id")
            self._households.update({(unit, number): pk for unit, number, pk in rows})
        fresh = [key for key in missing if key not in self._households]
        if fresh and self.write:
            rows_: list[dict[str, Any]] = [
                {
                    "id": pk,
                    "unit_path": wanted[key][0],
                    "unit_id": key[0],
                    "number": key[1],
                    "address": _secret(wanted[key][1]),
                    "synthetic": False,
                }
                for pk, key in zip(bulk.reserve_ids(Household, len(fresh)), fresh, strict=True)
            ]
            bulk.insert(Household, rows_)
            self._households.update({(r["unit_id"], r["number"]): r["id"] for r in rows_})
        return {
            (entry.unit.pk, entry.household): self._households.get(
                (communities[entry.unit.pk].pk, entry.household), 0
            )
            for entry in entries
            if entry.household
        }

    # --- deciding ----------------------------------------------------------------------------

    def _add(
        self,
        entry: Entry,
        index: str,
        numbers: Mapping[tuple[int, str], int],
        changes: _Changes,
    ) -> None:
        if not self.write:
            return
        facts: dict[str, Any] = dict.fromkeys(FACTS) | entry.facts
        facts["household_role"] = facts["household_role"] or ""
        changes.people.append(
            {
                "unit_path": entry.unit.path,
                "unit_id": entry.unit.pk,
                "household_id": numbers.get((entry.unit.pk, entry.household)),
                "name_key": _name_key(facts["name"]),
                "id_number": _secret(entry.id_number),
                "id_index": index,
                "phone": _secret(entry.phone),
                "phone_index": blind_index(entry.phone) if entry.phone else None,
                "address": _secret(entry.address),
                "benefits_received": None,
                "known_none": sorted(entry.none),
                "lon": None,
                "lat": None,
                "point_source": "",
                "source": self.source,
                "as_of": self.as_of,
                "fact_dates": {},
                "synthetic": False,
                "created_at": timezone.now(),
                "periods": self._turns(entry, []),
                "wish": entry.wish,
                **facts,
            }
        )

    def _change(
        self,
        entry: Entry,
        known: dict[str, Any],
        numbers: Mapping[tuple[int, str], int],
        periods: list[_Period],
        wish: dict[str, Any] | None,
        changes: _Changes,
    ) -> Taken:
        """What differs, by field; the changes go to ``changes``."""
        household = numbers.get((entry.unit.pk, entry.household))
        newer = _Newer(known, periods, wish, self.as_of)
        if newer.any:
            entry = newer.without(entry, household)
        stated = {name: value for name, value in entry.facts.items() if value is not None}
        stated |= dict.fromkeys(name for name in entry.none if name in FACTS)
        values = {name: known[name] for name in FACTS} | stated
        changed = [name for name, value in stated.items() if known[name] != value]
        told = set(entry.facts)
        if isinstance(entry.registered, date):
            told.add("registered_unemployed_since")
        if entry.since is not None:
            told |= {"unemployed_since", "employed_since"}
        elif entry.status in _SINCE_OF:
            told.add(_SINCE_OF[entry.status])
        none = sorted((set(known["known_none"]) - told) | entry.none)
        if none != sorted(known["known_none"]) and not changed:
            changed.append("known_none")
        phone = index = address = None
        if entry.phone and (index := blind_index(entry.phone)) != known["phone_index"]:
            phone = entry.phone
            changed.append("phone")
        if entry.address and entry.address != known["address"]:
            address = entry.address
            changed.append("address")
        if entry.household and household != known["household_id"]:
            changed.append("household")
        # Into a building that is now known; never back to the community as a whole.
        unit = entry.unit if entry.unit.level in _HOMES and "unit" not in newer.days else None
        if unit is not None and unit.path != known["unit_path"]:
            changed.append("unit")
            changes.moved.append(known["id"])
        path = known["unit_path"] if unit is None else unit.path
        stated_all = _told(entry, stated, unit)
        latest = stated_all and self.as_of >= known["as_of"]
        provenance = {
            "source": self.source if latest else known["source"],
            "as_of": self.as_of if latest else known["as_of"],
            "fact_dates": newer.restated(stated_all),
        }
        if changed:
            changes.updates.append(
                {
                    "id": known["id"],
                    **values,
                    "unit_id": known["unit_id"] if unit is None else unit.pk,
                    "unit_path": path,
                    "household_id": household or known["household_id"],
                    "name_key": _name_key(values["name"]),
                    "known_none": none,
                    **provenance,
                    "phone": phone,
                    "phone_index": index or known["phone_index"],
                    "address": address,
                }
            )
        elif any(known[name] != provenance[name] for name in ("as_of", "fact_dates")):
            # Nothing new, but of a later day: an older file must not undo it afterwards.
            changes.confirmed.append({"id": known["id"], **provenance})
        turns = [*newer.past, *self._turns(entry, periods)]
        if turns:
            changed.append("status")
            self._note_periods(known["id"], path, turns, changes)
        if entry.wish:
            before = wish or {}
            new = _DEFAULTS | {n: before[n] for n in WISH if n in before} | entry.wish
            if wish is None or any(before[name] != value for name, value in entry.wish.items()):
                changed.append("wish")
                row = self._wish(known["id"], path, new)
                (changes.wishes if wish is None else changes.wish_updates).append(row)
            elif wish["said_on"] is None or wish["said_on"] < self.as_of:
                changes.wish_updates.append(self._wish(known["id"], path, new))
        if changed:
            changes.audit.append((path, "person", str(known["id"]), {"fields": sorted(changed)}))
        return Taken("changed" if changed else "unchanged", tuple(changed), tuple(newer.kept))

    def _wish(self, person_id: int, path: str, values: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "person_id": person_id,
            "unit_path": path,
            **{name: values.get(name, _DEFAULTS[name]) for name in WISH},
            "said_on": self.as_of,
            "source": self.source,
        }

    def _turns(self, entry: Entry, periods: list[_Period]) -> list[_Period]:
        """Periods to write; ``id`` 0 = a new one."""
        turns: list[_Period] = []
        registered = entry.registered if isinstance(entry.registered, date) else None
        if entry.status:
            since = entry.since
            if since is None and entry.status == "失业":
                since = registered
            latest = _latest(periods, PeriodKind.EMPLOYMENT)
            turns += _turn(latest, PeriodKind.EMPLOYMENT, entry.status, since, self.as_of, periods)
        latest = _latest(periods, PeriodKind.UNEMPLOYMENT_REGISTRATION)
        if registered is not None:
            turns += _turn(
                latest,
                PeriodKind.UNEMPLOYMENT_REGISTRATION,
                "",
                registered,
                self.as_of,
                periods,
            )
        elif entry.registered is False and latest is not None and latest.upper is None:
            end = max(self.as_of, latest.lower)
            if end > latest.lower:
                turns.append(copied(latest, upper=end))
        return turns

    def _note_periods(
        self, person_id: int, path: str, turns: Sequence[_Period], changes: _Changes
    ) -> None:
        for turn in turns:
            row = {
                "status": turn.status,
                "during": DateRange(turn.lower, turn.upper),
                "start_known": turn.start_known,
                "source": self.source,
            }
            if turn.id:
                changes.period_updates.append({"id": turn.id, **row})
            else:
                row |= {"unit_path": path, "person_id": person_id, "kind": int(turn.kind)}
                changes.periods.append(row)

    # --- writing -----------------------------------------------------------------------------

    def _write(self, changes: _Changes) -> None:
        ids = bulk.reserve_ids(Person, len(changes.people))
        for pk, row in zip(ids, changes.people, strict=True):
            row["id"] = pk
            self._note_periods(pk, row["unit_path"], row.pop("periods"), changes)
            if wish := row.pop("wish"):
                changes.wishes.append(self._wish(pk, row["unit_path"], wish))
            changes.audit.append((row["unit_path"], "person", str(pk), {"new": True}))
        bulk.insert(Person, changes.people)
        self._update(changes.updates)
        bulk.update(Person, changes.confirmed)
        _follow(changes.moved)
        # Closed before the next is opened: two of one kind never overlap.
        bulk.update(StatusPeriod, changes.period_updates)
        period_ids = bulk.reserve_ids(StatusPeriod, len(changes.periods))
        bulk.insert(
            StatusPeriod,
            [{"id": pk, **row} for pk, row in zip(period_ids, changes.periods, strict=True)],
        )
        bulk.insert(WorkWish, changes.wishes)
        bulk.update(WorkWish, changes.wish_updates, key="person_id")
        record_many(actor=self.actor, verb="person.import", entries=changes.audit)

    def _update(self, rows: list[dict[str, Any]]) -> None:
        phones, addresses = [], []
        for row in rows:
            phone, address, index = row.pop("phone"), row.pop("address"), row.pop("phone_index")
            if phone:
                phones.append({"id": row["id"], "phone": _secret(phone), "phone_index": index})
            if address:
                addresses.append({"id": row["id"], "address": _secret(address)})
        bulk.update(Person, rows)
        bulk.update(Person, phones)
        bulk.update(Person, addresses)


class _Newer:
    """What the ledger knows of a person from a later day than an entry's.

    ``days``: of what and from when. ``kept``: where the entry says something else. ``past``:
    periods that an older word adds where nothing was known.
    """

    def __init__(
        self,
        known: dict[str, Any],
        periods: list[_Period],
        wish: dict[str, Any] | None,
        as_of: date,
    ) -> None:
        self.known, self.periods, self.wish, self.on = known, periods, wish, as_of
        on = as_of.isoformat()
        self.dates: dict[str, str] = known["fact_dates"]
        self.as_of: str = known["as_of"].isoformat()
        self.days: dict[str, str] = {}
        self.kept: list[tuple[str, date]] = []
        self.past: list[_Period] = []
        self.held: frozenset[str] = frozenset()
        if on != self.as_of or self.dates:
            self.held = self._held()
        if on < self.as_of or self.dates:
            for name in sorted(self.held | self.dates.keys()):
                known_ = name in self.held
                if day := said.stands(self.dates, self.as_of, name, known=known_, on=on):
                    self.days[name] = day
        if wish is not None and wish["said_on"] and on < (day := wish["said_on"].isoformat()):
            self.days["wish"] = day
        self.any = bool(self.days)

    def _held(self) -> frozenset[str]:
        known = self.known
        held = {name for name in FACTS if known[name] not in (None, "")}
        held.update(name for name in known["known_none"] if name not in SINCE)
        held.update(
            name
            for name, there in (
                ("phone", known["phone_index"]),
                ("address", known["address"]),
                ("household", known["household_id"]),
                ("unit", known["unit_path"] != _community(known["unit_path"]) + "/"),
                (said.REGISTERED, said.REGISTERED in known["known_none"]),
            )
            if there
        )
        held.update(said.OF_KIND[PeriodKind(period.kind)] for period in self.periods)
        return frozenset(held)

    def restated(self, told: set[str]) -> dict[str, str]:
        """The person's ``fact_dates`` once the entry is taken."""
        on = self.on.isoformat()
        if not told or (on == self.as_of and not self.dates):
            return self.dates
        return said.restated(self.dates, self.as_of, known=self.held, said=told, on=on)

    def _keep(self, name: str, otherwise: object) -> None:
        if otherwise and name in self.days:
            self.kept.append((name, date.fromisoformat(self.days[name])))

    def without(self, entry: Entry, household: int | None) -> Entry:
        """What of the entry is news: the rest is left out, and noted where it differs."""
        known, days = self.known, self.days
        for name, value in entry.facts.items():
            self._keep(name, value is not None and value != known[name])
        for name in entry.none:
            self._keep(name, name in FACTS and known[name] is not None)
        self._keep("phone", entry.phone and blind_index(entry.phone) != known["phone_index"])
        self._keep("address", entry.address and entry.address != known["address"])
        self._keep("household", entry.household and household != known["household_id"])
        self._keep("unit", entry.unit.level in _HOMES and entry.unit.path != known["unit_path"])
        wish = self.wish or {}
        self._keep("wish", any(wish.get(name) != value for name, value in entry.wish.items()))
        status, since, registered = entry.status, entry.since, entry.registered
        none = entry.none - days.keys()
        if said.STATUS in days:
            if status:
                self._keep(said.STATUS, self._status_otherwise(status, since or registered or None))
            status, since = "", None
            none -= {"unemployed_since", "employed_since"}
        if said.REGISTERED in days:
            self._keep(said.REGISTERED, self._registered_otherwise(registered))
            registered = None
        return copied(
            entry,
            facts={name: value for name, value in entry.facts.items() if name not in days},
            phone="" if "phone" in days else entry.phone,
            address="" if "address" in days else entry.address,
            none=none,
            household="" if "household" in days else entry.household,
            status=status,
            since=since,
            registered=registered,
            wish={} if "wish" in days else entry.wish,
        )

    def _status_otherwise(self, status: str, since: date | None) -> bool:
        """Whether an older word about the status differs; it fills the past that was unknown."""
        kind = PeriodKind.EMPLOYMENT
        spans = sorted((p for p in self.periods if p.kind == kind), key=lambda p: p.lower)
        start, known = since or self.on, since is not None
        if not spans:
            return True
        first = spans[0]
        if start < first.lower:
            if first.status != status:
                self.past = [_Period(0, kind, status, start, first.lower, known)]
            elif not first.start_known:
                self.past = [copied(first, lower=start, start_known=known)]
                spans = spans[1:]
        spans += self.past
        there = next((p for p in spans if _holds(p, self.on)), None)
        if there is None or there.status != status:
            return True
        return since is not None and since != there.lower

    def _registered_otherwise(self, registered: date | Literal[False] | None) -> bool:
        """Whether an older word about the registration differs."""
        spans = [p for p in self.periods if p.kind == PeriodKind.UNEMPLOYMENT_REGISTRATION]
        if registered is None:
            return False
        if registered is False:
            return any(_holds(p, self.on) for p in spans)
        return all(p.lower != registered for p in spans)


def _told(entry: Entry, stated: Mapping[str, Any], unit: Unit | None) -> set[str]:
    """Of what the entry speaks, by the names of ``said``."""
    told = set(stated)
    told.update(
        name
        for name, there in (
            ("phone", entry.phone),
            ("address", entry.address),
            ("household", entry.household),
            ("unit", unit),
            (said.STATUS, entry.status),
            (said.REGISTERED, entry.registered is not None),
        )
        if there
    )
    return told


# Many people bear one name.
_name_key = lru_cache(maxsize=50_000)(actions.name_key)


def _secret(text: str) -> bytes | None:
    return encrypt(text.encode()) if text else None


def _held_elsewhere(indexes: Sequence[str]) -> set[str]:
    """Indexes of ID numbers that lie outside the fence; nothing else is learnt of them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT weiye_ids_held_elsewhere(%s)", [list(indexes)])
        return {row[0] for row in cursor.fetchall()}


def _follow(person_ids: Sequence[int]) -> None:
    """What hangs on people who moved into another building goes with them."""
    if not person_ids:
        return
    with connection.cursor() as cursor:
        for model in (StatusPeriod, WorkWish):
            cursor.execute(
                f'UPDATE "{model._meta.db_table}" t SET unit_path = p.unit_path '  # noqa: S608
                "FROM people_person p WHERE p.id = t.person_id AND p.id = ANY(%s) "
                "AND t.unit_path <> p.unit_path",
                [list(person_ids)],
            )


def _community(path: str) -> str:
    """The path of the community that a unit lies in."""
    return "/".join(path.split("/")[:5])


def _communities(units: set[Unit]) -> dict[int, Unit]:
    """For each unit the community it lies in (itself, for a community or one above it)."""
    found = {}
    above: dict[str, Unit] = {}
    for unit in units:
        if unit.level in _HOMES:
            path = _community(unit.path) + "/"
            if path not in above:
                above[path] = Unit.objects.get(path=path)
            found[unit.pk] = above[path]
        else:
            found[unit.pk] = unit
    return found


def _periods(person_ids: Sequence[int]) -> dict[int, list[_Period]]:
    found: dict[int, list[_Period]] = {}
    rows = StatusPeriod.objects.filter(person_id__in=person_ids, kind__in=_KINDS)
    columns = ("id", "person_id", "kind", "status", "during", "start_known")
    for pk, person, kind, status, during, start_known in rows.order_by(
        "person_id", "during"
    ).values_list(*columns):
        found.setdefault(person, []).append(
            _Period(pk, kind, status, during.lower, during.upper, start_known)
        )
    return found


def _holds(period: _Period, day: date) -> bool:
    return period.lower <= day and (period.upper is None or day < period.upper)


def _latest(periods: Sequence[_Period], kind: int) -> _Period | None:
    return max((p for p in periods if p.kind == kind), key=lambda p: p.lower, default=None)


def _turn(
    latest: _Period | None,
    kind: PeriodKind,
    status: str,
    since: date | None,
    as_of: date,
    periods: Sequence[_Period],
) -> list[_Period]:
    """What to write so that ``status`` holds from ``since``, given the latest period of the kind.

    The same status from another day moves the beginning, as far as the period before allows; a
    later day with another status closes the one and opens the next; a turn before the latest one
    changes nothing, unless that one's day was not known. Without a day the status holds from
    ``as_of`` at the latest: its beginning is not known.
    """
    known = since is not None
    if latest is None:
        return [_Period(0, kind, status, since or as_of, None, known)]
    if latest.upper is not None:
        if since is not None and since < latest.upper:
            return []
        return [_Period(0, kind, status, max(since or as_of, latest.upper), None, known)]
    before = [p.upper for p in periods if p.kind == kind and p.lower < latest.lower and p.upper]
    if latest.status == status:
        start = max([since or latest.lower, *before])
        known = known or latest.start_known
        if (start, known) == (latest.lower, latest.start_known):
            return []
        return [_Period(latest.id, kind, status, start, None, known)]
    start = since or as_of
    if start < latest.lower:
        if latest.start_known:
            return []
        start = max([start, *before])
        return [_Period(latest.id, kind, status, start, None, known)]
    if start == latest.lower:
        return [_Period(latest.id, kind, status, start, None, known)]
    return [copied(latest, upper=start), _Period(0, kind, status, start, None, known)]
