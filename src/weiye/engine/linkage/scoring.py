"""The compiled loops over patterns: what they weigh. Serial, lock released."""

from __future__ import annotations

import numpy as np

from weiye.engine.linkage.kernel import Bytes, Floats, Patterns, Singles, Whole
from weiye.engine.linkage.text import compiled


@compiled
def score(
    left: Whole, pattern: Patterns, share: Singles, logs: Floats, share_of: Whole,
    log_average: Floats, exact: Bytes, out: Singles,
) -> None:  # fmt: skip
    """Fills `out` (n, 3): ln P(pattern | one person, kin, partners) less ln P(pattern | strangers).

    `logs` is (4, 6, 16) by group, field and level; `share_of` gives the column of `share` that
    tells how frequent the value is (-1: none), `exact` 1 where the share itself is the chance."""
    for at in range(left.shape[0]):
        value = pattern[at]
        a = b = c = 0.0
        for field in range(6):
            level = (value >> np.uint32(4 * field)) & np.uint32(15)
            if level == 0:
                continue
            u = logs[3, field, level]
            column = share_of[field, level]
            if column >= 0:
                s = share[left[at], column]
                u = s if exact[field, level] == 1 else min(u + s - log_average[column], -0.01)
            a += logs[0, field, level] - u
            b += logs[1, field, level] - u
            c += logs[2, field, level] - u
        out[at, 0], out[at, 1], out[at, 2] = a, b, c


@compiled
def explain(
    left: Whole, pattern: Patterns, share: Singles, rival: Singles, logs: Floats, share_of: Whole,
    log_average: Floats, exact: Bytes, out: Singles,
) -> None:  # fmt: skip
    """Fills `out` (n, 6) with what each field says in bits, against the pair's own alternative:
    kin with weight `rival[:, 0]`, partners with `rival[:, 1]`, else strangers."""
    for at in range(left.shape[0]):
        value = pattern[at]
        for field in range(6):
            level = (value >> np.uint32(4 * field)) & np.uint32(15)
            out[at, field] = 0.0
            if level == 0:
                continue
            u = logs[3, field, level]
            column = share_of[field, level]
            if column >= 0:
                s = share[left[at], column]
                u = s if exact[field, level] == 1 else min(u + s - log_average[column], -0.01)
            kin, partners = rival[at, 0], rival[at, 1]
            against = kin * logs[1, field, level] + partners * logs[2, field, level]
            against += (1.0 - kin - partners) * u
            out[at, field] = (logs[0, field, level] - against) * 1.4426950408889634
