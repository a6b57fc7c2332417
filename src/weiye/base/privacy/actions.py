"""Consent given and withdrawn."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from weiye.base.audit.actions import record
from weiye.base.scope.actor import Actor, NotAllowed, system
from weiye.base.scope.fence import fence

from . import queries
from .keyring import sm3
from .models import Consent, Way
from .queries import Subject

RIGHT = "consents.record"


def give(
    *,
    actor: Actor,
    subject: Subject,
    path: str,
    purpose: str,
    way: str,
    paper: str = "",
    at: datetime | None = None,
) -> Consent:
    """Record that a subject at ``path`` agrees to a purpose of the pack in force there.

    At the door and at the station the actor is the witness; a resident agrees for itself alone,
    on line. Raises ``ValidationError`` with a sentence, `NotAllowed` without ``consents.record``.
    """
    own = actor.subject is not None
    if own and (actor.subject != subject or way != Way.SELF):
        raise NotAllowed("a subject agrees for itself alone")
    if not own:
        actor.require(RIGHT, path)
        if way == Way.SELF:
            raise ValidationError({"way": "“本人在线”只能由本人办理。"})
    found = queries.purposes(path).get(purpose)
    if found is None or not found.needs_consent:
        raise ValidationError({"purpose": "没有这一项需要同意的用途。"})
    if way not in Way.values:
        raise ValidationError({"way": "请选择同意的方式。"})
    paper = paper.strip()[:100]
    if way == Way.PAPER and not paper:
        raise ValidationError({"paper": "请写明纸质材料存放在哪里。"})
    now = timezone.now()
    when = at or now
    if when > now:
        raise ValidationError({"at": "同意的时间不能晚于现在。"})
    kind, key = subject
    try:
        # A resident's own login writes nothing: what was checked is written as the unit's.
        with fence(system(path)) if own else transaction.atomic():
            row = Consent.objects.create(
                unit_path=path,
                person_id=key if kind == "person" else None,
                institution_id=key if kind == "institution" else None,
                purpose=found.id,
                title=found.title,
                basis=found.basis,
                text_version=found.version,
                text_digest=sm3(found.text.encode()).hex(),
                way=way,
                paper=paper,
                given_at=when,
                account_id=actor.account_id,
                recorded_by=actor.name[:64],
            )
    except IntegrityError:
        raise ValidationError({"purpose": "这一项已经同意过了。"}) from None
    record(
        actor=actor,
        verb="consent.give",
        path=path,
        thing=(kind, str(key)),
        detail={"purpose": found.id, "way": way, "text": found.version, "consent": row.pk},
    )
    return row


@transaction.atomic
def withdraw(*, actor: Actor, consent_id: int, because: str = "") -> Consent:
    """End a consent; it is as easy as giving it, and needs no reason (PIPL §15).

    Raises ``Consent.DoesNotExist`` outside the actor's rows.
    """
    if actor.subject is None:
        actor.require(RIGHT)
    row = Consent.objects.visible_to(actor).get(pk=consent_id)
    if row.withdrawn_at is not None:
        return row
    with fence(system(row.unit_path)):
        Consent.objects.select_for_update().get(pk=row.pk)
        row.withdrawn_at = timezone.now()
        row.withdrawn_by, row.withdrawn_because = actor.name[:64], because.strip()[:200]
        row.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawn_because"])
    kind, key = row.subject
    record(
        actor=actor,
        verb="consent.withdraw",
        path=row.unit_path,
        thing=(kind, str(key)),
        detail={"purpose": row.purpose, "consent": row.pk},
    )
    return row
