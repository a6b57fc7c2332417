"""How much rosters tell an account in a day of people who are registered outside its unit.

Checking a roster says of every row whether somebody else holds the person: without a limit it would
answer that for any list of numbers. Past the limit of the day (as many people as may be asked for
by roster, parameter ``transfer_asks_per_day_by_roster``) nothing is said of rows whose person the
own ledger does not know: neither "elsewhere" nor "new", for the one would tell the other.
"""

from collections.abc import Iterable

from django.utils import timezone

from weiye.base.audit.actions import record
from weiye.base.audit.models import AuditEntry
from weiye.base.scope.actor import Actor, system
from weiye.base.scope.fence import fence
from weiye.base.scope.turn import take_turn

from ..transfers.terms import terms

VERB, COUNTER = "transfer.told", "rostertold"


class Telling:
    """What one pass over a sheet may tell; ``told`` and ``withheld``: by its blocks before.

    ``sheet`` tells the file and the meaning of its columns from others: the same rows once more on
    the same day, as checking and then importing does, cost nothing. To be made inside the pass's
    transaction: passes of one account take turns until it ends.
    """

    def __init__(self, actor: Actor, sheet: str, told: int = 0, withheld: int = 0) -> None:
        self.actor, self.sheet = actor, sheet
        self.told, self.withheld = self._before = told, withheld
        self.most: int | None = None
        if actor.account_id is None:
            return
        take_turn("people.told", f"{actor.account_id}/")
        midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
        earlier: dict[str, int] = {}
        with fence(system()):
            details = AuditEntry.objects.filter(
                thing_type=COUNTER, thing_id=str(actor.account_id), at__gte=midnight
            ).values_list("detail", flat=True)
            for detail in details:
                known = str(detail["sheet"])
                earlier[known] = max(earlier.get(known, 0), int(detail["people"]))
        own = earlier.pop(sheet, 0)
        limit = terms(actor.path, timezone.localdate()).asks_per_day_by_roster
        self.most = max(own, limit - sum(earlier.values()))

    def withhold(self, rows: Iterable[tuple[bool, bool]]) -> list[bool]:
        """Of each row (registered elsewhere, known in the own ledger): whether to say nothing."""
        return [self._withheld(elsewhere, known) for elsewhere, known in rows]

    def _withheld(self, elsewhere: bool, known: bool) -> bool:
        if known:
            return False
        if self.most is not None and self.told >= self.most:
            self.withheld += 1
            return True
        self.told += elsewhere
        return False

    def close(self) -> None:
        """Log what the pass has told by now: it is also what is counted."""
        if (self.told, self.withheld) != self._before:
            record(
                actor=self.actor,
                verb=VERB,
                path=self.actor.path,
                thing=(COUNTER, str(self.actor.account_id)),
                detail={"sheet": self.sheet, "people": self.told, "withheld": self.withheld},
            )
