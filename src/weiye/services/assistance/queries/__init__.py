"""Reading assistance: the desk's pages, each in a fixed number of SQL queries.

Every function starts from the actor's area. ``as_of`` is the day the page speaks about.
"""

from .deeds import Deed, deeds_of
from .household import HouseholdPage, household_page
from .ledger import (
    dressed,
    in_group,
    in_groups,
    joined_group,
    ledger,
    left_group,
    newly_entitled,
    newly_opened,
    of_worker,
    registered,
    residents,
    to_close,
    with_closed_file,
    with_file,
    worker_names,
)
from .own import OwnHelp, own_help
from .person import Lists, PersonPage, PrintSheet, person_page, print_sheet, workers
from .progress import quota_progress, quota_progress_of
from .summary import UnitSummary, summary_by_unit, totals
from .today import FileLine, GroupChange, Today, today

__all__ = [
    "Deed",
    "FileLine",
    "GroupChange",
    "HouseholdPage",
    "Lists",
    "OwnHelp",
    "PersonPage",
    "PrintSheet",
    "Today",
    "UnitSummary",
    "deeds_of",
    "dressed",
    "household_page",
    "in_group",
    "in_groups",
    "joined_group",
    "ledger",
    "left_group",
    "newly_entitled",
    "newly_opened",
    "of_worker",
    "own_help",
    "person_page",
    "print_sheet",
    "quota_progress",
    "quota_progress_of",
    "registered",
    "residents",
    "summary_by_unit",
    "to_close",
    "today",
    "totals",
    "with_closed_file",
    "with_file",
    "worker_names",
    "workers",
]
