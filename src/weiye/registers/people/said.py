"""Of which day, and from whom, each fact of a person is: the newer word stands, whoever's file
comes later.

A fact is of the person's ``as_of`` unless ``Person.fact_dates`` names another day, and from the
person's ``source`` unless ``Person.fact_sources`` (source → facts) names another. Facts go by
their column; `STATUS` and `REGISTERED` stand for the periods of these kinds, ``household`` and
``unit`` for where the person belongs. What is unknown is of no day, unless somebody took it back.
Days are ISO text, which sorts as they do.
"""

from collections.abc import Collection, Mapping

from .columns import BIOGRAPHY, FACTS, WISH
from .models import PeriodKind, Person, WorkWish

STATUS = "employment_status"
REGISTERED = "registered_unemployed_since"
OF_KIND = {PeriodKind.EMPLOYMENT: STATUS, PeriodKind.UNEMPLOYMENT_REGISTRATION: REGISTERED}

#: Every fact that has a source and a day of its own → its name on pages.
LABELS: Mapping[str, str] = {
    **{
        name: str(Person._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
        for name in (*FACTS, *BIOGRAPHY, "phone", "address", "benefits_received")
    },
    "household": "家庭",
    "unit": "网格楼栋",
    STATUS: "就业状态",
    REGISTERED: "失业登记",
}
WISH_LABELS: Mapping[str, str] = {
    "occupation_codes": "想找的工作",
    "skills": "会什么",
    "training_wishes": "想学什么",
    **{
        name: str(WorkWish._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
        for name in WISH
        if name not in ("occupation_codes", "skills", "training_wishes")
    },
}

# Levels of a unit that say in which building or grid somebody lives.
HOMES = ("grid", "building")
_ELSEWHERE = ("household", "unit", STATUS, REGISTERED)

Dates = Mapping[str, str]
Sources = Mapping[str, Collection[str]]


def stands(dates: Dates, as_of: str, name: str, *, known: bool, on: str) -> str:
    """The day of what the ledger holds if that is newer than a word of the day ``on``, else ""."""
    day = dates.get(name, as_of if known else "")
    return day if on < day else ""


def restated(
    dates: Dates, as_of: str, *, known: Collection[str], said: Collection[str], on: str
) -> dict[str, str]:
    """``fact_dates`` after the facts ``said`` were stated of the day ``on``.

    ``known``: the facts that the ledger held before. To be kept with the later of ``as_of`` and
    ``on`` as the person's ``as_of``.
    """
    if on < as_of:
        return {**dates, **dict.fromkeys(said, on)}
    kept = {name: day for name, day in dates.items() if name not in said}
    if on > as_of:
        kept = {name: as_of for name in known if name not in said} | kept
    # Of the person's own day as everything is; what was taken back is named all the same.
    return {name: day for name, day in kept.items() if day != on or name not in known}


def noted(dates: Dates, as_of: str, name: str, on: str) -> dict[str, str]:
    """``fact_dates`` after one fact was stated of the day ``on``; ``as_of`` stays as it is."""
    others = {other: day for other, day in dates.items() if other != name}
    return others if on == as_of else others | {name: on}


def resourced(
    sources: Sources,
    source: str,
    *,
    known: Collection[str],
    said: Collection[str],
    by: str,
    became: str,
) -> dict[str, list[str]]:
    """``fact_sources`` after the facts ``said`` were stated by the source ``by``.

    ``known``: as above; ``source``, ``became``: the person's source before and after.
    """
    if not said and source == became:
        return {name: list(facts) for name, facts in sources.items()}
    of = {fact: name for name, facts in sources.items() for fact in facts}
    if source != became:
        of = dict.fromkeys(known, source) | of
    of.update(dict.fromkeys(said, by))
    found: dict[str, list[str]] = {}
    for fact, name in sorted(of.items()):
        if name != became:
            found.setdefault(name, []).append(fact)
    return dict(sorted(found.items()))


def source_of(sources: Sources, source: str, name: str) -> str:
    """From whom a fact is that the ledger holds."""
    return next((by for by, facts in sources.items() if name in facts), source)


def held(found: Person, kinds: Collection[int]) -> set[str]:
    """What is known of a person; ``kinds``: those of which there are periods."""
    had = {
        name
        for name in LABELS
        if hasattr(found, name)
        and name not in _ELSEWHERE
        and getattr(found, name) not in (None, "")
    }
    if found.household_id is not None:
        had.add("household")
    if found.unit.level in HOMES:
        had.add("unit")
    had.update(name for name in found.known_none if name in LABELS)
    had.update(OF_KIND[PeriodKind(kind)] for kind in kinds)
    return had
