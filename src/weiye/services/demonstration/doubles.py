"""People of the demonstration who were entered twice, with the errors that hide it."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl

from weiye.engine.simulation import Society
from weiye.engine.simulation.departments import Characters, Mistakes

# A doorstep visit: no document at hand, the name as it was heard.
_RATES: Final = {
    "id_missing": 1.0,
    "name_homophone": 0.5,
    "name_look_alike": 0.2,
    "birth_lunar": 0.25,
    "phone_old": 0.2,
    "phone_missing": 0.2,
    "address_spelled": 0.6,
}


def doubles(
    society: Society, characters: Mapping[str, str], units: list[str], each: int, seed: int
) -> pl.DataFrame:
    """`each` adults of every community, once more: name, birth date, sex, phone and address with
    errors in them, `unit_code`, `unit_path`, and `errors`."""
    rng = np.random.default_rng([seed, 2])
    adults = society.people.filter(
        pl.col("phone").is_not_null(),
        pl.col("employment_status").is_in(["就业", "灵活就业", "失业", "其他"]),
    ).join(society.traces.drop("ethnicity"), on="person_id", maintain_order="left")
    chosen = []
    for unit in units:
        here = adults.filter(pl.col("unit_code").str.starts_with(unit))
        rows = rng.choice(here.height, size=min(each, here.height), replace=False)
        chosen.append(here[sorted(rows.tolist())])
    mistakes = Mistakes(Characters.of(characters))
    return mistakes.plant(rng, pl.concat(chosen), _RATES)
