from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Q
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString


@dataclass(frozen=True)
class Column:
    """One column: ``text`` gives the plain value (also exported), ``html`` how the page shows it.

    ``order`` are the ascending ``order_by`` terms; empty means that it cannot be sorted by.
    ``holds``, for a column that few rows have: which they are. Sorted by it they come first, and a
    page of them need not sort the others.
    ``tight`` keeps it on one line of a table; ``full`` gives it the whole width of a phone's card.
    """

    key: str
    label: str
    text: Callable[[Any], object]
    html: Callable[[Any], SafeString] | None = None
    order: tuple[Any, ...] = ()
    shown: bool = True
    right: bool = False
    tight: bool = False
    full: bool = False
    holds: Q | None = None

    def cell(self, row: Any) -> SafeString:
        if self.html is not None:
            return self.html(row)
        value = self.text(row)
        return conditional_escape("" if value is None else str(value))

    def td(self, row: Any) -> str:
        """The cell with its element; on a phone it shows the column's label."""
        opening, html = self._opening, self.cell(row)
        return f'{opening}">{html}</td>' if html else f'{opening} wy-none"></td>'

    @cached_property
    def _opening(self) -> str:
        return format_html('<td data-label="{}" class="{}', self.label, self.css)

    @cached_property
    def css(self) -> str:
        return " ".join(
            name
            for name, on in (
                ("wy-right", self.right),
                ("wy-tight", self.tight),
                ("wy-full", self.full),
            )
            if on
        )
