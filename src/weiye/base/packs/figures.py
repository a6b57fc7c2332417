"""The value of a dated figure: a number, an amount, a day, a text, or a retirement schedule."""

from datetime import date
from decimal import Decimal

from weiye.engine.rules import Delay

from .reading import Entry


def scalar(entry: Entry, kind: str) -> int | Decimal | date | str:
    match kind:
        case "number":
            return entry.whole()
        case "yuan":
            return entry.yuan()
        case "date":
            return entry.day()
        case _:
            return entry.text()


def schedule(entry: Entry) -> dict[str, dict[int, Delay]]:
    found: dict[str, dict[int, Delay]] = {}
    for sex, lines in entry.table("男 女"):
        found[sex] = {}
        for base, line in lines.table(free=True):
            table = line.table("since every cap", "flexible")
            if not base.isdigit():
                raise line.error(f"expected a base age, not {base!r}")
            found[sex][int(base)] = Delay(
                table["every"].whole(least=1),
                table["cap"].whole(),
                table["since"].whole(least=1),
                table["flexible"].whole() if "flexible" in table else 0,
            )
        if not found[sex]:
            raise lines.error("a schedule needs at least one base age")
    return found
