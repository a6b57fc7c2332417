"""visits.yaml: how often whom to visit, read."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date

from .reading import Entry, Table


@dataclass(frozen=True, slots=True)
class VisitInterval:
    """Who is in the ``group`` (or the ``scope``) is visited every ``days`` days, and for the first
    time within ``first_days`` of entering it."""

    id: str
    name: str
    group: str  # "" where it is for a scope
    scope: str  # "" where it is for a group
    days: int
    first_days: int
    source: str
    status: str
    enabled: bool
    valid_from: date
    valid_to: date | None

    def in_force(self, day: date) -> bool:
        ended = self.valid_to is not None and self.valid_to < day
        return self.enabled and self.valid_from <= day and not ended


def read_visits(
    root: Entry,
    source: Callable[[Entry], str],
    dates: Callable[[Table], tuple[date | None, date | None]],
    state: Callable[[Table], tuple[str, bool]],
    *,
    groups: Collection[str],
    scopes: Collection[str],
) -> tuple[dict[str, VisitInterval], Callable[[], None]]:
    """The intervals by id, and a check of the names they use, for when everything is read."""
    found: dict[str, VisitInterval] = {}
    named: list[tuple[Entry, Collection[str], str]] = []
    for item in root.table("visits")["visits"].items():
        table = item.table(
            "id name days source valid_from", "group scope first_days valid_to status enabled"
        )
        if ("group" in table) == ("scope" in table):
            raise item.error("a visit interval is for either a 'group' or a 'scope'")
        of_group, of_scope = table.get("group"), table.get("scope")
        if of_group is not None:
            named.append((of_group, groups, "group"))
        if of_scope is not None:
            named.append((of_scope, scopes, "scope"))
        first, last = dates(table)
        assert first is not None
        status, enabled = state(table)
        days = table["days"].whole(least=1)
        name = table["id"].text()
        if name in found:
            raise item.error(f"the id {name!r} occurs twice")
        found[name] = VisitInterval(
            name,
            table["name"].text(),
            of_group.text() if of_group is not None else "",
            of_scope.text() if of_scope is not None else "",
            days,
            table["first_days"].whole(least=1) if "first_days" in table else days,
            source(table["source"]),
            status,
            enabled,
            first,
            last,
        )

    def known() -> None:
        for entry, names, kind in named:
            if entry.text() not in names:
                raise entry.error(f"there is no {kind} {entry.text()!r}")

    return found, known
