"""What stood in earlier rows, in two dozen bytes a row: memory hardly grows with the file."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

#: (sheet number, line, digest of what else the row says) of the row that was first.
Earlier = tuple[int, int, int]
_PAYLOAD = np.dtype([("sheet", np.uint16), ("line", np.uint32), ("other", np.uint64)])


def digest(text: str) -> int:
    """64 bits: of a million rows two fall together once in 40 million files."""
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest())


class Seen:
    """Where a text was first seen, block by block."""

    def __init__(self) -> None:
        self._keys: NDArray[np.uint64] = np.empty(0, np.uint64)
        self._rows: NDArray[np.void] = np.empty(0, _PAYLOAD)

    def look(
        self,
        texts: Sequence[str | None],
        sheet: int,
        lines: Sequence[int],
        others: Sequence[int] | None = None,
    ) -> dict[int, Earlier]:
        """Position → where its text stood before, in this block or an earlier one."""
        found: dict[int, Earlier] = {}
        fresh: dict[int, Earlier] = {}
        keys = [None if text is None else digest(text) for text in texts]
        asked = np.array([key or 0 for key in keys], np.uint64)
        places = np.searchsorted(self._keys, asked)
        known = np.zeros(len(asked), bool)
        if len(self._keys):
            inside = places < len(self._keys)
            known[inside] = self._keys[places[inside]] == asked[inside]
        for at, key in enumerate(keys):
            if key is None:
                continue
            if known[at]:
                row = self._rows[places[at]]
                found[at] = (int(row["sheet"]), int(row["line"]), int(row["other"]))
            elif key in fresh:
                found[at] = fresh[key]
            else:
                fresh[key] = (sheet, lines[at], others[at] if others is not None else 0)
        if fresh:
            keys_ = np.fromiter(fresh, np.uint64, len(fresh))
            rows = np.array(list(fresh.values()), _PAYLOAD)
            keys_ = np.concatenate([self._keys, keys_])
            # Stable: two sorted runs are merged, not sorted anew.
            order = np.argsort(keys_, kind="stable")
            self._keys, self._rows = keys_[order], np.concatenate([self._rows, rows])[order]
        return found
