"""One line per step on standard error, with the seconds it took."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Step:
    label: str
    quiet: bool
    worked: bool = False

    def work(self, what: str) -> None:
        """Say that there is something to do, before it is done."""
        self.worked = True
        say(f"{self.label}: {what} …")


@dataclass
class Progress:
    """``total`` steps; with ``quiet``, only those that have work to do are heard of."""

    total: int
    quiet: bool = False
    number: int = field(default=0, init=False)

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        self.number += 1
        label = name if self.quiet else f"[{self.number}/{self.total}] {name}"
        step = Step(label, self.quiet)
        started = time.monotonic()
        yield step
        if step.worked or not self.quiet:
            say(f"{label}: ready ({time.monotonic() - started:.1f} s)")


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
