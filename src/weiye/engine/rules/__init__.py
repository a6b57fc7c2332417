"""Dated rules over facts: met, unmet or unknown, clause by clause.

`parse` reads an expression, `Rule` holds its clauses, `evaluate` asks rules about a frame of facts.
Knows no jurisdiction: the rules, figures and dates come from packs (`weiye.base.packs`).
"""

from .calendar import Delay, Schedule, retirement_date
from .compile import Compiler
from .errors import FactsError, RuleError
from .evaluate import evaluate, sweep
from .facts import FIRM_FACTS, PERSON_FACTS, SUBJECTS, Facts, Kind, facts_frame
from .language import Node, parse
from .model import CONFIRMED, TO_CONFIRM, Clause, Parameter, Period, Rule, Rulebook, Term
from .program import MET, UNKNOWN, UNMET, Swept
from .verdicts import VERDICTS, Verdicts

__all__ = [
    "CONFIRMED",
    "FIRM_FACTS",
    "MET",
    "PERSON_FACTS",
    "SUBJECTS",
    "TO_CONFIRM",
    "UNKNOWN",
    "UNMET",
    "VERDICTS",
    "Clause",
    "Compiler",
    "Delay",
    "Facts",
    "FactsError",
    "Kind",
    "Node",
    "Parameter",
    "Period",
    "Rule",
    "RuleError",
    "Rulebook",
    "Schedule",
    "Swept",
    "Term",
    "Verdicts",
    "evaluate",
    "facts_frame",
    "parse",
    "retirement_date",
    "sweep",
]
