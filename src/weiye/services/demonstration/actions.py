"""Loads simulated societies into the registers. All or nothing, and never beside real people."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
from django.conf import settings
from django.db import connection
from django.db.models import Count
from django.utils import timezone

from weiye.base.accounts.actions import create_account, grant_membership
from weiye.base.accounts.models import Account, Membership
from weiye.base.accounts.queries import actor_of
from weiye.base.audit.actions import record
from weiye.base.regions.models import Unit
from weiye.base.regions.reading import path_end
from weiye.base.scope.actor import Actor
from weiye.base.scope.fence import fence
from weiye.engine.simulation import Place, Society, simulate, stream
from weiye.engine.simulation.identities import ID_CARD
from weiye.registers.people.models import IdKind, Person
from weiye.registers.people.residents import open_account
from weiye.registers.people.transfers.actions import ask
from weiye.services.assistance.models import AssistanceFile, FileState

from . import history, queries
from .doubles import doubles
from .loading import NoAreaTree, write
from .places import (
    communities,
    demonstration_places,
    filled,
    province_pack,
    read_yaml,
    society_assumptions,
)

SEED: Final = 371002
LAST_AREA: Final = 99
_LOCK: Final = 371002_12333


class RealPeople(RuntimeError):
    """The database holds people who are not invented; synthetic ones must not be mixed in."""


@dataclass(frozen=True)
class Loaded:
    """What a load found or made; `new` is false if everything was there before."""

    new: bool
    households: int = 0
    people: int = 0
    employers: int = 0
    vacancies: int = 0
    programmes: int = 0


def load(*, actor: Actor, seed: int = SEED, as_of: date | None = None) -> Loaded:
    """Load the demonstration: people, firms, vacancies, classes and one account per role.

    One transaction: an interrupted load leaves nothing. Called again it changes nothing. Raises
    `RealPeople` if anybody in the database is not synthetic, `NoAreaTree` if the official units
    are missing.
    """
    pack = demonstration_pack()
    plan = read_yaml(pack, "demonstration")
    with fence(actor):
        _lock()
        county = _unit(plan["county"])
        actor.require("demonstration.load", county.path)
        if queries.is_loaded(actor, county.path):
            return Loaded(new=False)
        size = read_yaml(pack, "society")["census"]["household_size"]
        counts = {name: plan[name] for name in ("employers", "vacancies", "programmes")}
        result = _load(
            actor=actor,
            pack=pack,
            unit=county,
            places=demonstration_places(pack, plan, size),
            seed=seed,
            as_of=as_of or timezone.localdate(),
            counts=counts,
            plan=plan,
        )
        for entry in plan["accounts"]:
            _account(actor, entry)
    return result


def play_history(*, actor: Actor, as_of: date | None = None) -> int:
    """Give the communities in depth a past (see `history.play`); returns the contacts recorded.

    Then somebody who is being helped can sign in as a resident.
    """
    plan = read_yaml(demonstration_pack(), "demonstration")
    day = as_of or timezone.localdate()
    recorded = sum(
        history.play(actor=actor, unit_path=_unit(deep["unit"]).path, as_of=day)
        for deep in plan["deep"]
    )
    if recorded:
        for entry in plan.get("moves", ()):
            ask_move(actor, entry)
    for entry in plan.get("residents", ()):
        _resident(actor, entry)
    return recorded


def load_simulated(
    *, actor: Actor, unit_code: str, people: int, seed: int, as_of: date | None = None
) -> Loaded:
    """Load about so many people into the communities of a unit, with work and classes around.

    Whole households are made, so the number is met nearly, not exactly. A unit that has synthetic
    people already is left as it is. Raises as `load`, and `NoSuchUnit`, and ValueError if the ID
    area codes are used up.
    """
    with fence(actor):
        _lock()
        pack, places, counts = plan_simulation(unit_code, people)
        unit = _unit(unit_code)
        actor.require("demonstration.load", unit.path)
        if queries.is_loaded(actor, unit.path):
            return Loaded(new=False)
        return _load(
            actor=actor,
            pack=pack,
            unit=unit,
            places=places,
            seed=seed,
            as_of=as_of or timezone.localdate(),
            counts=counts,
        )


def plan_simulation(unit_code: str, people: int) -> tuple[Path, list[Place], dict[str, int]]:
    """The pack, the places with their households, and how much work there is for so many people.

    Raises `NoSuchUnit`, and ValueError for a number of people below one.
    """
    if people < 1:
        raise ValueError("at least one person is wanted")
    pack = province_pack(settings.PACKS_DIR, unit_code)
    size = read_yaml(pack, "society")["census"]["household_size"]
    places = filled(communities(pack, unit_code), max(1, round(people / size)))
    vacancies = max(10, people // 20)
    counts = {"employers": max(5, vacancies // 2), "vacancies": vacancies, "programmes": 40}
    return pack, places, counts


def society_of(
    *,
    pack: Path,
    unit_code: str,
    places: list[Place],
    seed: int,
    as_of: date,
    counts: Mapping[str, int],
    first_area: int = 1,
) -> Society:
    """Simulates with the pack's assumptions."""
    return simulate(
        places,
        society=society_assumptions(pack),
        work=read_yaml(pack, "work"),
        as_of=as_of,
        rng=np.random.default_rng(seed),
        county=unit_code,
        first_area=first_area,
        employers=counts["employers"],
        vacancies=counts["vacancies"],
        programmes=counts["programmes"],
    )


def societies_of(
    *,
    pack: Path,
    unit_code: str,
    places: list[Place],
    seed: int,
    as_of: date,
    counts: Mapping[str, int],
) -> Iterator[Society]:
    """The same in blocks: for files, and for millions of people (see `stream`)."""
    return stream(
        places,
        society=society_assumptions(pack),
        work=read_yaml(pack, "work"),
        as_of=as_of,
        seed=seed,
        county=unit_code,
        employers=counts["employers"],
        vacancies=counts["vacancies"],
        programmes=counts["programmes"],
    )


def _load(
    *,
    actor: Actor,
    pack: Path,
    unit: Unit,
    places: list[Place],
    seed: int,
    as_of: date,
    counts: Mapping[str, int],
    plan: Mapping[str, Any] | None = None,
) -> Loaded:
    if queries.real_people(actor):
        raise RealPeople(
            "this database holds people who are not synthetic; load demonstration data "
            "into an empty one"
        )
    before = queries.loads(actor)
    first_area = 1 + max((entry["last_area"] for entry in before), default=0)
    if first_area > LAST_AREA:
        raise ValueError("the area codes 3799xx for synthetic ID numbers are used up")
    society = society_of(
        pack=pack,
        unit_code=unit.code,
        places=places,
        seed=seed,
        as_of=as_of,
        counts=counts,
        first_area=first_area,
    )
    twice = None
    if plan is not None:
        units = [entry["unit"] for entry in plan["deep"]]
        twice = doubles(society, read_yaml(pack, "characters"), units, plan["doubles"], seed)
    write(
        actor=actor,
        society=society,
        places=places,
        county=unit,
        as_of=as_of,
        limits=plan["health_limits"] if plan else (),
        doubles=twice,
    )
    numbered = pl.concat(
        frame.filter(pl.col("id_kind") == ID_CARD)["id_number"]
        for frame in (society.people, society.departed)
    )
    last_area = numbered.str.slice(4, 2).max() if len(numbered) else first_area
    detail: dict[str, Any] = {
        "seed": seed,
        "as_of": as_of,
        "people": society.people.height,
        "households": society.households.height,
        "employers": society.employers.height,
        "vacancies": society.vacancies.height,
        "programmes": society.programmes.height,
        "first_area": first_area,
        "last_area": int(str(last_area)),
    }
    record(actor=actor, verb=queries.LOADED, path=unit.path, thing=unit, detail=detail)
    return Loaded(
        new=True,
        households=society.households.height,
        people=society.people.height,
        employers=society.employers.height,
        vacancies=society.vacancies.height,
        programmes=society.programmes.height,
    )


def ask_move(actor: Actor, entry: Mapping[str, str]) -> None:
    """Somebody has moved: the worker where they live now asks for them; nobody has answered yet."""
    source, to = _unit(entry["from"]), _unit(entry["to"])
    with fence(actor):
        worker = Membership.objects.active().filter(account__username=entry["worker"]).first()
        mover = (
            Person.objects.visible_to(actor)
            .filter(unit_path__gte=source.path, unit_path__lt=path_end(source.path))
            .filter(id_kind=IdKind.CITIZEN, household_role="户主", id_index__isnull=False)
            .order_by("pk")
            .first()
        )
    if worker is None or mover is None:
        return
    with fence(asker := actor_of(worker)):
        ask(
            actor=asker,
            to=to,
            id_number=mover.id_number or "",
            name=mover.name,
            reason="已经搬到本社区居住，来办求职登记（演示）",
            address=f"{to.name}1号楼1单元101室",
        )


def _account(actor: Actor, entry: Mapping[str, str]) -> Account:
    unit = _unit(entry["unit"])
    account = create_account(
        actor=actor,
        unit=unit,
        username=entry["username"],
        name=entry["name"],
        password=queries.password_of(entry["username"]),
        synthetic=True,
    )
    grant_membership(
        actor=actor,
        account=account,
        role=entry["role"],
        unit=unit,
        capacity=entry.get("capacity", ""),
    )
    return account


def _resident(actor: Actor, entry: Mapping[str, str]) -> None:
    """Let somebody with an assistance file sign in: who was contacted most, the first of equals."""
    path = _unit(entry["unit"]).path
    with fence(actor):
        if Account.objects.visible_to(actor).filter(username=entry["username"]).exists():
            return
        chosen = (
            AssistanceFile.objects.visible_to(actor)
            .filter(unit_path__gte=path, unit_path__lt=path_end(path), state=FileState.OPEN)
            .annotate(contacted=Count("contacts"))
            .order_by("-contacted", "pk")
            .first()
        )
        if chosen is not None:
            answers = Membership.objects.active().filter(account=chosen.worker_id or 0).first()
            open_account(
                # As at the station: whoever answers for the file opens it, if anybody does.
                actor=actor_of(answers) if answers else actor,
                person_id=chosen.person_id,
                username=entry["username"],
                password=queries.password_of(entry["username"]),
                synthetic=True,
            )


def demonstration_pack() -> Path:
    found = sorted(settings.PACKS_DIR.glob("*/simulation/demonstration.yaml"))
    if not found:
        raise NoAreaTree(f"no pack below {settings.PACKS_DIR} describes a demonstration")
    return found[0].parents[1]


def demonstration_plan() -> Mapping[str, Any]:
    """`demonstration.yaml`. Raises `NoAreaTree` if no pack has one."""
    return read_yaml(demonstration_pack(), "demonstration")


def _unit(code: str) -> Unit:
    try:
        return Unit.objects.get(code=code)
    except Unit.DoesNotExist as error:
        raise NoAreaTree(f"the unit {code} is not in the database: run ./weiye setup") from error


def _lock() -> None:
    """Two loads at once: the second waits here, and then finds everything done."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
