"""What the pages of accounts share."""

from typing import Any

from django.http import Http404, HttpRequest
from django.utils import timezone

from weiye.base.accounts import queries
from weiye.base.scope.actor import Actor


def actor_of(request: HttpRequest) -> Actor:
    """The one who asks; the gate has set it."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


def account_or_404(actor: Actor, account_id: int) -> Any:
    found = queries.accounts_of(actor, now=timezone.now()).filter(pk=account_id).first()
    if found is None:
        raise Http404
    return found
