"""A pack's ``privacy.yaml``: purposes of personal data, and how long they are kept."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:  # packs reads this file through us
    from weiye.base.packs.reading import Entry, Table

Outcome = Literal["anonymise", "delete"]
OUTCOMES: tuple[Outcome, ...] = ("anonymise", "delete")
#: The values of `models.Basis`.
BASES = ("duty", "consent", "separate")
CONFIRMED, TO_CONFIRM = "confirmed", "待确认"


@dataclass(frozen=True, slots=True)
class Purpose:
    """What data are used for, on what ground, and the text that is shown when consent is asked."""

    id: str
    title: str
    basis: str  # `models.Basis`
    version: str
    text: str
    source: str
    valid_from: date
    valid_to: date | None

    @property
    def needs_consent(self) -> bool:
        return self.basis != "duty"


@dataclass(frozen=True, slots=True)
class Span:
    """A calendar span; the last day of a shorter month stands for the missing ones."""

    days: int = 0
    months: int = 0

    def after(self, day: date) -> date:
        """
        >>> Span(months=1).after(date(2024, 1, 31))
        datetime.date(2024, 2, 29)
        """
        year, month = divmod(day.year * 12 + day.month - 1 + self.months, 12)
        last = monthrange(year, month + 1)[1]
        return date(year, month + 1, min(day.day, last)) + timedelta(days=self.days)


@dataclass(frozen=True, slots=True)
class Retention:
    """When one kind of data ends: ``after`` its last use, warned before, a grace after."""

    id: str
    what: str
    text: str
    after: Span
    warn: int
    grace: int
    then: Outcome
    source: str
    enabled: bool
    to_confirm: bool
    valid_from: date
    valid_to: date | None

    def on(self, day: date) -> bool:
        last = self.valid_to
        return self.enabled and self.valid_from <= day and (last is None or day <= last)


_FOLDED = re.compile(r"(?<=[^\x00-\x7f]) (?=[^\x00-\x7f])")


def _joined(text: str) -> str:
    """
    >>> _joined("不影响您 已经享受的")
    '不影响您已经享受的'
    """
    # YAML folds the lines of a text with a space, which Chinese has none of.
    return _FOLDED.sub("", text)


@dataclass(frozen=True)
class Reader:
    """Reads the file for a pack. ``source`` and ``dates`` are those of the pack's draft."""

    source: Callable[[Entry], str]
    dates: Callable[[Table], tuple[date | None, date | None]]

    def read(self, root: Entry) -> tuple[dict[str, Purpose], dict[str, Retention]]:
        table = root.table("", "purposes retention")
        purposes = (
            [self.purpose(item) for item in table["purposes"].items()]
            if ("purposes" in table)
            else []
        )
        rules = (
            [self.retention(item) for item in table["retention"].items()]
            if ("retention" in table)
            else []
        )
        for found in (purposes, rules):
            ids = [one.id for one in found]
            twice = next((name for name in ids if ids.count(name) > 1), None)
            if twice is not None:
                raise root.error(f"the id {twice!r} occurs twice")
        return {one.id: one for one in purposes}, {one.id: one for one in rules}

    def purpose(self, entry: Entry) -> Purpose:
        table = entry.table("id title basis version text source valid_from", "valid_to")
        first, last = self.dates(table)
        assert first is not None
        return Purpose(
            table["id"].text(),
            table["title"].text(),
            table["basis"].one_of(*BASES),
            table["version"].text(),
            _joined(table["text"].text()),
            self.source(table["source"]),
            first,
            last,
        )

    def retention(self, entry: Entry) -> Retention:
        table = entry.table(
            "id what text after then source valid_from", "warn grace status enabled valid_to"
        )
        first, last = self.dates(table)
        assert first is not None
        status = table["status"].one_of(CONFIRMED, TO_CONFIRM) if "status" in table else CONFIRMED
        enabled = table["enabled"].truth() if "enabled" in table else status == CONFIRMED
        after = table["after"].table("", "days months years")
        span = {key: value.whole(least=1) for key, value in after}
        if not span:
            raise table["after"].error("expected days, months or years")
        then = table["then"].one_of(*OUTCOMES)
        return Retention(
            table["id"].text(),
            table["what"].text(),
            table["text"].text(),
            Span(span.get("days", 0), span.get("months", 0) + 12 * span.get("years", 0)),
            table["warn"].whole() if "warn" in table else 0,
            table["grace"].whole() if "grace" in table else 0,
            "anonymise" if then == "anonymise" else "delete",
            self.source(table["source"]),
            enabled,
            status == TO_CONFIRM,
            first,
            last,
        )
