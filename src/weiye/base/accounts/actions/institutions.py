"""Employers and institutions that accounts act for."""

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from weiye.base.audit.actions import record
from weiye.base.privacy.identifiers import IdentifierError, read_uscc
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import Actor, NotAllowed

from ..models import Institution, InstitutionKind, Membership
from .memberships import grantable, lasting


def registrable(actor: Actor) -> list[InstitutionKind]:
    """The kinds that the actor may register and switch: those whose role it could grant; 其他机构,
    which no role acts for, with any of them."""
    given = {role.key for role in grantable(actor) if role.subject == "institution"}
    kinds = [kind for kind in InstitutionKind if kind in given]
    return [*kinds, InstitutionKind.OTHER] if kinds else []


def create_institution(
    *,
    actor: Actor,
    kind: str,
    name: str,
    unit: Unit,
    credit_code: str = "",
    synthetic: bool = False,
) -> Institution:
    """Register an institution with its seat at ``unit``.

    ``credit_code``: 统一社会信用代码 (GB 32100), empty for those who have none (households as
    employers). Raises `NotAllowed` and ``ValidationError`` by field (Chinese sentences).
    """
    lasting(actor)
    actor.require("accounts.manage", unit.path)
    name = name.strip()
    wrong: dict[str, str] = {}
    if not name:
        wrong["name"] = "请填写机构名称。"
    if kind not in InstitutionKind.values:
        wrong["kind"] = "请选择机构类别。"
    elif kind not in registrable(actor):
        raise NotAllowed(f"role {actor.role} may not register {kind}")
    try:
        code = read_uscc(credit_code.strip()) if credit_code.strip() else None
    except IdentifierError as error:
        wrong["credit_code"] = f"{error}。"
    if not credit_code.strip() and kind != InstitutionKind.EMPLOYER:
        wrong["credit_code"] = "请填写统一社会信用代码；只有个人雇主可以不填。"
    if wrong:
        raise ValidationError(wrong)
    try:
        with transaction.atomic():
            made = Institution.objects.create(
                kind=kind,
                name=name,
                credit_code=code,
                unit=unit,
                unit_path=unit.path,
                synthetic=synthetic,
            )
            record(
                actor=actor,
                verb="institution.create",
                path=unit.path,
                thing=made,
                detail={"kind": kind},
            )
    except IntegrityError as error:
        raise ValidationError(
            {"credit_code": "这个统一社会信用代码已经登记过，可能在别的单位名下，请联系上级核对。"}
        ) from error
    return made


def switch_institution(*, actor: Actor, institution_id: int, on: bool) -> Institution:
    """Switch an institution on or off; off, its members' memberships end with it.

    Raises ``Institution.DoesNotExist`` outside the actor's area, `NotAllowed` for a kind that is
    not the actor's to register.
    """
    lasting(actor)
    actor.require("accounts.manage")
    with transaction.atomic():
        found = (
            Institution.objects.visible_to(actor)
            .select_for_update(of=("self",))
            .get(pk=institution_id)
        )
        if found.kind not in registrable(actor):
            raise NotAllowed(f"role {actor.role} may not switch {found.kind}")
        if found.is_active != on:
            found.is_active = on
            found.save(update_fields=["is_active"])
            now, ended = timezone.now(), 0
            if not on:
                held = Membership.objects.in_force(now).visible_to(actor)
                ended = held.filter(subject_kind="institution", subject_id=found.pk).update(
                    ends_at=now
                )
            verb = "institution.on" if on else "institution.off"
            record(
                actor=actor, verb=verb, path=found.unit_path, thing=found, detail={"ended": ended}
            )
    return found
