"""Reading purposes, consents and what is to end."""

from collections.abc import Mapping

from django.db.models import QuerySet

from weiye.base.scope.actor import Actor

from .models import Consent
from .pack import Purpose

#: ("person", 17) or ("institution", 3)
Subject = tuple[str, int]


class ConsentMissing(Exception):
    """The subject has not agreed to the purpose; the message is for the worker."""


def purposes(path: str) -> Mapping[str, Purpose]:
    """The purposes of the pack in force at ``path`` by id; none where it says nothing."""
    from weiye.base.packs.queries import pack_in_force
    from weiye.base.packs.reading import PackError

    try:
        return pack_in_force(path.replace("/", "").ljust(12, "0")[:12]).purposes
    except PackError:
        return {}


def consents_of(actor: Actor, kind: str, key: int) -> QuerySet[Consent]:
    """All consents of one subject, the newest first, withdrawn ones included."""
    column = {"person": "person_id", "institution": "institution_id"}[kind]
    return Consent.objects.visible_to(actor).filter(**{column: key})


def in_force(actor: Actor, subject: Subject, purpose: str) -> Consent | None:
    """The consent that stands, if the subject gave one and did not take it back."""
    rows = consents_of(actor, *subject).filter(purpose=purpose, withdrawn_at__isnull=True)
    return rows.first()


def require_consent(*, actor: Actor, subject: Subject, purpose: str, path: str) -> None:
    """Raise `ConsentMissing` unless the purpose is a statutory duty or the subject agreed to it.

    For every action that uses data for a purpose that is not its holder's duty. An unknown purpose
    is refused: the pack must name it.
    """
    found = purposes(path).get(purpose)
    if found is None:
        raise ConsentMissing(f"政策包里没有用途“{purpose}”，不能这样使用个人信息。")
    if found.needs_consent and in_force(actor, subject, purpose) is None:
        raise ConsentMissing(f"本人还没有同意“{found.title}”，请先征得同意并登记。")
