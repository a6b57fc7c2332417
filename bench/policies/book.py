"""policies.yaml as rules of the engine."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from weiye.engine.rules import Clause, Delay, Kind, Parameter, Period, Rule, Rulebook, Term, parse

DAY, REGION = date(2025, 6, 30), "370000000000"
_START = date(2000, 1, 1)
_KINDS = {"number": Kind.INT, "yuan": Kind.MONEY, "retirement-schedule": None}


def thirty() -> list[Rule]:
    read = yaml.safe_load(Path(__file__).with_name("policies.yaml").read_text(encoding="utf-8"))
    book = Rulebook()
    for name, entry in read["parameters"].items():
        kind = _KINDS[entry["kind"]]
        periods = tuple(
            Period(
                each.get("valid_from", _START),
                each.get("valid_to"),
                each.get("region", ""),
                _value(kind, each["value"]),
                "bench",
            )
            for each in entry["values"]
        )
        book.parameters[name] = Parameter(name, name, kind, entry.get("by_sex", False), periods)
    for name, text in read["terms"].items():
        book.terms[name] = Term(name, name, "bench", parse(text))
    return [
        Rule(
            id=name,
            kind="policy",
            subject="person",
            name=name,
            source="bench",
            clauses=tuple(
                Clause(f"c{number}", text, "bench", parse(text))
                for number, text in enumerate(entry["when"])
            ),
            book=book,
            valid_from=_START,
            amount=parse(str(entry["amount"])),
        )
        for name, entry in read["rules"].items()
    ]


def _value(kind: Kind | None, value: Any) -> Any:
    if isinstance(value, dict):
        if kind is None:
            return {
                sex: {base: Delay(**delay) for base, delay in lines.items()}
                for sex, lines in value.items()
            }
        return {sex: _value(kind, one) for sex, one in value.items()}
    return Decimal(str(value)) if kind is Kind.MONEY else value
