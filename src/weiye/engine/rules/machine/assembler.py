"""Steps of the machine, each said but once: what is asked twice has one register."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from . import kernel as k

NOBODY: Final = -1  # the mask of no row, and of every row: no register needed
EVERYBODY: Final = -2
LOWEST, HIGHEST = -(2**63), 2**63 - 1


# Where a step names the registers it reads: bits, whole numbers. Its target is in place 1.
_READS: Final[dict[int, tuple[tuple[int, ...], tuple[int, ...]]]] = {
    **dict.fromkeys((k.AND, k.OR, k.BUT), ((2, 3), ())),
    **dict.fromkeys((k.NOT, k.BITS_OUT), ((2,), ())),
    **dict.fromkeys((k.BETWEEN, k.SHARE, k.INTS_OUT), ((), (2,))),
    **dict.fromkeys((k.LESS, k.SAME, k.ADD, k.SUB, k.MUL, k.LEAST, k.MOST), ((), (2, 3))),
    k.PUT: ((2,), (3,)),
    k.EITHER: ((2,), ()),
    k.PICK: ((2,), (3, 4)),
    k.LOOK: ((4,), (2,)),
}
_TO_BITS: Final = {
    *(k.BITS, k.ONES, k.AND, k.OR, k.BUT, k.NOT),
    *(k.TEST, k.VIEW, k.BETWEEN, k.LESS, k.SAME),
}
_OUT: Final = {k.BITS_OUT, k.INTS_OUT}


@dataclass
class Assembler:
    """Collects steps. Masks are numbers of bit registers, or `NOBODY` or `EVERYBODY`."""

    steps: list[tuple[int, ...]] = field(default_factory=list)
    known: dict[tuple[object, ...], int] = field(default_factory=dict)
    tables: list[npt.NDArray[np.int64]] = field(default_factory=list)
    bits: int = 0
    ints: int = 0
    bits_out: int = 0
    ints_out: int = 0

    # Masks -----------------------------------------------------------------------------------

    def both(self, a: int, b: int) -> int:
        if a == b or b == EVERYBODY:
            return a
        if a == EVERYBODY:
            return b
        if NOBODY in (a, b):
            return NOBODY
        return self._bit(k.AND, min(a, b), max(a, b))

    def either(self, a: int, b: int) -> int:
        if a == b or b == NOBODY:
            return a
        if a == NOBODY:
            return b
        if EVERYBODY in (a, b):
            return EVERYBODY
        return self._bit(k.OR, min(a, b), max(a, b))

    def but(self, a: int, b: int) -> int:
        """a and not b."""
        if b == NOBODY:
            return a
        if a in (b, NOBODY) or b == EVERYBODY:
            return NOBODY
        if a == EVERYBODY:
            return self._bit(k.NOT, b, 0)
        return self._bit(k.BUT, a, b)

    def column_bits(self, column: int) -> int:
        return self._bit(k.BITS, column, 0)

    def test(self, column: int, low: int, high: int, span: tuple[int, int]) -> int:
        """Where a column's value lies between two; ``span``: what its type can hold."""
        low, high = max(low, span[0]), min(high, span[1])
        if low > high:
            return NOBODY
        if (low, high) == span:
            return EVERYBODY
        return self._bit(k.TEST, column, 0, low, high)

    def view(self, column: int, word: bytes, *, whole: bool) -> int:
        """Where a text of a column is ``word``, or begins with it (at most 12 bytes)."""
        size = len(word)
        like = (size if whole else 0).to_bytes(4, "little") + word.ljust(12, b"\0")
        mask = (b"\xff" if whole else b"\0") * 4
        mask += (b"\xff" * (12 if whole else size)).ljust(12, b"\0")
        parts = [
            int.from_bytes(part, "little", signed=True)
            for part in (mask[:8], like[:8], mask[8:], like[8:])
        ]
        # Longer texts lie elsewhere: they begin with a short word only where it is looked at.
        return self._bit(k.VIEW, column, parts[0], parts[1], int(not whole), parts[2], parts[3])

    def between(self, register: int, low: int, high: int) -> int:
        return NOBODY if low > high else self._bit(k.BETWEEN, register, 0, low, high)

    def compared(self, what: int, a: int, b: int) -> int:
        return self._bit(what, a, b)

    def register(self, mask: int) -> int:
        """A bit register for it, whatever it is."""
        if mask >= 0:
            return mask
        everybody = self._bit(k.ONES, 0, 0)
        return everybody if mask == EVERYBODY else self._bit(k.NOT, everybody, 0)

    # Whole numbers ---------------------------------------------------------------------------

    def load(self, column: int, times: int = 1) -> int:
        return self._int(k.LOAD, column, 0, times)

    def fill(self, value: int) -> int:
        return self._int(k.FILL, 0, 0, value)

    def either_number(self, mask: int, value: int, other: int) -> int:
        """One number where the mask holds, another elsewhere."""
        if mask == NOBODY or value == other:
            return self.fill(other)
        return self.fill(value) if mask == EVERYBODY else self._int(k.EITHER, mask, 0, value, other)

    def put(self, mask: int, value: int, other: int) -> int:
        if mask == NOBODY:
            return other
        if mask == EVERYBODY:
            return self.fill(value)
        return self._int(k.PUT, mask, other, value)

    def pick(self, mask: int, one: int, other: int) -> int:
        if mask == EVERYBODY or one == other:
            return one
        if mask == NOBODY:
            return other
        return self._int(k.PICK, mask, one, 0, 0, other)

    def number(self, what: int, a: int, b: int) -> int:
        return self._int(what, a, b)

    def share(self, register: int, over: int, under: int) -> int:
        return self._int(k.SHARE, register, 0, 2 * over, under)

    def look(
        self,
        register: int,
        name: object,
        values: npt.NDArray[np.int64],
        first: int,
        where: int,
    ) -> int:
        """The value for the key in a register, keys from ``first`` on; they count ``where``."""
        key = ("table", name)
        if key not in self.known:
            self.known[key] = sum(len(table) for table in self.tables)
            self.tables.append(values)
        at = self.known[key]
        return self._int(k.LOOK, register, at, first, len(values), self.register(where))

    # Answers ---------------------------------------------------------------------------------

    def give_bits(self, mask: int) -> int:
        register = self.register(mask)
        key: tuple[object, ...] = (k.BITS_OUT, register)
        if key not in self.known:
            self.known[key] = self.bits_out
            self.steps.append((k.BITS_OUT, self.bits_out, register, 0, 0, 0, 0, 0))
            self.bits_out += 1
        return self.known[key]

    def give_ints(self, register: int) -> int:
        key: tuple[object, ...] = (k.INTS_OUT, register)
        if key not in self.known:
            self.known[key] = self.ints_out
            self.steps.append((k.INTS_OUT, self.ints_out, register, 0, 0, 0, 0, 0))
            self.ints_out += 1
        return self.known[key]

    def finished(self) -> tuple[npt.NDArray[np.int64], int, int]:
        """The steps as a table, and how many bit and whole registers they need: one that is read
        for the last time is free for what comes next, so that all of them stay in the cache. What
        nobody asks is left out."""
        steps: list[tuple[int, ...]] = []
        asked: set[tuple[int, int]] = set()
        for step in reversed(self.steps):
            if step[0] in _OUT or _target(step) in asked:
                steps.append(step)
                asked.update(_read(step).values())
        steps.reverse()
        last = {one: number for number, step in enumerate(steps) for one in _read(step).values()}
        now: dict[tuple[int, int], int] = {}
        free: tuple[list[int], list[int]] = ([], [])
        used = [0, 0]
        lines: list[list[int]] = []
        for number, step in enumerate(steps):
            line, read = list(step), _read(step)
            for place, one in read.items():
                line[place] = now[one]
            if step[0] not in _OUT:
                sort, _ = target = _target(step)
                if not free[sort]:
                    free[sort].append(used[sort])
                    used[sort] += 1
                now[target] = line[1] = free[sort].pop()
            for one in set(read.values()):
                if last[one] == number:
                    free[one[0]].append(now[one])
            lines.append(line)
        return np.array(lines, dtype=np.int64).reshape(-1, k.WIDTH + 2), used[0], used[1]

    def _bit(
        self, what: int, a: int, b: int, low: int = 0, high: int = 0, c: int = 0, d: int = 0
    ) -> int:
        key = (what, a, b, low, high, c, d)
        if key not in self.known:
            self.known[key] = self.bits
            self.steps.append((what, self.bits, a, b, c, d, low, high))
            self.bits += 1
        return self.known[key]

    def _int(self, what: int, a: int, b: int, low: int = 0, high: int = 0, c: int = 0) -> int:
        key = (what, a, b, low, high, c, 0)
        if key not in self.known:
            self.known[key] = self.ints
            self.steps.append((what, self.ints, a, b, c, 0, low, high))
            self.ints += 1
        return self.known[key]


def _target(step: tuple[int, ...]) -> tuple[int, int]:
    """The sort of register, bits 0 or whole numbers 1, and its number."""
    return (0 if step[0] in _TO_BITS else 1), step[1]


def _read(step: tuple[int, ...]) -> dict[int, tuple[int, int]]:
    """Place in the step → register that is read."""
    sorts = _READS.get(step[0], ((), ()))
    return {place: (sort, step[place]) for sort, places in enumerate(sorts) for place in places}
