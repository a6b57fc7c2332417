"""What the pack of a place decides about certification, and until when a step may take."""

from dataclasses import dataclass
from datetime import date

from django.core.exceptions import ValidationError

from weiye.base.packs import Pack
from weiye.base.packs.certification import Certification
from weiye.base.packs.queries import pack_in_force
from weiye.engine.rules import CONFIRMED
from weiye.engine.workdays import Calendar
from weiye.registers.people.frames import community_code

# How long the work of a state may take (parameters ``certification_…_days`` of the pack).
TERMS = {
    "applied": "accept",
    "review": "review",
    "decision": "decide",
    "correction": "correct",
    "objected": "objection",
    "refused": "appeal",
    "appeal": "decide",
    "check_due": "check",
}


@dataclass(frozen=True)
class Term:
    """``to_confirm``: the figure is a working definition; ``provisional``: the term touches a year
    whose days off have not been published."""

    days: int
    ends_on: date
    to_confirm: bool
    provisional: bool


@dataclass(frozen=True)
class Terms:
    """The pack at a place on a day."""

    pack: Pack
    code: str
    on: date

    @property
    def certification(self) -> Certification:
        found = self.pack.certification
        if found is None:
            raise ValidationError("本地还没有设置就业困难人员认定办法，请联系管理员。")
        return found

    @property
    def calendar(self) -> Calendar:
        return self.pack.calendar

    def figure(self, name: str) -> tuple[int, bool]:
        """A number of the pack, and whether it is still to be confirmed; 0 without one."""
        for period in self.pack.parameters[f"certification_{name}"].on(self.on):
            if self.code.startswith(period.region):
                return int(period.value), period.status != CONFIRMED
        return 0, False

    def term(self, state: str) -> Term | None:
        """What a state's work may take from today; None where nothing is said."""
        name = TERMS.get(state)
        days, to_confirm = self.figure(f"{name}_days") if name else (0, False)
        return self.ending(self.on, days, to_confirm) if days else None

    def ending(self, after: date, days: int, to_confirm: bool = False) -> Term:
        ends = self.calendar.add(after, days)
        return Term(days, ends, to_confirm, self.calendar.provisional(after, ends))


def terms_of(path: str, on: date) -> Terms:
    """What counts at a unit on a day."""
    code = community_code(path or "37/")
    return Terms(pack_in_force(code, on), code, on)
