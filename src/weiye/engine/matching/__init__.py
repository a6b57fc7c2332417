"""Matching people and vacancies: hard conditions, exact top k, and the reason for every pair.

`match` answers in one call; a `Matcher` keeps one side prepared, so that a web process answers
for one person in milliseconds; `warm` compiles at start-up. `why_not` says which conditions a
pair fails. The score is documented term by term at `Weights`.
"""

from weiye.engine.matching.explain import Hindrance, why_not
from weiye.engine.matching.matcher import Matcher, match, warm
from weiye.engine.matching.schema import PEOPLE, VACANCIES
from weiye.engine.matching.weights import Weights

__all__ = ["PEOPLE", "VACANCIES", "Hindrance", "Matcher", "Weights", "match", "warm", "why_not"]
