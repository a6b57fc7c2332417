"""Two plain tables about the same people, and the pairs that belong together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import polars as pl

from ..homes import settle
from ..identities import Numbering, identity_frame, twins
from ..places import Place
from ..population import births
from ..society import draw_members, make_pools
from .characters import Characters
from .errors import Mistakes

COLUMNS: Final = ("id", "name", "id_number", "birth_date", "sex", "phone", "address", "unit")


@dataclass(frozen=True)
class LinkageTables:
    """`left` and `right` bear `COLUMNS` (all text but `id`); `truth` pairs their rows.

    `truth`: `left_id, right_id, errors` (list, those of the right row), one line per true pair.
    `left_errors`: `id, errors` of the left rows that have any.
    """

    left: pl.DataFrame
    right: pl.DataFrame
    truth: pl.DataFrame
    left_errors: pl.DataFrame


def linkage_tables(
    places: Sequence[Place],
    *,
    society: Mapping[str, Any],
    errors: Mapping[str, Any],
    characters: Mapping[str, str],
    as_of: date,
    seed: int,
) -> LinkageTables:
    """The register of the places (`left`) and a roster about them (`right`) with their errors.

    The places say how many households there are; `society`, `errors` and `characters` are the
    files of that name of a pack's `simulation`. The roster holds a share of the register's people
    (`errors: linkage: overlap`), some twice, and people whom the register does not have
    (`strangers`, per row of the roster). Twins, siblings and fathers' phones are in it as in life.
    Ids count from 1 in the order of the rows; the roster's order is random.
    """
    for_pools, for_homes, for_people, for_left, for_right, for_rows = np.random.default_rng(
        [seed, 1]
    ).spawn(6)
    assumed, table = society["assumed"], errors["linkage"]
    places = sorted(places, key=lambda place: place.path)
    pools = make_pools(for_pools, assumed, society["census"])
    members, place_of = draw_members(for_pools, places, pools)
    _, homes = settle(for_homes, places, place_of)
    birth = twins(members, births(for_people, as_of, members.age))
    who = identity_frame(
        for_people, society["names"], society["documents"], members, birth, Numbering()
    )
    count = len(birth)
    homes = homes.select("unit_code", "address")
    head = np.searchsorted(members.household, members.household)
    elsewhere = for_people.integers(0, homes.height, count)
    moved = for_people.random(count) < table["moved"]
    address, unit = homes["address"], homes["unit_code"].str.slice(0, 12)
    truth = who.with_columns(
        pl.Series("birth_date", birth),
        pl.Series("sex", np.where(members.female, "女", "男")),
        address.gather(members.household),
        unit.gather(members.household).alias("unit"),
        address.gather(elsewhere).alias("former_address"),
        unit.gather(elsewhere).alias("former_unit"),
        pl.lit(None, dtype=pl.String).alias("former_phone"),
        who["phone"].gather(head).alias("household_phone"),
        pl.Series("moved", moved),
    )
    known = for_rows.random(count) >= table["strangers"]
    listed = for_rows.random(count) < table["overlap"]
    again = listed & (for_rows.random(count) < table["duplicates"])
    left_rows = np.flatnonzero(known)
    right_rows = for_rows.permutation(
        np.concatenate([np.flatnonzero(listed | ~known), np.flatnonzero(again & known)])
    )

    mistakes = Mistakes(Characters.of(characters))
    left = mistakes.plant(for_left, truth[left_rows], table["left"])
    # Who has moved is still under the former address with one of the two.
    right = mistakes.plant(
        for_right,
        truth[right_rows].with_columns(
            address=pl.when("moved").then("former_address").otherwise("address"),
            unit=pl.when("moved").then("former_unit").otherwise("unit"),
        ),
        table["right"],
    )
    left_id = np.zeros(count, dtype=np.int64)
    left_id[left_rows] = np.arange(1, len(left_rows) + 1)
    errors_of = right["errors"]
    moved_note = pl.when(right["moved"]).then(pl.lit("address_old"))
    pairs = pl.DataFrame(
        {
            "left_id": left_id[right_rows],
            "right_id": np.arange(1, len(right_rows) + 1),
            "errors": pl.select(
                pl.concat_list(errors_of, pl.concat_list(moved_note))
                .list.drop_nulls()
                .list.unique(maintain_order=True)
            ).to_series(),
        }
    ).filter(pl.col("left_id") > 0)
    ids = pl.Series("id", np.arange(1, len(left_rows) + 1))
    return LinkageTables(
        left=_plain(left),
        right=_plain(right),
        truth=pairs,
        left_errors=left.select(ids, "errors").filter(pl.col("errors").list.len() > 0),
    )


def _plain(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(
        pl.Series("id", np.arange(1, frame.height + 1)),
        "name",
        "id_number",
        pl.col("birth_date").dt.strftime("%Y-%m-%d"),
        "sex",
        "phone",
        "address",
        "unit",
    )
