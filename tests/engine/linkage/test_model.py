"""The model against plain references, known truth, and an error mix it was not made for."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.linkage_data import records
from tests.engine.linkage.make import frame, person
from weiye.engine.linkage import Model, Settings, dedupe, learn
from weiye.engine.linkage import kernel as k
from weiye.engine.linkage.blocking import candidates
from weiye.engine.linkage.learning import fit_prior, log_odds, pattern_of, weigh
from weiye.engine.linkage.model import AGREEING, GROUPS, SHARES, probability, tables
from weiye.engine.linkage.model import log_odds as logit
from weiye.engine.linkage.prepare import prepare

pytestmark = pytest.mark.requirement("PPL-3")


@given(st.floats(0.0, 1.0))
def test_probabilities_survive_being_odds(value: float) -> None:
    assert probability(logit(value)) == pytest.approx(value, abs=1e-12)


def test_probabilities_at_the_ends() -> None:
    assert probability(logit(0.0)) == 0.0
    assert probability(logit(1.0)) == 1.0
    assert probability(1e6) == 1.0 and probability(-1e6) == 0.0
    for wrong in (-0.1, 1.1, math.nan):
        with pytest.raises(ValueError):
            logit(wrong)


@pytest.fixture(scope="module")
def city() -> pl.DataFrame:
    return records(6_000, seed=77)


def _parts(row: dict[str, Any]) -> list[Any]:
    """The blocking keys of a clean record, in plain Python."""
    birth = row["birth_date"]
    return [
        row["id_number"],
        row["phone"],
        (row["name"], birth[:4]) if birth else None,
        (birth, row["name"][0]) if birth else None,
        (birth, row["name"][1:]) if birth else None,
        (row["name"], row["unit"]) if row["unit"] else None,
    ]


def test_blocking_finds_every_pair_that_shares_a_key() -> None:
    rng = random.Random(3)
    rows = []
    for at in range(400):
        row = person(rng.randrange(150)) | {"id": f"{at:03}", "address": None}
        for field in ("id_number", "phone", "birth_date", "unit"):
            if rng.random() < 0.4:
                row[field] = None
        rows.append(row)
    expected = set()
    for (i, one), (j, other) in combinations(enumerate(rows), 2):
        if any(a is not None and a == b for a, b in zip(_parts(one), _parts(other), strict=True)):
            expected.add((i, j))
    prepared = prepare(frame(*rows), None)
    found = candidates(prepared, 60, 1)
    pairs = list(zip(found.left.tolist(), found.right.tolist(), strict=True))
    assert len(pairs) == len(set(pairs))
    born_in_number = {  # pairs that meet by a date inside an ID number, or names that sound alike
        pair for pair in set(pairs) - expected
        if any(rows[at]["birth_date"] is None and rows[at]["id_number"] for at in pair)
        or rows[pair[0]]["name"] != rows[pair[1]]["name"]
    }  # fmt: skip
    assert set(pairs) - born_in_number == expected
    split = candidates(prepare(frame(*rows[:150]), frame(*rows[150:])), 60, 2)
    across = set(zip(split.left.tolist(), split.right.tolist(), strict=True))
    assert across == {(i, j) for i, j in pairs if i < 150 <= j}


def test_scores_equal_a_plain_reference(city: pl.DataFrame) -> None:
    """Bayes over four groups, pair by pair in floats, from the same levels and value counts."""
    from weiye.engine.linkage.linking import _records

    prepared = prepare(_records(city.head(1_500), ""), None)
    found = candidates(prepared, 60, 1)
    pattern = pattern_of(prepared, found.left, found.right)
    model = Model.default()
    ratios = weigh(prepared, found.left, pattern, tables(model, prepared.average))
    prior = fit_prior(prepared, ratios)
    odds = log_odds(ratios, prior)
    averages = list(prepared.average.values())
    agreeing = dict(AGREEING)
    for at in range(0, len(pattern), max(len(pattern) // 300, 1)):
        likely = dict.fromkeys(GROUPS, 1.0)
        for row, title in enumerate(k.FIELDS):
            level = int(pattern[at]) >> 4 * row & 15
            if level == 0:
                continue
            chances = {group: model.levels[group][title][level - 1] for group in GROUPS}
            if agreeing[row] == level:
                chances = {group: min(v, chances["same"]) for group, v in chances.items()}
            if (row, level) in SHARES:
                column = SHARES[row, level]
                share = math.exp(prepared.records.share[found.left[at], column])
                if agreeing[row] == level:
                    chances["strangers"] = share
                else:
                    chances["strangers"] *= share / averages[column]
                    chances["strangers"] = min(chances["strangers"], math.exp(-0.01))
            for group in GROUPS:
                likely[group] *= chances[group]
        for group, share in zip(GROUPS, prior.shares, strict=False):
            likely[group] *= share
        against = likely["kin"] + likely["partners"] + likely["strangers"]
        assert odds[at] == pytest.approx(math.log(likely["same"] / against), abs=2e-3)


def test_known_rates_are_recovered() -> None:
    """Names err in 8 of 100 records, telephones change in 30 of 100, sex errs in 2 of 100."""
    rng = random.Random(11)
    rows: list[dict[str, Any]] = []
    for at in range(3_000):
        base = person(at)
        for copy in range(2):
            row = base | {"id": f"{at}-{copy}", "address": None}
            if copy and rng.random() < 0.08:
                row["name"] = row["name"][0] + row["name"][2] + row["name"][1]
            if copy and rng.random() < 0.30:
                row["phone"] = str(21_000_000_000 + rng.randrange(10**9))
            if copy and rng.random() < 0.02:
                row["sex"] = "男" if row["sex"] == "女" else "女"
            if rng.random() < 0.4:
                row["id_number"] = None
            rows.append(row)
    table = frame(*rows)
    same = learn(table).levels["same"]
    assert same["name"][k.SWAPPED - 1] == pytest.approx(0.08, abs=0.02)
    assert same["phone"][k.P_EQUAL - 1] == pytest.approx(0.70, abs=0.03)
    assert same["sex"][k.SEX_OTHER - 1] == pytest.approx(0.02, abs=0.01)
    # And how many pairs there are, without being told.
    from weiye.engine.linkage.linking import _records, _scored

    scored = _scored(prepare(_records(table, ""), None), Settings(), None)
    expected = float((1 / (1 + np.exp(-np.clip(scored.odds, -60, 60)))).sum())
    assert expected == pytest.approx(3_000, rel=0.05)


def _quality(pairs: pl.DataFrame, table: pl.DataFrame) -> tuple[float, float]:
    """Precision and recall of the links."""
    person_of = dict(table.select("id", "person").iter_rows())
    members = defaultdict(int)
    for who in person_of.values():
        members[who] += 1
    true = sum(n * (n - 1) // 2 for n in members.values())
    links = pairs.filter(pl.col("decision") == "link")
    hits = sum(
        person_of[a] == person_of[b] for a, b in links.select("left_id", "right_id").iter_rows()
    )
    return hits / links.height, hits / true


def test_a_city_with_households_twins_and_errors(city: pl.DataFrame) -> None:
    pairs = dedupe(city.drop("person"))
    precision, recall = _quality(pairs, city)
    assert precision > 0.985
    assert recall > 0.955
    review = pairs.filter(pl.col("decision") == "review").height
    assert 0 < review < pairs.height * 0.08


def test_probabilities_mean_what_they_say(city: pl.DataFrame) -> None:
    person_of = dict(city.select("id", "person").iter_rows())
    pairs = dedupe(city.drop("person")).with_columns(
        right=pl.struct("left_id", "right_id").map_elements(
            lambda pair: person_of[pair["left_id"]] == person_of[pair["right_id"]],
            return_dtype=pl.Boolean,
        )
    )
    middle = pairs.filter(pl.col("probability").is_between(0.1, 0.95))
    assert abs(middle["probability"].mean() - middle["right"].mean()) < 0.15  # type: ignore[operator]
    top = pairs.filter(pl.col("probability") > 0.99)
    assert top["right"].mean() > 0.99  # type: ignore[operator]


def test_a_mix_of_errors_it_has_not_seen() -> None:
    """No ID numbers, every second name misheard, no addresses: only births and phones."""
    rng = random.Random(5)
    heard = {"伟": "维", "芳": "方", "娜": "那", "秀": "绣", "英": "应", "敏": "闽", "静": "敬",
             "丽": "力", "强": "墙", "磊": "垒", "军": "君", "洋": "羊", "勇": "永", "艳": "燕",
             "杰": "洁", "娟": "捐", "涛": "滔", "明": "名", "超": "抄", "霞": "侠"}  # fmt: skip
    rows = []
    for at in range(1_500):
        base = person(at) | {"id_number": None, "address": None, "unit": None, "person": at}
        rows.append(base | {"id": f"a{at}"})
        name = base["name"]
        if rng.random() < 0.5:
            name = name[0] + "".join(heard.get(char, char) for char in name[1:])
        other = base | {"id": f"b{at}", "name": name}
        if rng.random() < 0.3:
            other["phone"] = str(21_000_000_000 + rng.randrange(10**9))
        if rng.random() < 0.1:
            other["birth_date"] = other["birth_date"][:5] + "01-01"
        rows.append(other)
    table = pl.DataFrame({"id": [r["id"] for r in rows], "person": [r["person"] for r in rows]})
    precision, recall = _quality(dedupe(frame(*rows)), table)
    assert precision > 0.98
    assert recall > 0.9
