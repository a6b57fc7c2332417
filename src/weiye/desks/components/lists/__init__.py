"""List pages: one mechanism for filter, sort, columns, pages, selection and export.

A desk declares a `ListSpec` (columns, filters, orders) and gives `ListPage` a queryset and the
request's parameters. A page costs two queries (count and 50 rows) plus the queryset's prefetches,
and one for the columns that the account chose. `exports` makes files of lists.
"""

from .columns import Column
from .filters import Area, Choice, Choices, Concealing, Filter, Flag, OnDay, Range, Search, Text
from .page import ListPage, ListSpec

__all__ = [
    "Area",
    "Choice",
    "Choices",
    "Column",
    "Concealing",
    "Filter",
    "Flag",
    "ListPage",
    "ListSpec",
    "OnDay",
    "Range",
    "Search",
    "Text",
]
