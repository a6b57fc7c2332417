"""One pair, term by term: what a person sees side by side before deciding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from weiye.engine.linkage.model import Model


@dataclass(frozen=True)
class Term:
    """What one field says. `weight`: bits (log2 odds), positive for the same person, 0.0 if either
    side is empty. `left`, `right`: the values as compared (ID numbers masked), '' if empty."""

    field: str  # name, id_number, birth_date, sex, phone, place
    title: str  # 姓名, 身份证号, 出生日期, 性别, 电话, 住址
    left: str
    right: str
    says: str  # 姓名同音, 电话相同(2人共用), 未填
    weight: float


@dataclass(frozen=True)
class Comparison:
    """`probability` that both are one person; `evidence` as in the column of `link`'s result."""

    probability: float
    terms: tuple[Term, ...]
    evidence: str
    notes: tuple[str, ...]  # rules that decided or warn, e.g. 同一身份证号,姓名和出生日期都不同


def compare(
    one: Mapping[str, object], other: Mapping[str, object], *, model: Model | None = None
) -> Comparison:
    """Compares two records (keys of `RECORDS`, all optional; birth_date a date or text).

    Without tables around them, names, phones and addresses count as ordinarily frequent ones.
    """
    raise NotImplementedError
