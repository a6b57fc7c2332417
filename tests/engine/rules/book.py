"""A small rulebook that belongs to no jurisdiction."""

from datetime import date
from typing import Any

from weiye.engine.rules import (
    Clause,
    Delay,
    Kind,
    Parameter,
    Period,
    Rule,
    Rulebook,
    Term,
    Verdicts,
    evaluate,
    facts_frame,
    parse,
)

REGION = "371000000000"
DAY = date(2025, 6, 30)
START = date(2000, 1, 1)
ELDER = {"女": 40, "男": 50}
SCHEDULE = {
    "男": {60: Delay(4, 36, 2025, 36)},
    "女": {55: Delay(4, 36, 2025, 36), 50: Delay(2, 60, 2025, 36)},
}


def period(value: Any, start: date = START, end: date | None = None, region: str = "") -> Period:
    return Period(start, end, region, value, "test")


def parameter(name: str, kind: Kind | None, *periods: Period, by_sex: bool = False) -> Parameter:
    return Parameter(name, name, kind, by_sex, periods)


def a_book() -> Rulebook:
    book = Rulebook()
    for each in (
        parameter("elder_age", Kind.INT, period(ELDER), by_sex=True),
        parameter("retirement_schedule", None, period(SCHEDULE)),
        parameter("unset", Kind.MONEY),
    ):
        book.parameters[each.id] = each
    book.terms["adult"] = Term("adult", "成年", "test", parse("age(birth_date) >= 16"))
    return book


def clause(text: str, name: str = "c", **more: Any) -> Clause:
    return Clause(name, f"句子 {name}", "test", parse(text), **more)


def rule(book: Rulebook, *clauses: Clause | str, name: str = "r", **more: Any) -> Rule:
    asked = tuple(
        clause(each, f"c{number}") if isinstance(each, str) else each
        for number, each in enumerate(clauses)
    )
    settings: dict[str, Any] = {"subject": "person", "valid_from": START} | more
    return Rule(
        id=name, kind="group", name=name, source="test", clauses=asked, book=book, **settings
    )


def ask(rules: Rule | list[Rule], *people: dict[str, Any], as_of: date = DAY) -> Verdicts:
    asked = [rules] if isinstance(rules, Rule) else rules
    subject = asked[0].subject
    named = [{"id": number, **person} for number, person in enumerate(people)]
    return evaluate(asked, facts_frame(named, subject=subject), as_of=as_of, region=REGION)


def verdict(text: str, *people: dict[str, Any], book: Rulebook | None = None, **more: Any) -> list:
    """The verdicts of one expression about each person, as True, False, None."""
    subject = more.pop("subject", "person")
    asked = rule(book or a_book(), text, subject=subject)
    return ask(asked, *people, **more).wide()["r"].to_list()
