"""Linking records to people, and people to each other, though names, numbers and dates err.

    pairs = link(roster, ledger)            # a roster's rows to the people of a ledger
    pairs = dedupe(people)                  # a table against itself
    view = compare(row, person)             # one pair, term by term, for a person to decide
    model = learn(left, right)              # weights from the data itself, no truth needed

A table has `RECORDS`: id, name, id_number, birth_date, sex, phone, address, unit; all but id may be
empty or wrong. How it decides is told in docs/linkage.md.
"""

from weiye.engine.linkage.comparing import Comparison, Term, compare
from weiye.engine.linkage.linking import Settings, dedupe, learn, link, warm
from weiye.engine.linkage.model import Model
from weiye.engine.linkage.schema import DECIDED, LINKS, RECORDS

__all__ = [
    "DECIDED",
    "LINKS",
    "RECORDS",
    "Comparison",
    "Model",
    "Settings",
    "Term",
    "compare",
    "dedupe",
    "learn",
    "link",
    "warm",
]
