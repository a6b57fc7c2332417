"""Rules for the machine, and their answers about block after block."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from ..facts import Facts
from ..model import Rule
from . import kernel
from .arrow import Borrowed, Room, Rooms, lent
from .lowering import Lowering, Unfit, Value


class Machine:
    """Those of ``rules`` (in force on ``as_of``, of one book, checked) that the machine knows,
    for blocks with these columns. ``names``: which; ``paying``: those with an amount."""

    def __init__(
        self, rules: Sequence[Rule], schema: Facts, columns: pl.Schema, *, as_of: date, region: str
    ) -> None:
        self.names: list[str] = []
        self.paying: list[str] = []
        if not rules:
            return
        lowering = Lowering(rules[0].book, schema, columns, as_of=as_of, region=region)
        code = lowering.code
        self._verdicts: list[tuple[int, int]] = []
        self._amounts: list[tuple[int, int, int | None]] = []
        for rule in rules:
            try:
                truth = lowering.rule(rule)
                amount = None if rule.amount is None else lowering.amount(rule.amount)
                fixed = None if amount is None else _constant(amount)
                number = -1
                if amount is not None and fixed is None:
                    number = lowering.number(amount)
            except Unfit:
                continue  # what was written down for it nobody asks
            self.names.append(rule.id)
            self._verdicts.append(
                (code.give_bits(code.either(truth.yes, truth.no)), code.give_bits(truth.yes))
            )
            if amount is not None:
                paid = code.give_bits(code.both(truth.yes, amount.there))
                given = code.give_ints(number) if fixed is None else -1
                self.paying.append(rule.id)
                self._amounts.append((paid, given, fixed))
        steps, bits, ints = code.finished()
        read = {int(line[2]) for line in steps if line[0] in kernel.OF_COLUMNS}
        self._sources = [(number, lowering.sources[number]) for number in sorted(read)]
        self._program = np.ascontiguousarray(steps[:, : kernel.WIDTH])
        self._constants = np.ascontiguousarray(steps[:, kernel.WIDTH :])
        self._tables = np.concatenate([*code.tables, np.zeros(1, dtype=np.int64)])
        self._bits = np.zeros((max(bits, 1), kernel.CHUNK // 64), dtype=np.uint64)
        self._ints = Room([], max(ints, 1), kernel.CHUNK).rows
        self._flags = np.zeros(kernel.CHUNK, dtype=np.uint8)
        self._outs = code.bits_out, code.ints_out
        self._rooms = Rooms(), Rooms()
        self._same: dict[int, npt.NDArray[np.int64]] = {}

    def answers(self, block: pl.DataFrame) -> tuple[list[pl.Series], list[pl.Series]] | None:
        """Verdicts and amounts as in `Swept`; None if a value is beyond the machine."""
        height = block.height
        rooms = (
            self._rooms[0].room(self._outs[0], (height + 63) // 64),
            self._rooms[1].room(self._outs[1], height),
        )
        bits, ints = rooms[0].rows.view(np.uint64), rooms[1].rows
        if not self._run(block, bits, ints):
            return None
        verdicts = [
            lent(name, pl.Boolean(), height, bits[known], bits[yes], rooms)
            for name, (known, yes) in zip(self.names, self._verdicts, strict=True)
        ]
        amounts = [
            lent(
                name,
                pl.Int64(),
                height,
                bits[paid],
                ints[given] if fixed is None else self._constant(fixed, height),
                rooms,
            )
            for name, (paid, given, fixed) in zip(self.paying, self._amounts, strict=True)
        ]
        return verdicts, amounts

    def _run(
        self, block: pl.DataFrame, bits: npt.NDArray[np.uint64], ints: npt.NDArray[np.int64]
    ) -> bool:
        height = block.height
        columns = np.zeros((1 + max((n for n, _ in self._sources), default=0), 3), dtype=np.int64)
        filled = np.full(height // 8 + 1, 0xFF, dtype=np.uint8)  # where nothing is null
        held: dict[str, Borrowed] = {}
        try:
            for number, source in self._sources:
                if source.name not in held:
                    held[source.name] = Borrowed(block[source.name])
                found = held[source.name]
                if not source.validity:
                    columns[number] = found.values, found.offset, source.kind
                elif found.validity:
                    columns[number] = found.validity, found.offset, 0
                else:
                    columns[number] = filled.ctypes.data, 0, 0
            return bool(
                kernel.run(
                    self._program,
                    self._constants,
                    columns,
                    height,
                    self._bits,
                    self._ints,
                    self._flags,
                    bits,
                    ints.ctypes.data + np.arange(len(ints)) * ints.strides[0],
                    self._tables,
                )
            )
        finally:
            for found in held.values():
                found.give_back()

    def _constant(self, fen: int, height: int) -> npt.NDArray[np.int64]:
        """The same amount for everybody: one piece of memory for all blocks."""
        if fen not in self._same or len(self._same[fen]) < height:
            self._same[fen] = np.full(height, fen, dtype=np.int64)
        return self._same[fen]


def _constant(amount: Value) -> int | None:
    if amount.cases is not None and len(amount.cases) == 1:
        return int(amount.cases[0][1])
    return None
