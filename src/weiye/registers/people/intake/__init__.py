"""Many people at once, as rosters bring them: new, changed or unchanged, by ID number.

The bulk side of ``actions``: a few statements per block, never one per row. Given the same facts
again it changes nothing. Blank facts never overwrite known ones, nor older facts newer ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace as copied
from datetime import date
from functools import lru_cache
from typing import Any

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from weiye.base.privacy.fields import blind_index, blind_index_next, blind_indexes, sealed
from weiye.base.regions.models import Unit
from weiye.base.scope import bulk
from weiye.base.scope.actor import Actor
from weiye.base.scope.fence import fence
from weiye.base.scope.turn import take_turn

from .. import actions, biography
from ..columns import BIOGRAPHY, FACTS, WISH
from ..models import Household, OtherNumber, PeriodKind, Person, WorkWish
from .changes import WISH_DEFAULTS, Changes
from .doubts import doubles, other_name
from .entry import CARD, HOMES, Entry, Result, Taken
from .journal import Journal
from .newer import Newer, community_path, topics
from .spans import Period, latest_of, periods_of, turned
from .telling import Telling


class PeopleIntake:
    """Takes blocks of entries into the ledger of one unit and what lies below it.

    ``write`` False only tells what would happen. To be used inside a transaction; the fence is
    narrowed to ``unit`` for every block, so that no row of another unit can be touched. ``sheet``,
    ``told``: see `Telling`; `close` after the last block. ``journal`` takes what writing replaced.
    """

    def __init__(
        self,
        *,
        actor: Actor,
        unit: Unit,
        source: str,
        as_of: date,
        write: bool,
        sheet: str = "",
        told: tuple[int, int] = (0, 0),
        journal: Journal | None = None,
    ) -> None:
        actor.require("people.import", unit.path)
        self._telling = Telling(actor, sheet, *told)
        self.journal = journal
        self.actor = copied(actor, path=unit.path)
        self.source, self.as_of, self.write = source[:100], as_of, write
        self._households: dict[tuple[int, str], int] = {}
        self._both = set[str]()
        if write:
            # Two imports that overlap: the second waits and then sees what the first did.
            take_turn("people.import", unit.path)

    def take(self, entries: Sequence[Entry]) -> list[Taken]:
        """Results in the order of the entries. No ID number may appear twice in all blocks."""
        with fence(self.actor):
            return self._take(entries)

    def close(self) -> None:
        """Log how many people registered elsewhere this pass told of."""
        self._telling.close()

    @property
    def told(self) -> tuple[int, int]:
        """How many people of this pass are known to be elsewhere, and of how many nothing is."""
        return self._telling.told, self._telling.withheld

    def _take(self, entries: Sequence[Entry]) -> list[Taken]:
        indexes = [blind_index(entry.id_number) for entry in entries]
        # While the index key is being replaced a row may be found under either.
        active = {
            i: all_[0] for all_ in (blind_indexes(e.id_number) for e in entries) for i in all_
        }
        elsewhere = {active[index] for index in _held_elsewhere(list(active))}
        people = {active[index]: row for index, row in self._people(list(active)).items()}
        periods = periods_of([row["id"] for row in people.values()])
        wishes = {
            row["person_id"]: row
            for row in WorkWish.objects.filter(
                person_id__in=[row["id"] for row in people.values()]
            ).values("person_id", "said_on", *WISH)
        }
        withheld = self._telling.withhold((i in elsewhere, i in people) for i in indexes)
        silent = {i for i, held in zip(indexes, withheld, strict=True) if held}
        both = {active[index] for index in self._both}
        twice = doubles(self.actor, entries, people, indexes) | both
        left_out = elsewhere | silent | twice
        numbers = self._household_ids(
            [e for e, i in zip(entries, indexes, strict=True) if i not in left_out]
        )
        changes = Changes(self.source, self.as_of)
        results = []
        for entry, index in zip(entries, indexes, strict=True):
            known = people.get(index)
            if index in silent:
                results.append(Taken("withheld"))
            elif index in elsewhere or (
                known and community_path(known["unit_path"]) != community_path(entry.unit.path)
            ):
                results.append(Taken("elsewhere"))
            elif known is not None and other_name(known["name"], entry.facts.get("name")):
                results.append(Taken("named", (), ((known["name"], known["as_of"]),)))
            elif index in twice:
                results.append(Taken("double"))
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
            changes.write(self.actor, self.journal)
        return results

    # --- reading -----------------------------------------------------------------------------

    def _people(self, indexes: Sequence[str]) -> dict[str, dict[str, Any]]:
        """By the index of the number that finds them: their own, or a further one (`merging`)."""
        further = dict(
            OtherNumber.objects.visible_to(self.actor)
            .filter(number_index__in=indexes)
            .order_by("id")
            .values_list("number_index", "person_id")
        )
        rows = (
            Person.objects.visible_to(self.actor)
            .filter(Q(id_index__in=indexes) | Q(pk__in=list(further.values())))
            .order_by("id")
        )
        if self.write:
            rows = rows.select_for_update(of=("self",))
        columns = (
            "id",
            "id_index",
            "died_on",
            "unit_id",
            "unit_path",
            "phone_index",
            "address",
            "known_none",
        )
        noted = ("household_id", "id_kind", *actions.NOTED)
        found = rows.values(*columns, *noted, *FACTS, *BIOGRAPHY)
        wanted, people = set(indexes), dict[str, dict[str, Any]]()
        for row in found:
            others = [str(index) for index, person in further.items() if person == row["id"]]
            people[row["id_index"] if row["id_index"] in wanted else others[0]] = row
        # Named by both numbers in one block: taken by the one, the row of the other is told so.
        self._both = {str(index) for index in further if index not in people}
        return people

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
                    "address": sealed(Household, "address", wanted[key][1]),
                    "synthetic": False,
                }
                for pk, key in zip(bulk.reserve_ids(Household, len(fresh)), fresh, strict=True)
            ]
            bulk.insert(Household, rows_)
            if self.journal is not None:
                self.journal.households += [row["id"] for row in rows_]
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
        changes: Changes,
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
                "id_kind": entry.id_kind,
                "died_on": entry.died_on,
                "id_number": sealed(Person, "id_number", entry.id_number),
                "id_index": index,
                "id_index_next": blind_index_next(entry.id_number),
                "phone": sealed(Person, "phone", entry.phone),
                "phone_index": blind_index(entry.phone) if entry.phone else None,
                "phone_index_next": blind_index_next(entry.phone),
                "address": sealed(Person, "address", entry.address),
                "benefits_received": None,
                "known_none": sorted(entry.none),
                "lon": None,
                "lat": None,
                "point_source": "",
                "source": self.source,
                "as_of": self.as_of,
                "fact_dates": {},
                "fact_sources": {},
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
        periods: list[Period],
        wish: dict[str, Any] | None,
        changes: Changes,
    ) -> Taken:
        """What differs, by field; the changes go to ``changes``."""
        household = numbers.get((entry.unit.pk, entry.household))
        if entry.id_kind != known["id_kind"] and len(entry.id_number) != CARD:
            # Another document that happens to bear the same number: another person's.
            return Taken("unchanged", (), (("id_kind", known["as_of"]),))
        newer = Newer(known, periods, wish, self.as_of, self.source)
        if newer.any:
            entry = newer.without(entry, household)
        stated = {name: value for name, value in entry.facts.items() if value is not None}
        stated |= dict.fromkeys(name for name in entry.none if name in FACTS)
        if certificates := stated.get("skill_certificates"):
            stated["skill_certificates"] = biography.detailed(
                certificates, known["skill_certificates"]
            )
        values = {name: known[name] for name in FACTS} | stated
        changed = [name for name, value in stated.items() if known[name] != value]
        none = entry.none_after(known["known_none"])
        if none != sorted(known["known_none"]) and not changed:
            changed.append("known_none")
        died = known["died_on"]
        if entry.died_on and entry.died_on != died and (died is None or entry.died_sure):
            died = entry.died_on
            changed.append("died_on")
        phone = index = address = None
        if entry.phone and known["phone_index"] not in blind_indexes(entry.phone):
            phone, index = entry.phone, blind_index(entry.phone)
            changed.append("phone")
        if entry.address and entry.address != known["address"]:
            address = entry.address
            changed.append("address")
        if entry.household and household != known["household_id"]:
            changed.append("household")
        # Into a building that is now known; never back to the community as a whole.
        unit = entry.unit if entry.unit.level in HOMES and "unit" not in newer.days else None
        if unit is not None and unit.path != known["unit_path"]:
            changed.append("unit")
            changes.moved.append(known["id"])
        path = known["unit_path"] if unit is None else unit.path
        told = topics(entry, stated, unit)
        provenance = newer.provenance(told)
        if changed:
            changes.updates.append(
                {
                    "id": known["id"],
                    "id_kind": entry.id_kind,
                    "died_on": died,
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
        elif any(known[name] != provenance[name] for name in _CONFIRMED):
            # Nothing new, but of a later day: an older file must not undo it afterwards. Somebody
            # else's same word of a day that was known already changes nothing.
            changes.confirmed.append({"id": known["id"], **provenance})
        turns = [*newer.past, *self._turns(entry, periods)]
        if turns:
            changed.append("status")
            changes.note_periods(known["id"], path, turns)
        if entry.wish:
            before = wish or {}
            new = WISH_DEFAULTS | {n: before[n] for n in WISH if n in before} | entry.wish
            if wish is None or any(before[name] != value for name, value in entry.wish.items()):
                changed.append("wish")
                row = changes.wish(known["id"], path, new)
                (changes.wishes if wish is None else changes.wish_updates).append(row)
            elif wish["said_on"] is None or wish["said_on"] < self.as_of:
                changes.wish_updates.append(changes.wish(known["id"], path, new))
        if changed:
            changes.audit.append((path, "person", str(known["id"]), {"fields": sorted(changed)}))
        return Taken("changed" if changed else "unchanged", tuple(changed), tuple(newer.kept))

    def _turns(self, entry: Entry, periods: list[Period]) -> list[Period]:
        """Periods to write; ``id`` 0 = a new one."""
        turns: list[Period] = []
        registered = entry.registered if isinstance(entry.registered, date) else None
        if entry.status:
            since = entry.since
            if since is None and entry.status == "失业":
                since = registered
            latest = latest_of(periods, PeriodKind.EMPLOYMENT)
            turns += turned(latest, PeriodKind.EMPLOYMENT, entry.status, since, self.as_of, periods)
        latest = latest_of(periods, PeriodKind.UNEMPLOYMENT_REGISTRATION)
        if registered is not None:
            turns += turned(
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


_CONFIRMED = ("as_of", "fact_dates")

# Many people bear one name.
_name_key = lru_cache(maxsize=50_000)(actions.name_key)


def _held_elsewhere(indexes: Sequence[str]) -> set[str]:
    """Indexes of ID numbers that lie outside the fence; nothing else is learnt of them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT weiye_ids_held_elsewhere(%s)", [list(indexes)])
        return {row[0] for row in cursor.fetchall()}


def _communities(units: set[Unit]) -> dict[int, Unit]:
    """For each unit the community it lies in (itself, for a community or one above it)."""
    found = {}
    above: dict[str, Unit] = {}
    for unit in units:
        if unit.level in HOMES:
            path = community_path(unit.path) + "/"
            if path not in above:
                above[path] = Unit.objects.get(path=path)
            found[unit.pk] = above[path]
        else:
            found[unit.pk] = unit
    return found


__all__ = ["Entry", "PeopleIntake", "Result", "Taken"]
