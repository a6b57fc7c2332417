"""What each term of the score is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

LARGEST = 1_000_000_000


@dataclass(frozen=True)
class Weights:
    """Weights of the score's terms, int millionths (1 000 000 = 1 point), none negative.

    The score of a pair is the sum of these terms, each an integer by itself:

    - *occupation*: for the best of the wanted codes, `occupation_exact` if the vacancy's
      occupation is the wanted one or lies in the wanted class, else `occupation_small`,
      `occupation_middle` or `occupation_major` for the smallest class of the 职业分类大典 that
      both lie in (小类, 中类, 大类), else nothing.
    - *skills*: `skill_each` for every skill that the vacancy names and the person has, at most
      `skill_max`.
    - *near*: `near_zero` less `near_per_minute` for every minute on foot (not rounded), at least
      0, rounded half up; a remote vacancy has `remote` instead, a pair without a known distance
      nothing.
    - *fresh*: `fresh_max` less `fresh_per_day` for every day since posting, at least 0.
    - *wage*: `wage_over_each_percent` for every full percent that the pay lies above the
      person's wish, at most `wage_over_max`. The pay is `wage_min`, which is sure, and only
      without it `wage_max`; without a wish the term is 0.

    Sex, groups and labels are in no term. The defaults sum to less than one point.
    """

    occupation_exact: int = 400_000
    occupation_small: int = 300_000
    occupation_middle: int = 180_000
    occupation_major: int = 60_000
    skill_each: int = 40_000
    skill_max: int = 160_000
    near_zero: int = 300_000
    near_per_minute: int = 8_000
    remote: int = 150_000
    fresh_max: int = 50_000
    fresh_per_day: int = 1_500
    wage_over_each_percent: int = 1_000
    wage_over_max: int = 40_000

    def __post_init__(self) -> None:
        problems = []
        for name, value in self.as_dict().items():
            if isinstance(value, bool) or not isinstance(value, int):
                problems.append(f"{name}: {value!r} is not a whole number of millionths")
            elif not 0 <= value <= LARGEST:
                problems.append(f"{name}: {value} is not between 0 and {LARGEST}")
        if not problems and not (
            self.occupation_exact
            >= self.occupation_small
            >= self.occupation_middle
            >= self.occupation_major
        ):
            problems.append("occupation_exact ≥ _small ≥ _middle ≥ _major does not hold")
        if problems:
            raise ValueError("weights: " + "; ".join(problems))

    @classmethod
    def from_mapping(cls, values: Mapping[str, object]) -> Weights:
        """Weights from data; every key must be given and known. Raises `ValueError` naming all
        that is wrong."""
        known = [field.name for field in fields(cls)]
        problems = [f"missing {name}" for name in known if name not in values]
        problems += [f"unknown {name}" for name in values if name not in known]
        if problems:
            raise ValueError("weights: " + "; ".join(problems))
        return cls(**{name: values[name] for name in known})  # type: ignore[arg-type]

    def as_dict(self) -> dict[str, int]:
        return {field.name: getattr(self, field.name) for field in fields(self)}
