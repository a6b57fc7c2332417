"""List pages: one mechanism for filter, sort, columns, pages, selection and export.

A desk declares a `ListSpec` (columns, filters, orders) and gives `ListPage` a queryset and the
request's parameters. A page costs two queries (count and 50 rows) plus the queryset's prefetches,
and one for the columns that the account chose. `exports` makes files of lists.
"""

from .columns import Column
from .filters import Choice, Concealing, Filter, Flag, Range, Search
from .page import ListPage, ListSpec

__all__ = [
    "Choice",
    "Column",
    "Concealing",
    "Filter",
    "Flag",
    "ListPage",
    "ListSpec",
    "Range",
    "Search",
]
