"""What the desk's views share."""

from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from weiye.base.accounts import emergency
from weiye.base.runs.models import FINISHED, Run
from weiye.base.scope.actor import Actor
from weiye.registers.people.transfers import queries as transfers
from weiye.services.exchange import queries as exchange
from weiye.services.exchange.models import ImportBatch, ImportState

NEWS = timedelta(hours=12)


def actor_of(request: HttpRequest) -> Actor:
    """The one who asks; the gate has set it."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


def runs_of(actor: Actor, *kinds: str) -> list[Run]:
    """Long work of the actor's unit that goes on, or ended within the last hours; newest first."""
    rows = Run.objects.visible_to(actor).filter(unit_path=actor.path)
    if kinds:
        rows = rows.filter(kind__in=kinds)
    # A check leads on to its import's page; of itself it is no news.
    rows = rows.exclude(kind__endswith=".check")
    recent = Q(finished_at__gte=timezone.now() - NEWS) | ~Q(state__in=FINISHED)
    return list(rows.filter(recent).select_related("file").order_by("-id")[:5])


def unfinished(actor: Actor) -> list[ImportBatch]:
    """Imports that somebody began and did not finish; newest first."""
    if not actor.can("people.import"):
        return []
    open_states = (ImportState.UPLOADED, ImportState.CHECKED)
    return list(exchange.batches(actor).filter(state__in=open_states).order_by("-id")[:3])


def access_notes(actor: Actor) -> dict[str, Any]:
    """What the first page says of access: who looked in an emergency, what waits for an answer."""
    return {
        "emergencies": list(emergency.news(actor).order_by("-starts_at")[:5]),
        "to_judge": emergency.to_judge(actor).count(),
        "may_review": actor.can("emergency.review"),
        "transfers_waiting": transfers.waiting(actor).count(),
        "links": {
            "transfers": actor.can("transfers.decide"),
            "emergency": actor.can("emergency.claim") and actor.until is None,
            "cover": actor.until is None and actor.subject is None,
        },
    }
