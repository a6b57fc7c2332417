"""Periods on a line: lanes of spans over the years, drawn to scale (`includes/spans.html`).

A list of the same periods belongs beside it: the drawing is for the eye alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

LANE = 52
BAR = 28
AXIS = 22
MOST_TICKS = 6
# What is long ago would squeeze the last years together; it runs off the left end, and stands in
# the list. A day that is pointed at is always within.
MOST_YEARS = 10
# A bar tells its word where it is wide enough for it on a phone: percent of the line.
CHARACTER, MARGIN = 4.6, 4.0


@dataclass(frozen=True)
class Span:
    """From ``start`` until before ``end`` (None: still). ``tone``: blue green amber red or ''.

    ``sure`` is False where the start is only the first day that is known of.
    """

    label: str
    start: date
    end: date | None
    tone: str = ""
    sure: bool = True

    @property
    def words(self) -> str:
        since = f"{self.start:%Y-%m-%d}{'' if self.sure else '以前'}"
        return f"{self.label}：{since}至{f'{self.end:%Y-%m-%d}' if self.end else '今'}"


@dataclass(frozen=True)
class Lane:
    label: str
    spans: Sequence[Span]


@dataclass(frozen=True)
class Drawn:
    """A bar: ``x`` and ``width`` in percent of the line, ``y`` in pixels."""

    label: str
    words: str
    css: str
    x: str
    width: str
    y: int


@dataclass(frozen=True)
class SpanLine:
    """``upto`` is the right end, usually today; ``marked`` a day to point at."""

    title: str
    lanes: Sequence[Lane]
    upto: date
    marked: date | None = None

    @cached_property
    def first(self) -> date:
        """The left end: the first of the year in which the earliest span begins."""
        days = [span.start for lane in self.lanes for span in lane.spans]
        year = max(min([*days, self.upto]).year, self.upto.year - MOST_YEARS)
        return date(min(year, (self.marked or self.upto).year), 1, 1)

    @property
    def cut(self) -> bool:
        """Whether something began before the left end."""
        return any(span.start < self.first for lane in self.lanes for span in lane.spans)

    @property
    def height(self) -> int:
        return len(self.lanes) * LANE + AXIS

    @property
    def foot(self) -> int:
        """Where the axis lies."""
        return len(self.lanes) * LANE

    @property
    def label_y(self) -> int:
        return self.height - 5

    def _at(self, day: date) -> float:
        whole = max(1, (self.upto - self.first).days + 1)
        return min(100.0, max(0.0, (day - self.first).days / whole * 100))

    def bars(self) -> Iterator[tuple[str, int, list[Drawn]]]:
        """Each lane's label, the line on which it is written, and its bars."""
        for number, lane in enumerate(self.lanes):
            top = number * LANE
            drawn = []
            for span in lane.spans:
                if span.end is not None and span.end <= self.first:
                    continue
                left = self._at(span.start)
                right = 100.0 if span.end is None else self._at(span.end)
                fits = right - left >= CHARACTER * len(span.label) + MARGIN
                css = " ".join(
                    name
                    for name, on in (
                        (f"wy-span-{span.tone}", span.tone),
                        ("wy-span-unsure", not span.sure),
                    )
                    if on
                )
                drawn.append(
                    Drawn(
                        span.label if fits else "",
                        span.words,
                        css,
                        f"{left:.2f}%",
                        # A day among ten years is still seen.
                        f"{max(right - left, 0.6):.2f}%",
                        top + LANE - BAR - 4,
                    )
                )
            yield lane.label, top + LANE - BAR - 9, drawn

    def ticks(self) -> list[tuple[str, str]]:
        """Where years begin: the place in percent, and the year."""
        years = range(self.first.year, self.upto.year + 1)
        step = next(s for s in (1, 2, 5, 10) if len(years) / s <= MOST_TICKS or s == 10)
        return [
            (f"{self._at(date(year, 1, 1)):.2f}%", str(year))
            for year in years
            # No label runs off the right end.
            if year % step == 0 and self._at(date(year, 1, 1)) <= 90
        ]

    @property
    def mark(self) -> str:
        return "" if self.marked is None else f"{self._at(self.marked):.2f}%"
