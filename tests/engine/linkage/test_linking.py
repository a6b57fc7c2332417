"""From tables to decided pairs: rules, consistency, order, and what was decided before."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from tests.engine.linkage.make import frame, number, person
from weiye.engine.linkage import LINKS, Model, Settings, dedupe, link
from weiye.engine.tables import TableError

pytestmark = pytest.mark.requirement("PPL-3")

CROWD = [person(at) | {"id": f"c{at:03}"} for at in range(100, 400)]


def decisions(pairs: pl.DataFrame) -> dict[tuple[str, str], str]:
    return {(a, b): d for a, b, d in pairs.select("left_id", "right_id", "decision").iter_rows()}


def row(identity: str, **cells: Any) -> dict[str, Any]:
    return {"id": identity} | cells


def linked(one: dict[str, Any], other: dict[str, Any]) -> tuple[str, str]:
    """Decision and evidence of two rows amid a crowd of strangers."""
    pairs = link(frame(row("a") | one), frame(row("b") | other, *CROWD))
    for left, right, decision, evidence in pairs.select(
        "left_id", "right_id", "decision", "evidence"
    ).iter_rows():
        if (left, right) == ("a", "b"):
            return decision, evidence
    return "no", ""


def test_one_valid_number_is_one_person_though_the_name_differs() -> None:
    someone = person(1)
    assert linked(someone, someone | {"name": "周末来", "phone": None})[0] == "link"
    old = someone["id_number"][:6] + someone["id_number"][8:17]
    assert linked(someone | {"id_number": old}, {"id_number": someone["id_number"]})[0] == "link"


def test_two_people_with_one_number_go_to_review() -> None:
    someone = person(1)
    other = person(2) | {"id_number": someone["id_number"]}
    decision, evidence = linked(someone, other)
    assert decision == "review"
    assert "同一身份证号而姓名、出生日期都不同" in evidence
    without_birth = other | {"birth_date": None, "sex": "女" if someone["sex"] == "男" else "男"}
    assert linked(someone, without_birth)[0] == "review"


def test_one_person_with_two_numbers_goes_to_review() -> None:
    someone = person(1)
    other = someone | {"id_number": number("19850607", 321)}
    decision, evidence = linked(someone, other)
    assert decision == "review"
    assert "请核对是否一人两号" in evidence


def test_without_a_number_the_rest_must_agree() -> None:
    someone = person(1) | {"id_number": None}
    assert linked(someone, someone | {"phone": None, "address": None})[0] == "link"
    assert linked({"name": "王伟"}, {"name": "王伟"})[0] != "link"


def test_households_are_not_one_person() -> None:
    home = {"phone": "20000000011", "address": "幸福小区3号楼2单元501室", "unit": "379901001001"}
    man = home | {"name": "张建国", "birth_date": "1960-03-04", "sex": "男"}
    wife = home | {"name": "李秀英", "birth_date": "1962-08-19", "sex": "女"}
    son = home | {"name": "张小军", "birth_date": "1988-11-23", "sex": "男"}
    assert linked(man, wife)[0] == "no"
    assert linked(man, son)[0] != "link"
    twins = [
        home | {"name": name, "birth_date": "2001-05-06", "sex": "男"}
        for name in ("张建文", "张建武")
    ]
    decision, evidence = linked(*twins)
    assert decision != "link"
    assert "双胞胎" in evidence
    # Numbers that agree but for a slip of the finger tell that it is one person.
    own = number("20010506", 111)
    slip = [twins[0] | {"id_number": own}, twins[1] | {"id_number": own[:15] + "81" + own[17]}]
    assert linked(*slip)[0] != "no"


def test_a_left_row_links_to_one_person_only() -> None:
    someone = person(1) | {"id_number": None}
    pairs = link(frame(row("a") | someone), frame(row("b") | someone, row("c") | someone, *CROWD))
    assert (pairs["decision"] == "link").sum() <= 1
    rivals = pairs.filter(pl.col("right_id").is_in(["b", "c"]))
    assert rivals["decision"].to_list() == ["review", "review"]
    assert all("还有相近的人" in text for text in rivals["evidence"])
    assert rivals["probability"].sum() <= 1.0001


def test_rows_with_different_numbers_cannot_be_one_person() -> None:
    someone = person(1) | {"id_number": None}
    left = [
        row("a") | someone | {"id_number": number("19620408", 100)},
        row("b") | someone | {"id_number": number("19701130", 104)},
    ]
    pairs = link(frame(*left), frame(row("x") | someone, *CROWD))
    assert pairs["right_id"].to_list() == ["x", "x"]
    assert set(pairs["decision"]) == {"review"}


def test_a_group_never_holds_two_numbers() -> None:
    someone = person(1)
    bare = someone | {"id_number": None}
    other = someone | {"id_number": number("19830228", 100)}
    pairs = dedupe(frame(row("1") | someone, row("2") | bare, row("3") | other, *CROWD))
    found = decisions(pairs)
    assert found["1", "3"] == "review"
    assert sorted(found[pair] for pair in (("1", "2"), ("2", "3"))) == ["link", "review"]


def test_ids_are_ordered_as_numbers_or_as_text() -> None:
    someone = person(1)
    for one, two in (("9", "10"), ("a9", "a91"), ("B", "a")):
        crowd = [each | {"id": str(1000 + at)} for at, each in enumerate(CROWD)]
        pairs = dedupe(frame(row(two) | someone, row(one) | someone, *crowd))
        assert decisions(pairs)[one, two] == "link"


def test_the_order_of_rows_makes_no_difference() -> None:
    rows = CROWD + [
        each | {"id": "d" + each["id"], "id_number": None, "phone": None} for each in CROWD[::3]
    ]
    one = frame(*rows)
    for seed in (1, 2):
        mixed = one.sample(fraction=1.0, shuffle=True, seed=seed)
        assert dedupe(mixed).equals(dedupe(one))
    left, right = one.filter(pl.col("id").str.starts_with("d")), frame(*CROWD)
    expected = link(left, right)
    assert link(left.reverse(), right.reverse()).equals(expected)
    assert link(left, right, settings=Settings(threads=3)).equals(expected)


def test_what_was_decided_is_not_asked_again() -> None:
    someone = person(1) | {"id_number": None}
    left, right = frame(row("a") | someone), frame(row("b") | someone, *CROWD)
    assert ("a", "b") in decisions(link(left, right))
    for same in (True, False):
        decided = pl.DataFrame({"left_id": ["a"], "right_id": ["b"], "same": [same]})
        assert ("a", "b") not in decisions(link(left, right, decided=decided))
        twice = frame(row("a") | someone, row("b") | someone, *CROWD)
        assert ("a", "b") not in decisions(dedupe(twice, decided=decided))
        back = pl.DataFrame({"left_id": ["b"], "right_id": ["a"], "same": [same]})
        assert ("a", "b") not in decisions(dedupe(twice, decided=back))


def test_people_told_apart_stay_apart_through_a_third() -> None:
    someone = person(1) | {"id_number": None}
    rows = [row(name) | someone for name in "abc"]
    pairs = dedupe(
        frame(*rows, *CROWD),
        decided=pl.DataFrame({"left_id": ["a"], "right_id": ["c"], "same": [False]}),
    )
    found = decisions(pairs)
    assert sorted([found["a", "b"], found["b", "c"]]) == ["link", "review"]


def test_threshold_and_review_are_the_callers() -> None:
    someone = person(1) | {"id_number": None, "phone": None}
    left, right = frame(row("a") | someone), frame(row("b") | someone, *CROWD)
    sure = link(left, right)
    chance = sure["probability"][0]
    assert sure["decision"][0] == "link" and chance < 1.0
    raised = link(left, right, settings=Settings(threshold=1.0))
    assert raised["decision"][0] == "review"
    none = link(left, right, settings=Settings(threshold=1.0, review=1.0))
    assert none.is_empty()
    for wrong in ({"threshold": 0.0}, {"review": 1.5}, {"block": 1}, {"threads": 0}):
        with pytest.raises(ValueError):
            Settings(**wrong)  # type: ignore[arg-type]


def test_empty_tables_and_columns() -> None:
    nothing = frame()
    assert dedupe(nothing).schema == pl.Schema(LINKS)
    assert link(nothing, frame(person(1))).is_empty()
    assert dedupe(pl.DataFrame({"id": ["1", "2", "3"]})).is_empty()
    bare = pl.DataFrame({"id": ["1", "2"], "name": ["张薇", None], "other": [1, 2]})
    assert dedupe(bare).is_empty()
    with pytest.raises(TableError, match="id"):
        dedupe(pl.DataFrame({"name": ["张薇"]}))
    with pytest.raises(TableError, match="重复"):
        dedupe(pl.DataFrame({"id": ["1", "1"]}))


def test_dates_may_be_typed() -> None:
    rows = frame(*(person(at) for at in (1, 2))).with_columns(
        birth_date=pl.Series([date(1990, 1, 2), None])
    )
    assert dedupe(rows).schema == pl.Schema(LINKS)


def test_a_crowd_under_one_key_is_narrowed_and_bounded() -> None:
    """An office's telephone on 500 rows must not make 125 000 pairs, nor hide a repeated row."""
    rows = [person(at) | {"id": f"p{at}", "phone": "20000000011"} for at in range(500)]
    rows.append(rows[7] | {"id": "q", "id_number": None, "address": None})
    pairs = dedupe(frame(*rows), settings=Settings(block=20))
    assert decisions(pairs)["p7", "q"] == "link"


def test_weights_survive_their_file() -> None:
    model = Model.default()
    assert Model.from_json(model.to_json()) == model
    assert Model.from_json(model.to_json()).to_json() == model.to_json()
    for broken in ("", "[]", "{}", model.to_json().replace("weights 1", "weights 0")):
        with pytest.raises(ValueError):
            Model.from_json(broken)
    with pytest.raises(ValueError, match=r"same\.sex"):
        Model.from_json(model.to_json().replace('"sex": [', '"sex": [0.5,', 1))


def test_fifty_rows_need_no_training_data() -> None:
    people = [person(at) | {"id": f"p{at}"} for at in range(3_000)]
    roster = [
        people[at] | {"id": f"r{at}", "id_number": None, "address": None}
        for at in range(0, 2_500, 50)
    ]
    pairs = link(frame(*roster), frame(*people)).filter(pl.col("decision") == "link")
    right = sum(a[1:] == b[1:] for a, b in pairs.select("left_id", "right_id").iter_rows())
    assert right == pairs.height == 50
