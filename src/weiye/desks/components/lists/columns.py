from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.html import conditional_escape
from django.utils.safestring import SafeString


@dataclass(frozen=True)
class Column:
    """One column: ``text`` gives the plain value (also exported), ``html`` how the page shows it.

    ``order`` are the ascending ``order_by`` terms; empty means that it cannot be sorted by.
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

    def cell(self, row: Any) -> SafeString:
        if self.html is not None:
            return self.html(row)
        value = self.text(row)
        return conditional_escape("" if value is None else str(value))

    @property
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
