"""Every kind of error does what its name says, notes itself, and belongs to nobody real."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from tests.engine.simulation.made import CHARACTERS, ERRORS, PLACES, SOCIETY, blocks
from tests.engine.simulation.test_simulation import id_is_right
from weiye.engine.simulation import stream
from weiye.engine.simulation.departments.characters import Characters
from weiye.engine.simulation.departments.errors import CHANGES, FIELDS, Mistakes

LETTERS = Characters.of(CHARACTERS)


@pytest.fixture(scope="module")
def people() -> pl.DataFrame:
    made = next(stream(**blocks(block=5_000)))
    traces = made.traces.select("person_id", "former_address", "former_phone", "household_phone")
    return made.people.join(traces, on="person_id", how="left", maintain_order="left")


def planted(people: pl.DataFrame, kind: str) -> pl.DataFrame:
    """Before and after (`…_after`) of the rows in which the error is."""
    after = Mistakes(LETTERS).plant(np.random.default_rng(1), people, {kind: 1.0})
    noted = after["errors"].list.len() > 0
    same = [name for name in people.columns if name not in FIELDS]
    assert after.select(same).equals(people.select(same))
    for column in FIELDS:
        changed = people[column].ne_missing(after[column])
        assert not (changed & ~noted).any(), "nothing changes in silence"
        if not kind.startswith(FIELDS[column] + "_"):
            assert not changed.any()
        else:
            assert (changed == noted).all(), "what is noted has changed"
    assert set(after["errors"].explode(empty_as_null=True).drop_nulls()) == {kind}
    fields = after.select(pl.col(*FIELDS).name.suffix("_after"))
    return pl.concat([people, fields], how="horizontal").filter(noted)


def pairs(frame: pl.DataFrame, column: str) -> list[tuple]:
    return frame.select(column, f"{column}_after").rows()


@pytest.mark.requirement("PPL-3")
def test_names(people):
    groups = {
        "name_homophone": CHARACTERS["homophones"].split(),
        "name_look_alike": CHARACTERS["look_alikes"].split(),
    }
    for kind, words in groups.items():
        found = pairs(planted(people, kind), "name")
        assert len(found) > 0.5 * people.height
        for old, new in found:
            (differs,) = [(a, b) for a, b in zip(old, new, strict=True) if a != b]
            assert any(differs[0] in word and differs[1] in word for word in words)
    for old, new in pairs(planted(people, "name_swapped"), "name"):
        assert sorted(old) == sorted(new)
    for old, new in pairs(planted(people, "name_short"), "name"):
        assert len(new) == len(old) - 1
        assert new[0] == old[0]
    for old, new in pairs(planted(people, "name_blank"), "name"):
        assert new.replace(" ", "").replace("　", "") == old
    dotted = pl.concat([people.head(40).with_columns(name=pl.lit("古丽娜·艾力"))])
    for _, new in pairs(planted(dotted, "name_dot"), "name"):
        assert "·" not in new


@pytest.mark.requirement("PPL-3")
def test_id_numbers_stay_in_the_area_that_does_not_exist(people):
    cards = people.filter(pl.col("id_kind") == "居民身份证")
    everybody = set(people["id_number"])
    for kind in ("id_wrong_digit", "id_swapped_digits", "id_lost_digit"):
        found = pairs(planted(people, kind), "id_number")
        assert len(found) == cards.height
        for _, new in found:
            assert new.startswith("3799")
            assert len(new) == 18 - (kind == "id_lost_digit")
            assert len(new) != 18 or not id_is_right(new), "so it is nobody's"
    for old, new in pairs(planted(people, "id_15"), "id_number"):
        assert len(new) == 15
        assert f"{new[:6]}19{new[6:]}" == old[:17]
    for old, new in pairs(planted(people, "id_float"), "id_number"):
        assert (new[:15], new[15:]) == (old[:15], "000")
    for old, new in pairs(planted(people, "id_lower_x"), "id_number"):
        assert old.endswith("X")
        assert new == old[:-1] + "x"
    for old, new in pairs(planted(people, "id_full_width"), "id_number"):
        assert new != old
        assert all(ord(a) - ord(b) == 0xFEE0 for a, b in zip(new, old, strict=True) if a != b)
    for old, new in pairs(planted(people, "id_blank"), "id_number"):
        assert new.replace(" ", "") == old
    others = [new for _, new in pairs(planted(people, "id_of_other"), "id_number")]
    assert set(others) <= everybody
    second = planted(people, "id_second")
    new = second["id_number_after"]
    assert new.n_unique() == second.height
    assert not set(new) & everybody
    for number, born in second.select("id_number_after", "birth_date").iter_rows():
        assert id_is_right(number)
        assert "379990" <= number[:6] <= "379999"
        assert number[6:14] == f"{born:%Y%m%d}"


@pytest.mark.requirement("PPL-3")
def test_birth_dates(people):
    for old, new in pairs(planted(people, "birth_day_for_month"), "birth_date"):
        assert (new.month, new.day) == (old.day, old.month)
    for old, new in pairs(planted(people, "birth_other_year"), "birth_date"):
        assert 1 <= abs(new.year - old.year) <= 10
    for old, new in pairs(planted(people, "birth_first_of_year"), "birth_date"):
        assert new == date(old.year, 1, 1)
    for old, new in pairs(planted(people, "birth_lunar"), "birth_date"):
        assert 20 <= (old - new).days <= 51


@pytest.mark.requirement("PPL-3")
def test_telephones_lie_outside_every_service_range(people):
    known = set(people["phone"].drop_nulls())
    for kind in (
        "phone_changed",
        "phone_wrong_digit",
        "phone_hyphens",
        "phone_shared",
        "phone_old",
    ):
        found = planted(people, kind)
        assert found.height
        digits = found["phone_after"].str.replace_all("-", "")
        assert digits.str.contains(r"^20\d{9}$").all()
        if kind == "phone_changed":
            assert not set(digits) & known
            assert digits.n_unique() == found.height
        if kind == "phone_shared":
            assert found["phone_after"].equals(found["household_phone"].alias("phone_after"))


@pytest.mark.requirement("PPL-3")
def test_addresses(people):
    for old, new in pairs(planted(people, "address_short"), "address"):
        assert old.endswith(new)
        assert not new.startswith("威海市")
    for old, new in pairs(planted(people, "address_no_room"), "address"):
        assert old.startswith(new)
    spelled = pairs(planted(people, "address_spelled"), "address")
    assert len({new for _, new in spelled}) > 100
    old = planted(people, "address_old")
    assert old.height > 50
    assert old["address_after"].equals(old["former_address"].alias("address_after"))


def test_every_kind_of_the_pack_is_known_and_none_is_forgotten(people):
    special = {
        "id_missing", "id_of_other", "id_second", "birth_missing", "phone_missing", "phone_changed",
        "phone_shared", "phone_old", "address_missing", "address_old",
    }  # fmt: skip
    known = set(CHANGES) | special
    tables = [ERRORS["base"], ERRORS["linkage"]["left"], ERRORS["linkage"]["right"]]
    for table in tables:
        assert set(table) <= known
    assert set(ERRORS["base"]) == known, "the pack says how often each of them happens"
    for field in FIELDS.values():
        assert sum(v for k, v in ERRORS["base"].items() if k.startswith(field + "_")) <= 1.1


def test_rates_are_kept(people):
    rates = ERRORS["linkage"]["right"]
    many = pl.concat([people] * 6)
    after = Mistakes(LETTERS).plant(np.random.default_rng(4), many, rates)
    counts = dict(
        after["errors"].explode(empty_as_null=True).drop_nulls().value_counts().iter_rows()
    )
    for kind in ("id_missing", "name_homophone", "birth_missing", "id_wrong_digit"):
        expected = rates[kind] * many.height
        assert abs(counts[kind] - expected) < 5 * np.sqrt(expected) + 0.05 * expected, kind


def test_nobody_nothing():
    empty = pl.DataFrame({name: [] for name in [*FIELDS, "id_kind"]})
    assert Mistakes(LETTERS).plant(np.random.default_rng(1), empty, {"id_missing": 1}).is_empty()


def test_the_households_are_those_of_the_places(people):
    assert people["household_id"].n_unique() == sum(place.households for place in PLACES)
    assert SOCIETY["documents"]["护照"]["prefix"] == "ZZ"
