"""What the rule says of one person, clause by clause: proposed by rule, never decided by it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from weiye.base.packs.certification import Category
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence
from weiye.engine.rules import SUBJECTS, evaluate
from weiye.registers.people.frames import facts_frame
from weiye.registers.people.models import Person
from weiye.registers.people.transfers.moving import community_of

from .terms import Terms, terms_of

WORDS = {"met": "符合", "unmet": "不符合", "unknown": "待核实"}

#: A clause as it is kept with a case: id, part_of, text, source, status, verdict, missing (labels).
Clause = dict[str, Any]


@dataclass(frozen=True)
class Judged:
    """``clauses``: the conditions that everybody must meet; ``parts``: by category."""

    terms: Terms
    on: date
    clauses: tuple[Clause, ...]
    parts: Mapping[str, Clause]

    @property
    def version(self) -> str:
        return self.terms.pack.version

    def categories(self) -> list[tuple[Category, Clause]]:
        """What the person may be certified as, the certain ones first."""
        known = self.terms.certification.categories
        found = [
            (known[name], clause)
            for name, clause in self.parts.items()
            if clause["verdict"] != "unmet" and name in known
        ]
        return sorted(found, key=lambda pair: pair[1]["verdict"] != "met")

    def of(self, category: str) -> tuple[Clause, ...]:
        """Every clause that a certification under one category rests on."""
        part = self.parts.get(category)
        return (*self.clauses, part) if part is not None else self.clauses

    def verdict(self, category: str) -> str:
        """met, unmet or unknown; a category that the rule does not ask about is unmet."""
        if category not in self.parts:
            return "unmet"
        said = {clause["verdict"] for clause in self.of(category)}
        return "unmet" if "unmet" in said else "unknown" if "unknown" in said else "met"

    def against(self, category: str) -> list[Clause]:
        return [clause for clause in self.of(category) if clause["verdict"] == "unmet"]


def judge(person: Person, on: date) -> Judged:
    """Ask the rule about one person with what is known on a day.

    As the office of the community: whoever asks has been let in by the action that calls this.
    """
    terms = terms_of(person.unit_path, on)
    setting = terms.certification
    rule = terms.pack.book.groups[setting.rule]
    home = community_of(person.unit_path)
    with fence(system(home)):
        facts = facts_frame(system(home), person.unit_path, on)
    rows = evaluate([rule], facts, as_of=on, region=terms.code).clauses()
    answers = {
        (row["part_of"], row["clause"]): row
        for row in rows.iter_rows(named=True)
        if row["id"] == person.pk
    }

    def said(clause: Any, part_of: str | None = None) -> Clause:
        row = answers.get((part_of, clause.id))
        return {
            "id": clause.id,
            "part_of": part_of or "",
            "text": clause.text,
            "source": clause.source,
            "status": clause.status,
            "verdict": row["verdict"] if row else "unknown",
            "missing": [label(terms, name) for name in (row["facts_missing"] or [])] if row else [],
        }

    plain, parts = [], {}
    for clause in rule.clauses:
        if not clause.in_force(on):
            continue
        if clause.id != setting.clause:
            plain.append(said(clause))
            continue
        parts = {p.id: said(p, clause.id) for p in clause.parts if p.in_force(on)}
    return Judged(terms, on, tuple(plain), parts)


def label(terms: Terms, fact: str) -> str:
    """A fact that is missing, in words."""
    head, _, rest = fact.partition(".")
    if head == "param":
        return terms.pack.parameters[rest].text
    known = SUBJECTS["person"].by_name.get(head)
    return known.label if known else head
