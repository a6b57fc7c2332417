"""Reading what the checks found."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from weiye.base.scope.actor import Actor

from .checks import SEVERITIES, Check, all_checks
from .models import Finding

HISTORY = 12


@dataclass(frozen=True)
class Row:
    """One check with its last finding, and the counts before it, oldest first."""

    check: Check
    finding: Finding | None
    history: tuple[int | None, ...]

    @property
    def state(self) -> str:
        if self.finding is None:
            return "unknown"
        if self.finding.count is None:
            return "failed"
        return "bad" if self.finding.count else "good"

    @property
    def change(self) -> int | None:
        """Compared with the time before."""
        told = [count for count in self.history if count is not None]
        if self.finding is None or self.finding.count is None or len(told) < 2:
            return None
        return told[-1] - told[-2]


@dataclass(frozen=True)
class Report:
    """What an area looked like at its last examination: what is wrong first, the worst first."""

    at: datetime | None
    rows: tuple[Row, ...]

    def count(self, severity: str) -> int:
        """How many checks of a severity are broken."""
        return sum(row.check.severity == severity and row.state == "bad" for row in self.rows)

    @property
    def failed(self) -> int:
        return sum(row.state == "failed" for row in self.rows)

    @property
    def good(self) -> int:
        return sum(row.state == "good" for row in self.rows)


def report(*, actor: Actor) -> Report:
    """The last examination of the actor's own area, and how the counts went."""
    found: dict[str, list[Finding]] = defaultdict(list)
    rows = Finding.objects.visible_to(actor).filter(unit_path=actor.path).order_by("-at")
    for finding in rows[: len(all_checks()) * HISTORY]:
        found[finding.check_id].append(finding)
    order = list(SEVERITIES)
    made = []
    for check in all_checks():
        past = found.get(check.id, [])
        counts = tuple(each.count for each in reversed(past[:HISTORY]))
        made.append(Row(check, past[0] if past else None, counts))
    rank = {"bad": 0, "failed": 1, "unknown": 2, "good": 3}
    made.sort(key=lambda row: (rank[row.state], order.index(row.check.severity)))
    latest = max((row.finding.at for row in made if row.finding), default=None)
    return Report(latest, tuple(made))
