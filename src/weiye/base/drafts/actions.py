"""Keeping and throwing away what one account typed or chose for itself.

Nothing here is audited: a draft is no fact yet, nobody but its author reads it, and a line in the
log for every few seconds of typing would hide what matters.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from weiye.base.scope.actor import Actor, NotAllowed, system
from weiye.base.scope.fence import fence

from .models import Draft, Preference

FORM = re.compile(r"[a-z][a-z0-9-]{0,39}(:[A-Za-z0-9-]{1,40})?")
MOST_BYTES = 64 * 1024
MOST_FIELDS = 300
KEPT = timedelta(days=30)
# Never kept, whatever the page sends.
SECRET = re.compile(r"passw|secret|token|otp|captcha|reveal|credential", re.IGNORECASE)


class DraftRefused(Exception):
    """What was sent cannot be kept; the message is a Chinese sentence."""


def _account(actor: Actor) -> int:
    if actor.account_id is None:
        raise NotAllowed("only an account keeps drafts and preferences")
    return actor.account_id


def save(*, actor: Actor, form: str, fields: Mapping[str, Sequence[str]]) -> Draft:
    """Keep what ``actor`` has typed into a form (``vacancy:17``: its name and the object's id).

    Raises `DraftRefused` for a name that is none, or for more than a form holds.
    """
    account = _account(actor)
    if not FORM.fullmatch(form):
        raise DraftRefused("不认识这个表单。")
    kept = {name: list(values) for name, values in fields.items() if not SECRET.search(name)}
    content = json.dumps(kept, ensure_ascii=False)
    if len(content.encode()) > MOST_BYTES or len(kept) > MOST_FIELDS:
        raise DraftRefused("内容太长，没有自动保存；提交不受影响。")
    row = Draft(
        account_id=account,
        unit_path=actor.path,
        form=form,
        content=content,
        saved_at=timezone.now(),
    )
    # One statement: two windows of one person may save in the same moment.
    Draft.objects.bulk_create(
        [row],
        update_conflicts=True,
        unique_fields=["account", "form"],
        update_fields=["content", "saved_at", "unit_path"],
    )
    return row


def discard(*, actor: Actor, form: str) -> bool:
    """Throw a draft away: it was sent, or is not wanted. Whether there was one."""
    count, _ = Draft.objects.filter(account_id=_account(actor), form=form).delete()
    return count > 0


def expire(as_of: date) -> int:
    """Remove drafts that lay untouched for `KEPT` by the day ``as_of``; how many.

    Called by the nightly retention job.
    """
    with fence(system()):
        before = as_of - KEPT
        count, _ = Draft.objects.filter(saved_at__date__lt=before).delete()
    return count


def prefer(*, actor: Actor, key: str, value: Any) -> None:
    """Remember a choice of the account; ``None`` forgets it."""
    account = _account(actor)
    if value is None:
        Preference.objects.filter(account_id=account, key=key).delete()
        return
    Preference.objects.update_or_create(
        account_id=account, key=key, defaults={"value": value, "unit_path": actor.path}
    )
