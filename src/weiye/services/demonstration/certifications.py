"""A few certifications in different states, brought there by the actions that people use."""

import uuid
from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction

from weiye.base.accounts.models import Membership
from weiye.base.accounts.queries import actor_of
from weiye.base.scope.actor import Actor, system
from weiye.base.scope.fence import fence
from weiye.services.certification import actions, queries
from weiye.services.certification.terms import terms_of

_NAMES: Final = uuid.UUID("3f1d2c6e-0000-4000-8000-00000000e006")
# How far each goes, and how many days ago it began.
STAGES: Final = (
    ("open", 1),
    ("submit", 3),
    ("accept", 6),
    ("review", 9),
    ("require", 12),
    ("publish", 4),
    ("publish", 16),
    ("refuse", 12),
    ("certify", 60),
    ("certify", 380),
    ("certify", 420),
)
_PATH: Final = ("submit", "accept", "review", "publish", "certify")
_NOTES: Final = {
    "review": "入户核实，情况属实，建议认定。（演示）",
    "require": "请补充家庭成员就业情况说明。（演示）",
    "refuse": "经核实，家中有成员稳定就业。（演示）",
}
# More are tried than are wanted: long ago not everybody met the rule.
_TRIED: Final = 120


def play(*, actor: Actor, unit_path: str, as_of: date) -> int:
    """Cases of people whom the rule proposes; returns how many. Called again it adds none.

    Nothing where the demonstration has no account at each of the three desks.
    """
    actor.require("demonstration.load", unit_path)
    with fence(system()):
        desks = [_at(unit_path, depth, role) for depth, role in _DESKS]
    if None in desks or queries.cases(system(unit_path)).exists():
        return 0
    worker, clerk, county = (desk for desk in desks if desk is not None)
    who = {"submit": worker, "accept": worker, "review": clerk, "require": clerk}
    people = iter(list(queries.suggestions(worker, as_of=as_of)[:_TRIED]))
    made = 0
    for stage, days in STAGES:
        for person in people:
            try:
                with transaction.atomic():
                    begun = as_of - timedelta(days=days)
                    _bring(person.pk, stage, begun, as_of, who, worker, county)
            except ValidationError:
                continue
            made += 1
            break
    actions.open_checks(actor=actor, on=as_of)
    actions.refresh_notices(actor=actor, on=as_of)
    return made


_DESKS: Final = ((5, "station_worker"), (4, "street_clerk"), (3, "county_agency"))


def _at(path: str, depth: int, role: str) -> Actor | None:
    unit = "/".join(path.split("/")[:depth]) + "/"
    held = Membership.objects.active().filter(role=role, unit_path=unit, account__synthetic=True)
    found = held.order_by("pk").first()
    return actor_of(found) if found else None


def _bring(
    person_id: int,
    stage: str,
    on: date,
    today: date,
    who: dict[str, Actor],
    worker: Actor,
    county: Actor,
) -> None:
    judged = queries.judged(worker, person_id, as_of=on)
    met = [known.id for known, clause in judged.categories() if clause["verdict"] == "met"]
    if not met:
        raise ValidationError("not met then")
    case = actions.open_case(
        actor=worker,
        person_id=person_id,
        category=met[0],
        token=uuid.uuid5(_NAMES, f"{person_id}"),
        on=on,
        consent="本人到站当面要求（演示）",
    )
    steps = _PATH[: _PATH.index(stage) + 1] if stage in _PATH else _BEFORE[stage]
    for step in steps:
        if step == "certify":
            on = terms_of(case.unit_path, on).calendar.add(on, 6)
            if on > today:
                raise ValidationError("the notice still runs")
        do: Callable[..., object] = getattr(actions, step)
        note = {"note": _NOTES[step]} if step in _NOTES else {}
        do(actor=who.get(step, county), case_id=case.pk, on=on, **note)


_BEFORE: Final[dict[str, tuple[str, ...]]] = {
    "open": (),
    "require": ("submit", "accept", "require"),
    "refuse": ("submit", "accept", "review", "refuse"),
}
