"""One household: who lives there, who works, and which groups that makes."""

from dataclasses import dataclass
from datetime import date

from weiye.base.privacy.fields import masked
from weiye.base.scope.actor import Actor
from weiye.registers.people import queries as people
from weiye.registers.people.frames import community_code
from weiye.registers.people.models import EmploymentStatus, Household, Person

from ..jurisdiction import pack_of
from ..models import GroupMembership
from .ledger import ledger

EMPLOYED = (EmploymentStatus.EMPLOYED, EmploymentStatus.FLEXIBLE)
# Whose status alone says whether they count as out of work.
SETTLED = (
    *EMPLOYED,
    EmploymentStatus.AT_SCHOOL,
    EmploymentStatus.RETIRED,
    EmploymentStatus.SERVING,
)
# The group that speaks of whole households; packs share stable ids.
NOBODY_EMPLOYED = "零就业家庭"


@dataclass(frozen=True)
class HouseholdPage:
    household: Household
    masked_address: str
    members: list[Person]
    """`dressed`, those who live in the actor's area, the eldest first."""
    stays: list[GroupMembership]
    """The groups that they are in, by member."""
    employed: int
    able: int
    """Known to be able and willing to work."""
    unclear: list[str]
    """Names of those of working age of whom it is not known whether they work, can or want to."""

    @property
    def nobody_employed(self) -> GroupMembership | None:
        """Why the rules hold it for a household without anybody in work; None if they do not."""
        return next((stay for stay in self.stays if stay.group == NOBODY_EMPLOYED), None)


def household_page(actor: Actor, *, household_id: int, as_of: date) -> HouseholdPage:
    """Raises `NotAllowed` without ``people.read``, ``Household.DoesNotExist`` outside the area.
    Three queries."""
    actor.require("people.read")
    household = Household.objects.visible_to(actor).select_related("unit").get(pk=household_id)
    members = list(
        ledger(actor, as_of=as_of).filter(household_id=household.pk).order_by("birth_date", "pk")
    )
    youngest = _working_age(household.unit_path, as_of)
    stays = list(
        GroupMembership.objects.visible_to(actor)
        .filter(person__in=[member.pk for member in members], left_on__isnull=True)
        .select_related("person")
        .defer(*(f"person__{name}" for name in people.ENCRYPTED))
        .order_by("person__birth_date", "person_id", "group")
    )
    return HouseholdPage(
        household=household,
        masked_address=masked(household, "address"),
        members=members,
        stays=stays,
        employed=sum(_status(member) in EMPLOYED for member in members),
        able=sum(bool(member.labour_capacity and member.work_wish) for member in members),
        unclear=[member.name for member in members if _is_unclear(member, youngest)],
    )


def _status(member: Person) -> str:
    return getattr(member, "employment_status", None) or ""


def _working_age(path: str, day: date) -> int:
    """From which age on somebody may work, as the pack says."""
    known = pack_of(path, day).parameters.get("working_age_min")
    return int(known.value(day, community_code(path)) or 0) if known is not None else 0


def _is_unclear(member: Person, youngest: int) -> bool:
    """Whether the rules lack a fact that decides; children and pensioners decide nothing."""
    age: int | None = getattr(member, "age", None)
    if (age is not None and age < youngest) or member.pension_drawn:
        return False
    if _status(member) in SETTLED:
        return False
    return not _status(member) or member.labour_capacity is None or member.work_wish is None
