"""Absence cover: a colleague, for some days, with the absent one's role and no more."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.desks.community.conftest import helped  # noqa: F401
from tests.world import account, actor, sign_in
from weiye.base.accounts import actions as keep
from weiye.base.accounts import cover, emergency
from weiye.base.accounts.actions import create_account, end_membership, grant_membership
from weiye.base.accounts.actions import second_factor as factors
from weiye.base.accounts.exceptions import terms
from weiye.base.accounts.models import Membership
from weiye.base.accounts.queries import actor_of, memberships_of
from weiye.base.audit.models import AuditEntry
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import Actor, NotAllowed, system
from weiye.base.scope.fence import fence
from weiye.services.assistance.queries.person import responsible_memberships

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("ORG-2")]


def own(username: str) -> int:
    found = actor(username).membership_id
    assert found is not None
    return found


def named(who: Actor, absent: str = "worker-a", by: str = "worker-b", **more: object) -> Membership:
    today = timezone.localdate()
    values = {"first": today, "last": today + timedelta(days=2), "reason": "休假", **more}
    with fence(who):
        return cover.name_cover(
            actor=who,
            absent_id=own(absent),
            username=by,
            today=today,
            **values,  # type: ignore[arg-type]
        )


def midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def test_it_begins_and_ends_by_itself() -> None:
    found = named(actor("clerk"))
    today = timezone.localdate()
    assert found.starts_at == midnight(today)
    assert found.ends_at == midnight(today + timedelta(days=3))
    mine = [m.pk for m in memberships_of(account("worker-b").pk)]
    assert mine == [own("worker-b"), found.pk]
    with fence(system()):
        rows = Membership.objects.filter(pk=found.pk)
        assert rows.in_force(found.ends_at - timedelta(seconds=1)).exists()
        assert not rows.in_force(found.ends_at).exists()
        assert not rows.in_force(found.starts_at - timedelta(seconds=1)).exists()


def test_the_cover_has_the_role_of_the_absent_one_and_no_more() -> None:
    """Even somebody of the street, who has more rights at home."""
    found = named(actor("county"), by="clerk")
    with fence(system()):
        covering = actor_of(Membership.objects.select_related("account", "unit").get(pk=found.pk))
    absent = actor("worker-a")
    assert covering.rights == absent.rights - terms()[1].withheld
    assert covering.path == absent.path
    assert not covering.can("accounts.manage")
    assert covering.covering == absent.account_id
    assert covering.accounts == (account("clerk").pk, absent.account_id)


def test_tasks_of_the_absent_one_are_the_covers(helped) -> None:  # type: ignore[no-untyped-def]  # noqa: F811
    from weiye.services.assistance.models import AssistanceFile

    made = helped("王小明")
    with fence(system()):
        AssistanceFile.objects.filter(pk=made.file.pk).update(worker=account("worker-a"))
    found = named(actor("worker-a"))
    client = Client()
    sign_in(client, "worker-b")
    assert "测试甲社区" in client.get(reverse("components:switch")).content.decode()
    client.post(reverse("components:switch"), {"membership": found.pk})
    page = client.get("/community/?mine=1").content.decode()
    assert "王小明" in page
    assert "代班中：测试甲社区" in page
    client.get(f"/community/people/{made.person.pk}/")
    with fence(system()):
        entry = AuditEntry.objects.filter(verb="person.read").latest("id")
        able = responsible_memberships([made.person.unit_path])
    assert entry.detail["covering"] == account("worker-a").pk
    # Files are still given to those who stay.
    assert found.pk not in {membership.pk for membership in able}


@pytest.mark.parametrize(
    ("username", "absent", "allowed"),
    [
        ("worker-a", "worker-a", True),
        ("clerk", "worker-a", True),
        ("county", "worker-a", True),
        ("worker-b", "worker-a", False),
        ("grid-a", "worker-a", False),
        ("worker-d", "worker-a", False),
        ("worker-a", "grid-a", False),
        ("clerk", "clerk", True),
        ("clerk", "county", False),
    ],
)
def test_leaders_and_oneself_name_a_cover(username: str, absent: str, allowed: bool) -> None:
    who = actor(username)
    by = "worker-b" if absent != "clerk" else "worker-a"
    if allowed:
        assert named(who, absent, by).pk
    else:
        with pytest.raises(Membership.DoesNotExist):
            named(who, absent, by)


def test_who_works_next_door_is_named_but_not_shown() -> None:
    """A worker sees the own unit's colleagues; a neighbour is not picked by a number."""
    who, today = actor("worker-a"), timezone.localdate()
    with fence(who):
        seen = {m.account_name for m in cover.colleagues(who, own("worker-a"))}
        with pytest.raises(ValidationError):
            cover.name_cover(
                actor=who,
                absent_id=own("worker-a"),
                account_id=account("worker-b").pk,
                first=today,
                last=today,
                today=today,
            )
    assert "grid-a" in seen
    assert "worker-b" not in seen
    assert named(who, by="worker-b").account_name == "worker-b"


def test_a_colleague_of_the_unit_or_street_alone() -> None:
    for stranger in ("worker-c", "worker-d", "county", "worker-a"):
        with pytest.raises(ValidationError, match="同一单位或同一街道"):
            named(actor("clerk"), by=stranger)
    with pytest.raises(ValidationError):
        named(actor("clerk"), by="grid-a", first=timezone.localdate() - timedelta(days=1))
    assert named(actor("clerk"), by="grid-a").role == "station_worker"


@pytest.mark.parametrize(("first", "last"), [(0, 30), (1, 0), (-1, 3), (61, 62)])
def test_days_within_bounds(first: int, last: int) -> None:
    today = timezone.localdate()
    with pytest.raises(ValidationError):
        named(
            actor("clerk"), first=today + timedelta(days=first), last=today + timedelta(days=last)
        )
    assert named(actor("clerk"), last=today + timedelta(days=29)).pk


def test_one_at_a_time_and_a_double_click_is_one() -> None:
    first = named(actor("clerk"))
    assert named(actor("clerk")).pk == first.pk
    with pytest.raises(ValidationError, match="已经安排"):
        named(actor("clerk"), by="grid-a")


def test_ended_early_by_a_leader_or_the_absent_one() -> None:
    found = named(actor("clerk"))
    for stranger in ("worker-b", "worker-c", "worker-d"):
        who = actor(stranger)
        with fence(who), pytest.raises(Membership.DoesNotExist):
            cover.end_cover(actor=who, cover_id=found.pk)
    who = actor("worker-a")
    with fence(who):
        cover.end_cover(actor=who, cover_id=found.pk)
        assert AuditEntry.objects.filter(verb="cover.end").count() == 1
    assert [m.pk for m in memberships_of(account("worker-b").pk)] == [own("worker-b")]
    assert named(actor("clerk"), by="grid-a").pk


def test_who_covers_names_no_further_cover() -> None:
    found = named(actor("clerk"))
    with fence(system()):
        covering = actor_of(Membership.objects.select_related("account", "unit").get(pk=found.pk))
    with fence(covering), pytest.raises(NotAllowed):
        cover.name_cover(
            actor=covering,
            absent_id=own("worker-a"),
            account_id=account("grid-a").pk,
            first=timezone.localdate(),
            last=timezone.localdate(),
            today=timezone.localdate(),
        )


def test_the_cover_ends_with_the_absent_ones_own_membership() -> None:
    clerk = actor("clerk")
    with fence(system()):
        unit = Unit.objects.get(pk=actor("worker-a").unit_id)
        new = create_account(
            actor=system(),
            username="leaver",
            name="leaver",
            password="correct horse Battery 9",
            unit=unit,
        )
        leaving = grant_membership(actor=system(), account=new, role="station_worker", unit=unit)
    today = timezone.localdate()
    with fence(clerk):
        found = cover.name_cover(
            actor=clerk,
            absent_id=leaving.pk,
            account_id=account("worker-b").pk,
            first=today,
            last=today,
            today=today,
        )
        later = cover.name_cover(
            actor=clerk,
            absent_id=leaving.pk,
            account_id=account("worker-b").pk,
            first=today + timedelta(days=3),
            last=today + timedelta(days=3),
            today=today,
        )
        end_membership(actor=clerk, membership_id=leaving.pk)
    with fence(system()):
        assert not Membership.objects.in_force().filter(pk=found.pk).exists()
        assert not Membership.objects.in_force(later.starts_at).filter(pk=later.pk).exists()


def test_the_pages_name_and_end() -> None:
    client, today = Client(), timezone.localdate()
    sign_in(client, "clerk")
    page = client.get(f"/administration/access/covers/?absent={own('worker-a')}").content.decode()
    assert "worker-b" in page
    assert "worker-c" not in page.split("c-absent")[-1].split("</form>")[1]
    sent = {
        "absent": own("worker-a"),
        "account_id": account("worker-b").pk,
        "first": today.isoformat(),
        "last": today.isoformat(),
    }
    assert client.post("/administration/access/covers/", sent).status_code == 302
    with fence(system()):
        found = Membership.objects.get(origin="cover")
    assert client.post(f"/administration/access/covers/{found.pk}/end/").status_code == 302
    assert client.get("/administration/access/covers/?absent=999999999").status_code == 404
    sign_in(client, "worker-a")
    sent.pop("absent")
    url = "/community/cover/"
    assert client.post(url, sent).status_code == 422
    assert client.post(url, {**sent, "account_id": ""}).status_code == 422
    assert client.post(url, {**sent, "account_id": "", "username": "worker-c"}).status_code == 422
    assert client.post(url, {**sent, "account_id": "", "username": "worker-b"}).status_code == 302


@pytest.mark.parametrize(
    ("leader", "absent"),
    [
        ("county-d", "admin-d"),
        ("admin-d", "county-d"),
        ("admin-d", "worker-d"),
        ("admin-d", "auditor-d"),
        ("county-d", "auditor-d"),
        ("clerk", "worker-a"),
        ("county", "grid-a"),
    ],
)
def test_no_leader_takes_a_role_for_itself(leader: str, absent: str) -> None:
    who, today = actor(leader), timezone.localdate()
    for chosen in ({"account_id": account(leader).pk}, {"username": leader}):
        with fence(who), pytest.raises((ValidationError, Membership.DoesNotExist)):
            cover.name_cover(
                actor=who, absent_id=own(absent), first=today, last=today, today=today, **chosen
            )
    with fence(system()):
        assert not Membership.objects.filter(origin="cover").exists()


def test_a_leader_hands_over_only_what_it_could_grant() -> None:
    """The county's clerk cannot make an administrator of a colleague either."""
    who = actor("county-d")
    with fence(who):
        seen = {m.role for m in cover.absent_ones(who)}
        assert own("admin-d") not in {m.pk for m in cover.absent_ones(who)}
        assert own("county-d") in {m.pk for m in cover.absent_ones(who)}
        assert account("county-d").pk not in {
            m.account_id for m in cover.colleagues(who, own("worker-d"))
        }
    assert not seen & {"administrator", "auditor"}
    with pytest.raises(Membership.DoesNotExist):
        named(who, "admin-d", "worker-d")


def test_the_pages_offer_nobody_a_role_of_their_own() -> None:
    client, today = Client(), timezone.localdate().isoformat()
    sign_in(client, "county-d")
    url = reverse("administration:covers")
    sent = {"account_id": account("county-d").pk, "first": today, "last": today}
    assert client.post(url, {**sent, "absent": own("admin-d")}).status_code == 404
    assert client.post(url, {**sent, "absent": own("worker-d")}).status_code == 422


def by_exception(kind: str) -> Actor:
    """Somebody who covers an administrator, or has an emergency open; with all the rights of the
    role, as if none were withheld."""
    if kind == "cover":
        made = named(actor("admin"), "county", "department").pk
    else:
        who = actor("county")
        with fence(who):
            unit = Unit.objects.get(path=actor("worker-d").path)
            reason = "居民突发疾病，需要马上联系家属"
            made = emergency.claim(actor=who, unit=unit, category="safety", reason=reason).pk
    with fence(system()):
        found = actor_of(Membership.objects.select_related("account", "unit").get(pk=made))
    assert found.until is not None
    everything = replace(found, rights=frozenset({"*"}))
    assert not found.rights & terms()[1].withheld
    return everything


@pytest.mark.parametrize("kind", ["cover", "emergency"])
def test_what_is_done_by_exception_does_not_outlive_it(kind: str) -> None:
    who, today = by_exception(kind), timezone.localdate()
    with fence(who):
        unit = Unit.objects.get(path=who.path)
    other = account("worker-a" if kind == "cover" else "worker-d")
    membership = own(other.username)
    one = {"actor": who, "account_id": other.pk}
    attempts: list[Callable[[], object]] = [
        lambda: create_account(
            actor=who, username="later", name="later", password="Chunnuan-2026-hua", unit=unit
        ),
        lambda: grant_membership(actor=who, account=other, role="station_worker", unit=unit),
        lambda: end_membership(actor=who, membership_id=membership),
        lambda: keep.reset_password(**one),
        lambda: keep.lift_lock(**one),
        lambda: keep.switch_account(**one, on=False),
        lambda: keep.rename_account(**one, name="later"),
        lambda: keep.move_account(**one, unit=unit),
        lambda: factors.reset(**one),
        lambda: keep.create_institution(actor=who, kind="employer", name="later", unit=unit),
        lambda: keep.switch_institution(actor=who, institution_id=1, on=False),
        lambda: emergency.claim(
            actor=who, unit=unit, category="safety", reason="居民突发疾病，需要马上联系家属"
        ),
        lambda: cover.name_cover(
            actor=who, absent_id=membership, username="x", first=today, last=today, today=today
        ),
        lambda: cover.end_cover(actor=who, cover_id=membership),
    ]
    for attempt in attempts:
        with fence(who), pytest.raises(NotAllowed):
            attempt()
    assert keep.grantable(who) == []


def test_a_cover_named_for_later_and_a_role_granted_now_exclude_one_another() -> None:
    """Who keeps accounts does not judge the log, next week either."""
    boss, soon = actor("admin"), timezone.localdate() + timedelta(days=7)
    dept = account("department")
    named(boss, "county", "department", first=soon, last=soon)
    with fence(boss):
        unit = Unit.objects.get(path=actor("county").path)
        with pytest.raises(ValueError, match="不能由同一个账号担任"):
            grant_membership(actor=boss, account=dept, role="auditor", unit=unit)
    # The other way about: two covers that exclude one another, both later.
    with pytest.raises(ValidationError, match="不能与这个角色同时担任"):
        named(boss, "auditor", "department", first=soon, last=soon)
    # On other days they do not meet.
    assert named(boss, "auditor", "department").role == "auditor"
