"""From the text of one cell to one typed value.

A parser takes the raw cell and gives a value, ``None`` (unknown: nothing was written) or ``NEVER``
(known: there is none); it raises CellError with a sentence for the sender, and returns ``Noted``
where the value is good but something should be said. Parsers are pure, so their results are
remembered per distinct cell.
"""

from .amounts import ages, hours, least_education, minutes, one_of_numbers, wage, whole, yuan
from .days import day, days, past_day
from .numbers import Unread, document_kind, id_number, phone, uscc
from .plain import (
    boolean,
    categories,
    certificates,
    choice,
    disability_grade,
    line,
    listed,
    name,
    no_sex,
    paragraph,
)
from .results import NEVER, CellError, Known, Noted, Parser, Value

__all__ = [
    "NEVER",
    "CellError",
    "Known",
    "Noted",
    "Parser",
    "Unread",
    "Value",
    "ages",
    "boolean",
    "categories",
    "certificates",
    "choice",
    "day",
    "days",
    "disability_grade",
    "document_kind",
    "hours",
    "id_number",
    "least_education",
    "line",
    "listed",
    "minutes",
    "name",
    "no_sex",
    "one_of_numbers",
    "paragraph",
    "past_day",
    "phone",
    "uscc",
    "wage",
    "whole",
    "yuan",
]
