"""Reading one's own drafts and preferences."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from weiye.base.scope.actor import Actor

from .models import Draft, Preference


@dataclass(frozen=True)
class Typed:
    """What was typed into a form: field → values, and when it was last kept."""

    fields: dict[str, list[str]]
    saved_at: datetime


def draft(actor: Actor, form: str) -> Typed | None:
    if actor.account_id is None:
        return None
    found = Draft.objects.filter(account_id=actor.account_id, form=form).first()
    return Typed(json.loads(found.content or "{}"), found.saved_at) if found else None


def preference(actor: Actor, key: str) -> Any:
    """The value that was chosen, or None."""
    if actor.account_id is None:
        return None
    found = Preference.objects.filter(account_id=actor.account_id, key=key)
    return found.values_list("value", flat=True).first()
