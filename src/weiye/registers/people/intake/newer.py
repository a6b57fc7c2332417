"""What the ledger knows better than a roster, because it knows it from a later day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace as copied
from datetime import date
from typing import Any, Literal

from weiye.base.privacy.fields import blind_indexes
from weiye.base.regions.models import Unit

from .. import said
from ..biography import detailed
from ..columns import BIOGRAPHY, FACTS, SINCE
from ..models import PeriodKind
from .entry import HOMES, Entry
from .spans import Period, holds


class Newer:
    """What the ledger knows of a person from a later day than an entry's.

    ``days``: of what and from when. ``kept``: where the entry says something else. ``past``:
    periods that an older word adds where nothing was known.
    """

    def __init__(
        self,
        known: dict[str, Any],
        periods: list[Period],
        wish: dict[str, Any] | None,
        as_of: date,
        source: str,
    ) -> None:
        self.known, self.periods, self.wish, self.on = known, periods, wish, as_of
        self.source = source
        on = as_of.isoformat()
        self.dates: dict[str, str] = known["fact_dates"]
        self.as_of: str = known["as_of"].isoformat()
        self.days: dict[str, str] = {}
        self.kept: list[tuple[str, date]] = []
        self.past: list[Period] = []
        self.held: frozenset[str] = frozenset()
        if on != self.as_of or self.dates or source != known["source"] or known["fact_sources"]:
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
        held = {name for name in (*FACTS, *BIOGRAPHY) if known[name] not in (None, "")}
        held.update(name for name in known["known_none"] if name not in SINCE)
        held.update(
            name
            for name, there in (
                ("phone", known["phone_index"]),
                ("address", known["address"]),
                ("household", known["household_id"]),
                ("unit", known["unit_path"] != community_path(known["unit_path"]) + "/"),
                (said.REGISTERED, said.REGISTERED in known["known_none"]),
            )
            if there
        )
        held.update(said.OF_KIND[PeriodKind(period.kind)] for period in self.periods)
        return frozenset(held)

    def provenance(self, told: set[str]) -> dict[str, Any]:
        """The person's source, day, ``fact_dates`` and ``fact_sources`` once the entry is taken."""
        on, known = self.on.isoformat(), self.known
        latest = told and on >= self.as_of
        became = self.source if latest else known["source"]
        dates, sources = self.dates, known["fact_sources"]
        if told and not (on == self.as_of and not dates):
            dates = said.restated(dates, self.as_of, known=self.held, said=told, on=on)
        if told and (sources or self.source != known["source"]):
            sources = said.resourced(
                sources, known["source"], known=self.held, said=told, by=self.source, became=became
            )
        return {
            "source": became,
            "as_of": self.on if latest else known["as_of"],
            "fact_dates": dates,
            "fact_sources": sources,
        }

    def _keep(self, name: str, otherwise: object) -> None:
        if otherwise and name in self.days:
            self.kept.append((name, date.fromisoformat(self.days[name])))

    def without(self, entry: Entry, household: int | None) -> Entry:
        """What of the entry is news: the rest is left out, and noted where it differs."""
        known, days = self.known, self.days
        for name, value in entry.facts.items():
            if name == "skill_certificates":
                value = detailed(value, known[name])
            self._keep(name, value is not None and value != known[name])
        for name in entry.none:
            self._keep(name, name in FACTS and known[name] is not None)
        same = entry.phone and known["phone_index"] in blind_indexes(entry.phone)
        self._keep("phone", entry.phone and not same)
        self._keep("address", entry.address and entry.address != known["address"])
        self._keep("household", entry.household and household != known["household_id"])
        self._keep("unit", entry.unit.level in HOMES and entry.unit.path != known["unit_path"])
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
                self.past = [Period(0, kind, status, start, first.lower, known)]
            elif not first.start_known:
                self.past = [copied(first, lower=start, start_known=known)]
                spans = spans[1:]
        spans += self.past
        there = next((p for p in spans if holds(p, self.on)), None)
        if there is None or there.status != status:
            return True
        return since is not None and since != there.lower

    def _registered_otherwise(self, registered: date | Literal[False] | None) -> bool:
        """Whether an older word about the registration differs."""
        spans = [p for p in self.periods if p.kind == PeriodKind.UNEMPLOYMENT_REGISTRATION]
        if registered is None:
            return False
        if registered is False:
            return any(holds(p, self.on) for p in spans)
        return all(p.lower != registered for p in spans)


def topics(entry: Entry, stated: Mapping[str, Any], unit: Unit | None) -> set[str]:
    """Of what the entry speaks, by the names of ``said``."""
    found = set(stated)
    found.update(
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
    return found


def community_path(path: str) -> str:
    """The path of the community that a unit lies in."""
    return "/".join(path.split("/")[:5])
