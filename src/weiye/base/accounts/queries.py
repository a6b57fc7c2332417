"""Who is signed in, as an actor."""

from django.http import HttpRequest

from weiye.base.scope.actor import Actor
from weiye.base.scope.fence import fence, own

from .models import Membership
from .roles import roles

SESSION_KEY = "membership"


def actor_of(membership: Membership) -> Actor:
    role = roles()[membership.role]
    return Actor(
        account_id=membership.account_id,
        name=membership.account.name,
        role=membership.role,
        path=membership.unit_path,
        unit_id=membership.unit_id,
        unit_name=membership.unit.name,
        rights=role.rights,
        membership_id=membership.pk,
        subject=(membership.subject_kind, membership.subject_id)
        if membership.subject_id is not None
        else None,
    )


def memberships_of(account_id: int) -> list[Membership]:
    """The account's own memberships in force, wherever they are; [] if it is switched off."""
    with fence(own(account_id)):
        return list(Membership.objects.active().filter(account_id=account_id).order_by("pk"))


def actor_of_request(request: HttpRequest) -> Actor | None:
    """The actor of the signed-in account, or None.

    The session names the membership; it must still belong to the account, else the first one
    that does is taken.
    """
    if not request.user.is_authenticated:
        return None
    memberships = memberships_of(request.user.pk)
    if not memberships:
        return None
    wanted = request.session.get(SESSION_KEY)
    chosen = next((m for m in memberships if m.pk == wanted), memberships[0])
    return actor_of(chosen)
