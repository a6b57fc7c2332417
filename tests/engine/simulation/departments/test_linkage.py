"""Plain linkage tables: as the file contract has them, with a truth that holds."""

import polars as pl
import pytest

from tests.engine.simulation.made import AS_OF, CHARACTERS, ERRORS, PLACES, SOCIETY
from weiye.engine.simulation.departments import linkage_tables


def make(seed=3):
    return linkage_tables(
        PLACES, society=SOCIETY, errors=ERRORS, characters=CHARACTERS, as_of=AS_OF, seed=seed
    )


@pytest.fixture(scope="module")
def tables():
    return make()


@pytest.mark.requirement("PPL-3")
def test_the_columns_are_those_of_the_contract(tables):
    names = ["id", "name", "id_number", "birth_date", "sex", "phone", "address", "unit"]
    for table in (tables.left, tables.right):
        assert table.columns == names
        assert table["id"].to_list() == list(range(1, table.height + 1))


@pytest.mark.requirement("PPL-3")
def test_true_pairs_are_one_person_but_for_the_errors_noted(tables):
    right = tables.right.join(
        tables.truth.select(pl.col("right_id").alias("id"), "left_id", "errors"), on="id"
    )
    both = right.join(tables.left, left_on="left_id", right_on="id", suffix="_left")
    assert both.height == tables.truth.height > 0.65 * tables.left.height
    wrong = both.join(tables.left_errors, left_on="left_id", right_on="id", how="left")
    noted = pl.concat_list("errors", pl.col("errors_right").fill_null([])).list.join("|")
    both = both.with_columns(wrong.select(noted.alias("noted")))
    for column, kind in (("name", "name_"), ("id_number", "id_"), ("birth_date", "birth_"),
                         ("phone", "phone_"), ("address", "address_")):  # fmt: skip
        clean = both.filter(~pl.col("noted").str.contains(kind, literal=True))
        assert clean.height > 100
        assert clean[column].equals(clean[f"{column}_left"].alias(column), null_equal=True), column
    assert (both["sex"] == both["sex_left"]).all()


@pytest.mark.requirement("PPL-3")
def test_half_have_no_number_and_some_rows_are_of_nobody_known(tables):
    assert tables.right["id_number"].null_count() / tables.right.height == pytest.approx(
        0.5, abs=0.03
    )
    strangers = tables.right.height - tables.truth.height
    assert 0.05 < strangers / tables.right.height < 0.2
    assert tables.truth["left_id"].is_duplicated().sum() > 10, "some are in the roster twice"
    assert tables.truth["right_id"].is_unique().all()
    numbers = pl.concat([tables.left["id_number"], tables.right["id_number"]]).drop_nulls()
    assert numbers.str.contains("^(3799|３７９９|ZZ|H99|99)").all()


def test_twins_and_shared_telephones_are_in_it(tables):
    left = tables.left
    born = left.filter(pl.len().over("address", "birth_date") > 1)
    assert born.height >= 2
    phones = left["phone"].drop_nulls()
    assert phones.len() - phones.n_unique() > 20


def test_the_same_seed_gives_the_same_tables(tables):
    again = make()
    for name in ("left", "right", "truth", "left_errors"):
        assert getattr(again, name).equals(getattr(tables, name))
    assert not make(seed=4).right.equals(tables.right)
