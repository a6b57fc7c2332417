"""The learned weights, and keeping them in a file."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Final

import numpy as np

from weiye.engine.linkage import kernel as k
from weiye.engine.linkage import prepare as p
from weiye.engine.linkage.kernel import Bytes, Floats, Whole

FORMAT: Final = "weiye linkage weights 1"
GROUPS: Final = ("same", "kin", "partners", "strangers")
# Levels whose frequency in the data tells how much they say, and the share that holds it.
SHARES: Final = {
    (k.NAME, k.EQUAL): p.S_NAME,
    (k.NAME, k.TONE): p.S_SOUND,
    (k.NAME, k.SOUND): p.S_SOUND,
    (k.NAME, k.SWAPPED): p.S_SOUND,
    (k.NAME, k.LOOKS): p.S_SURNAME,
    (k.NAME, k.LACKING): p.S_SURNAME,
    (k.NAME, k.ONE_CHAR): p.S_SURNAME,
    (k.NAME, k.SURNAME): p.S_SURNAME,
    (k.BIRTH, k.B_EQUAL): p.S_BIRTH,
    (k.PHONE, k.P_EQUAL): p.S_PHONE,
    (k.PLACE, k.HOME): p.S_HOME,
    (k.PLACE, k.BUILDING): p.S_BUILDING,
    (k.PLACE, k.BASE): p.S_BASE,
    (k.PLACE, k.UNIT): p.S_UNIT,
}
# The level that means agreement, per field; there the chance is the share itself.
AGREEING: Final = {
    k.NAME: k.EQUAL,
    k.BIRTH: k.B_EQUAL,
    k.PHONE: k.P_EQUAL,
    k.PLACE: k.HOME,
    k.NUMBER: k.ID_EQUAL,
    k.SEX: k.SEX_EQUAL,
}
NUMBER_CHANCE: Final = 1e-9  # that two strangers bear one valid number
FLOOR: Final = 1e-7


@dataclass(frozen=True)
class Model:
    """Trained weights; knows no person and no value, so it may be passed on.

    `levels`: per group and field (`kernel.FIELDS`) the probabilities of the field's levels, given
    that both sides are filled. Groups: pairs of one person (`same`); of two members of a household
    who share the surname (`kin`: brothers, twins, a father and his child) or not (`partners`); of
    two people drawn at random (`strangers`). `about`: how it was learned, for people.
    """

    levels: Mapping[str, Mapping[str, tuple[float, ...]]]
    about: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def default(cls) -> Model:
        """The shipped one, learned from synthetic data (weights.json says how)."""
        return _shipped()

    @classmethod
    def from_json(cls, text: str) -> Model:
        """Raises `ValueError` with one sentence if it is no such model."""
        try:
            data = json.loads(text)
        except json.JSONDecodeError as error:
            raise ValueError(f"权重文件不是 JSON:{error}") from error
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            raise ValueError("权重文件的格式不对")
        tables: dict[str, dict[str, tuple[float, ...]]] = {}
        for group in GROUPS:
            tables[group] = {}
            for name, count in zip(k.FIELDS, k.COUNT, strict=True):
                values = data.get(group, {}).get(name)
                if (
                    not isinstance(values, list)
                    or len(values) != count
                    or not all(isinstance(v, int | float) and 0 < v <= 1 for v in values)
                    or abs(sum(values) - 1) > 1e-3
                ):
                    raise ValueError(f"权重文件的 {group}.{name} 应是 {count} 个概率,合计为 1")
                tables[group][name] = tuple(float(v) for v in values)
        return cls(tables, dict(data.get("about", {})))

    def to_json(self) -> str:
        """The same text for the same model."""
        data = {
            "format": FORMAT,
            "about": dict(self.about),
            **{g: {name: list(self.levels[g][name]) for name in k.FIELDS} for g in GROUPS},
        }
        return json.dumps(data, ensure_ascii=False, indent=1) + "\n"


@cache
def _shipped() -> Model:
    text = files(__package__).joinpath("weights.json").read_text(encoding="utf-8")
    return Model.from_json(text)


@dataclass(frozen=True)
class Tables:
    """A model as the kernel reads it: ln of probabilities, (4, 6, 16) by group, field, level."""

    logs: Floats
    share_of: Whole
    log_average: Floats
    exact: Bytes


def tables(model: Model, average: Mapping[str, float]) -> Tables:
    """`average`: chance that two records share a value, in the order of the shares."""
    logs = np.stack([_logs(model.levels[group]) for group in GROUPS])
    share_of = np.full((len(k.FIELDS), k.LEVELS), -1, np.int32)
    exact = np.zeros((len(k.FIELDS), k.LEVELS), np.uint8)
    for (row, level), column in SHARES.items():
        share_of[row, level] = column
        exact[row, level] = AGREEING[row] == level
    for row, level in AGREEING.items():
        # More agreement never speaks against: nobody agrees better than a person with himself.
        logs[1:, row, level] = np.minimum(logs[1:, row, level], logs[0, row, level])
    average_logs = np.array([math.log(max(value, 1e-12)) for value in average.values()])
    return Tables(logs, share_of, average_logs, exact)


def _logs(probabilities: Mapping[str, tuple[float, ...]]) -> Floats:
    out = np.zeros((len(k.FIELDS), k.LEVELS))
    for row, name in enumerate(k.FIELDS):
        for level, value in enumerate(probabilities[name], start=1):
            out[row, level] = math.log(max(value, 1e-15))
    return out


def probability(log_odds: float) -> float:
    """From natural log odds, without overflow: 0.0 at -inf, 1.0 at +inf."""
    if log_odds >= 0:
        return 1.0 / (1.0 + math.exp(-log_odds))
    odds = math.exp(log_odds)
    return odds / (1.0 + odds)


def log_odds(value: float) -> float:
    """The inverse: -inf at 0, +inf at 1. Raises `ValueError` outside."""
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"{value} is no probability")
    if value == 0.0:
        return -math.inf
    return math.inf if value == 1.0 else math.log(value) - math.log1p(-value)
