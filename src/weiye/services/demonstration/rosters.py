"""The rosters that departments would send about the people of the demonstration."""

import tempfile
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Final

import polars as pl

from weiye.base.regions.models import Unit
from weiye.base.regions.reading import path_end
from weiye.base.scope.actor import Actor, system
from weiye.base.scope.fence import fence
from weiye.engine.simulation import Society
from weiye.engine.simulation.departments import Rosters

from . import actions, queries
from .places import demonstration_places, read_yaml

# 司法 sends its list to those alone who may see it.
WITHHELD: Final = ("司法",)


def is_demonstrated(actor: Actor) -> bool:
    """Whether people of the demonstration live where the actor works."""
    with fence(actor):
        return queries.is_loaded(actor, actor.path)


def department_rosters(actor: Actor) -> dict[str, bytes]:
    """Files by name about the demonstration's people in the actor's area, none if there are none.

    Made again from seed and day of the load, so that they tell of the same people: with errors,
    with some who died or moved, and at the same rates as `./weiye simulate --rosters`.
    """
    with fence(system()):
        plan = actions.demonstration_plan()
        county = Unit.objects.filter(code=plan["county"]).first()
        if county is None or not (found := queries.load_of(county.path)):
            return {}
    pack = actions.demonstration_pack()
    size = read_yaml(pack, "society")["census"]["household_size"]
    places = demonstration_places(pack, plan, size)
    as_of = date.fromisoformat(str(found["as_of"])[:10])
    society = actions.society_of(
        pack=pack,
        unit_code=plan["county"],
        places=places,
        seed=int(found["seed"]),
        as_of=as_of,
        counts={name: plan[name] for name in ("employers", "vacancies", "programmes")},
        first_area=int(found.get("first_area", 1)),
    )
    here = within(society, actor.path)
    if here.people.is_empty():
        return {}
    departments = read_yaml(pack, "departments")
    with tempfile.TemporaryDirectory() as folder:
        with Rosters(
            Path(folder),
            departments={k: v for k, v in departments.items() if k not in WITHHELD},
            errors=read_yaml(pack, "errors"),
            characters=read_yaml(pack, "characters"),
            seed=int(found["seed"]),
            as_of=as_of,
            area=county.name,
        ) as rosters:
            rosters.add(here, places)
        files = sorted((Path(folder) / "rosters").iterdir())
        return {file.name: file.read_bytes() for file in files}


def within(society: Society, path: str) -> Society:
    """The part of a society that lives at or below a path; work is left as it is."""
    area = (pl.col("unit_path") >= path) & (pl.col("unit_path") < path_end(path))
    people = society.people.filter(area)
    own = people.select("person_id")
    return replace(
        society,
        people=people,
        households=society.households.filter(area),
        departed=society.departed.filter(area),
        traces=society.traces.join(own, on="person_id", how="semi", maintain_order="left"),
        jobs=society.jobs.join(own, on="person_id", how="semi", maintain_order="left"),
    )
