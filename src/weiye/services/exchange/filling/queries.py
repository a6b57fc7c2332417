"""Reading templates, and whom a report is about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet

from weiye.base.privacy.fields import blind_indexes
from weiye.base.scope.actor import Actor
from weiye.registers.people import queries as people
from weiye.registers.people.models import Person
from weiye.services.assistance import queries as assistance

from .asked import labels
from .models import ReportTemplate
from .template import Template, read_template


@dataclass(frozen=True, slots=True)
class About:
    """Whom a report is about: empty means everybody of the area."""

    group: str = ""
    status: str = ""
    file: str = ""
    """``yes``: those with an open assistance file."""


def templates(actor: Actor) -> QuerySet[ReportTemplate]:
    """Those that can still be filled, the latest first."""
    return (
        ReportTemplate.objects.visible_to(actor)
        .filter(unit_path=actor.path, file__isnull=False)
        .select_related("run")
        .order_by("-id")
    )


def template(actor: Actor, template_id: int) -> tuple[ReportTemplate, Template]:
    """One template with what was recognised in it, else ``ReportTemplate.DoesNotExist``."""
    found = templates(actor).select_related("file", "run").get(pk=template_id)
    if found.file is None:  # pragma: no cover - `templates` leaves these out
        raise ReportTemplate.DoesNotExist
    return found, read_template(found.name, found.file.read())


def fields() -> list[tuple[str, str]]:
    return list(labels().items())


def chosen(actor: Actor, about: About, *, as_of: date) -> QuerySet[Person]:
    """The people a report is about, by community, then by name."""
    rows = assistance.ledger(actor, as_of=as_of)
    if about.group:
        rows = assistance.in_group(rows, about.group)
    if about.status:
        rows = people.with_status(rows, about.status, as_of)
    if about.file == "yes":
        rows = assistance.with_file(rows)
    return rows.order_by("unit_path", "name_key", "pk")


def by_number(actor: Actor, numbers: Sequence[str]) -> dict[str, int]:
    """ID number → person, for those of the area."""
    wanted = {index: number for number in numbers for index in blind_indexes(number)}
    found = people.bearers(list(wanted))
    here = people.people(actor).filter(pk__in=found.values()).order_by("pk")
    seen = set(here.values_list("pk", flat=True))
    return {wanted[index]: key for index, key in sorted(found.items()) if key in seen}
