"""A chart and the table behind it: one thing, so that neither is without the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Chart:
    """Figures that say more as a shape. At most three series: lines differ by dash as well.

    ``heads``: what the first column holds, then the name of each series; ``rows``: a label and one
    figure per series (None: not known). ``target`` draws a line across. ``defined`` says how the
    figures are counted, ``note`` what the shape shows, in one sentence.
    """

    title: str
    heads: Sequence[str]
    rows: Sequence[tuple[str | float | None, ...]]
    kind: Literal["bar", "line"] = "bar"
    target: float | None = None
    note: str = ""
    defined: str = ""

    def __post_init__(self) -> None:
        if not 2 <= len(self.heads) <= 4:
            raise ValueError("a chart has one to three series")
        if any(len(row) != len(self.heads) for row in self.rows):
            raise ValueError("a row has a label and one figure per series")
