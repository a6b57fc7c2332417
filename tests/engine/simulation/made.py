"""A small society for the tests of the simulation, and the assumptions of the pack."""

from datetime import date
from pathlib import Path
from typing import Any

import yaml

from weiye.engine.simulation import Place

PACK = Path(__file__).parents[3] / "packs" / "shandong" / "simulation"
AS_OF = date(2026, 6, 30)


def read(name: str) -> Any:
    return yaml.safe_load((PACK / f"{name}.yaml").read_text(encoding="utf-8"))


SOCIETY = {**read("society"), "names": read("names")}
WORK = read("work")
ERRORS = read("errors")
CHARACTERS = read("characters")
DEPARTMENTS = read("departments")

ABOVE = ("威海市", "环翠区", "竹岛街道")


def place(code: str, path: str, name: str, rural: bool, households: int) -> Place:
    return Place(
        code, path, name, "".join(ABOVE) + name, 122.1, 37.4, 300, rural, households, above=ABOVE
    )


PLACES = [
    place("371002003030", "37/10/02/003/030/", "甲社区", False, 700),
    place("371002003031", "37/10/02/003/031/", "乙社区", False, 500),
    place("371002003210", "37/10/02/003/210/", "丙村", True, 500),
]


def blocks(seed: int = 5, block: int = 1_000, **more: Any) -> dict[str, Any]:
    """Arguments of `stream`."""
    return {
        "places": PLACES, "society": SOCIETY, "work": WORK, "as_of": AS_OF, "seed": seed,
        "employers": 12, "vacancies": 30, "programmes": 4, "county": "371002000000",
        "block": block,
    } | more  # fmt: skip
