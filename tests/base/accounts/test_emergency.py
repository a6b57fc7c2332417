"""Emergency access: three hours, reading only, seen at once, judged by somebody else."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from tests.desks.community.conftest import helped  # noqa: F401
from tests.world import A, B, D, account, actor, path_of, sign_in
from weiye.base.accounts import cover, emergency
from weiye.base.accounts.actions import (
    end_membership,
    move_account,
    reset_password,
    switch_account,
)
from weiye.base.accounts.emergency_models import EmergencyReview
from weiye.base.accounts.exceptions import terms
from weiye.base.accounts.models import Membership
from weiye.base.accounts.queries import SESSION_KEY, actor_of, memberships_of
from weiye.base.accounts.roles import roles
from weiye.base.audit.models import AuditEntry
from weiye.base.regions.models import Unit
from weiye.base.runs.actions import start, work_off
from weiye.base.runs.models import Run
from weiye.base.scope.actor import Actor, NotAllowed, system
from weiye.base.scope.fence import fence
from weiye.registers.people.models import Person
from weiye.services.assistance.queries.person import responsible_memberships

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("ORG-2")]
REASON = "居民突发疾病，需要马上联系家属"


def unit(code: str) -> Unit:
    return Unit.objects.get(path=path_of(code))


def claimed(who: Actor, code: str = A, **more: object) -> EmergencyReview:
    with fence(who):
        return emergency.claim(
            actor=who,
            unit=unit(code),
            **{"category": "safety", "reason": REASON, **more},  # type: ignore[arg-type]
        )


def acting(found: EmergencyReview) -> Actor:
    with fence(system()):
        return actor_of(Membership.objects.select_related("account", "unit").get(pk=found.pk))


def test_it_lasts_three_hours_in_the_own_role_and_reads_only() -> None:
    now = timezone.now()
    found = claimed(actor("worker-b"), now=now)
    who = acting(found)
    assert found.ends_at - found.starts_at == timedelta(hours=3)
    assert (who.role, who.path, who.emergency) == ("station_worker", path_of(A), found.pk)
    assert who.until == now + timedelta(hours=3)
    assert who.rights == roles()["station_worker"].rights & terms()[0].rights
    for right in ("people.edit", "people.export", "contacts.record", "transfers.decide", "*"):
        assert not who.can(right)


def test_rights_are_never_more_than_the_role_has() -> None:
    for key, role in roles().items():
        if key in terms()[0].within:
            assert "emergency.claim" in role.rights
    assert not terms()[0].rights & {"people.edit", "people.import", "people.export"}


@pytest.mark.parametrize(
    ("username", "code", "allowed"),
    [
        ("worker-b", A, True),
        ("worker-b", B, False),  # the own unit
        ("worker-b", D, False),  # another county
        ("clerk", A, False),  # in the own area
        ("clerk", "371002002001", True),
        ("county", D, True),  # a county opens within its city
        ("county", "370102001001", False),
        ("worker-b", "371002001000", False),  # a street is more than one community
        ("grid-a", B, False),
        ("city", A, False),
    ],
)
def test_where_each_role_may_look(username: str, code: str, allowed: bool) -> None:
    who = actor(username)
    if allowed:
        assert claimed(who, code).unit_path == path_of(code)
    else:
        with pytest.raises(NotAllowed):
            claimed(who, code)
        with fence(system()):
            assert not EmergencyReview.objects.exists()


@pytest.mark.parametrize(
    "wrong", [{"reason": "急事"}, {"reason": " " * 20}, {"reason": "因" * 201}, {"category": "x"}]
)
def test_a_reason_and_a_kind_are_asked_for(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        claimed(actor("worker-b"), **wrong)


def test_so_many_in_a_week_and_the_same_twice_is_one() -> None:
    who, now = actor("county"), timezone.now()
    first = claimed(who, D, now=now)
    assert claimed(who, D, now=now + timedelta(hours=1)).pk == first.pk
    claimed(who, D, now=now + timedelta(hours=3))
    claimed(who, D, now=now + timedelta(hours=6))
    with pytest.raises(ValidationError, match="最多紧急查阅3次"):
        claimed(who, D, now=now + timedelta(hours=9))
    assert claimed(who, D, now=now + timedelta(days=7, hours=1)).pk != first.pk


def test_nobody_claims_under_an_emergency() -> None:
    who = acting(claimed(actor("worker-b")))
    with pytest.raises(NotAllowed):
        claimed(who, "371002002001")


def test_those_responsible_are_told_at_once_and_nobody_else() -> None:
    found = claimed(actor("worker-b"))
    for username, told in (
        ("worker-a", True),
        ("grid-a", True),
        ("clerk", True),
        ("county", True),
        ("worker-b", False),
        ("worker-c", False),
        ("worker-d", False),
    ):
        who = actor(username)
        with fence(who):
            assert (found in emergency.news(who)) == told, username
    client = Client()
    sign_in(client, "worker-a")
    assert REASON in client.get("/community/").content.decode()


def test_every_page_is_logged_with_the_emergencys_number(helped) -> None:  # type: ignore[no-untyped-def]  # noqa: F811
    person = helped("王小明").person
    client = Client()
    sign_in(client, "worker-b")
    assert client.get(f"/community/people/{person.pk}/").status_code == 404
    answer = client.post(
        "/community/emergency/",
        {"unit": A, "category": "safety", "reason": REASON},
    )
    assert answer.status_code == 302
    page = client.get(f"/community/people/{person.pk}/").content.decode()
    assert "王小明" in page
    assert "紧急查阅：测试甲社区" in page
    assert "还剩2小时59分钟" in page
    assert client.post(f"/community/people/{person.pk}/edit/", {}).status_code == 403
    with fence(system()):
        found = EmergencyReview.objects.get()
    a = actor("county")
    with fence(a):
        read = list(emergency.reads(a, found))
    assert {"emergency.read", "person.read"} <= {entry.verb for entry in read}
    assert all(entry.detail["emergency"] == found.pk for entry in read)
    assert str(person.pk) in {entry.detail.get("person_id") for entry in read}


def test_it_ends_in_the_middle_of_a_session(helped) -> None:  # type: ignore[no-untyped-def]  # noqa: F811
    person = helped("王小明").person
    client = Client()
    sign_in(client, "worker-b")
    client.post("/community/emergency/", {"unit": A, "category": "safety", "reason": REASON})
    url = f"/community/people/{person.pk}/"
    assert client.get(url).status_code == 200
    with fence(system()):
        found = EmergencyReview.objects.get()
        past = timezone.now() - timedelta(seconds=1)
        Membership.objects.filter(pk=found.pk).update(ends_at=past, starts_at=past)
    assert client.get(url).status_code == 404
    home = client.get("/community/").content.decode()
    assert "测试乙社区" in home
    assert "现在结束" not in home
    # A session that names the ended one opens nothing.
    session = client.session
    session[SESSION_KEY] = found.pk
    session.save()
    assert client.get(url).status_code == 404


def test_given_back_before_its_time() -> None:
    client = Client()
    sign_in(client, "worker-b")
    client.post("/community/emergency/", {"unit": A, "category": "safety", "reason": REASON})
    client.post("/community/emergency/end/")
    with fence(system()):
        found = EmergencyReview.objects.get()
        assert found.ends_at <= timezone.now()
        assert not Membership.objects.in_force().filter(pk=found.pk).exists()
    other = actor("worker-c")
    with fence(other), pytest.raises(EmergencyReview.DoesNotExist):
        emergency.end(actor=other, emergency_id=found.pk)


def test_background_work_ends_with_it() -> None:
    found = claimed(actor("worker-b"))
    who = acting(found)
    done = []

    class Task:
        def defer(self, **kwargs: object) -> None:
            pass

    with fence(who):
        run = start(
            actor=who, kind="t", title="t", right="people.list", path=who.path, args={}, task=Task()
        )
    with fence(system()):
        past = timezone.now() - timedelta(seconds=1)
        Membership.objects.filter(pk=found.pk).update(starts_at=past, ends_at=past)
    work_off(run_id=run.pk, path=run.unit_path, work=lambda *a: done.append(1) or {})
    with fence(system()):
        assert Run.objects.get(pk=run.pk).state == "failed"
    assert done == []


def test_review_is_somebody_elses_and_said_once() -> None:
    now = timezone.now()
    found = claimed(actor("county"), D, now=now - timedelta(hours=4))
    later = now + timedelta(hours=1)

    def judge(username: str, **more: str) -> EmergencyReview:
        who = actor(username)
        with fence(who):
            return emergency.judge(
                actor=who,
                emergency_id=found.pk,
                **{"verdict": "justified", "text": "理由属实", **more},
                now=later,
            )

    # The one who claimed may review, but neither here (outside) nor the own.
    with pytest.raises(EmergencyReview.DoesNotExist):
        judge("county")
    with pytest.raises(NotAllowed):
        judge("worker-d")
    with pytest.raises(EmergencyReview.DoesNotExist):
        judge("auditor")
    auditor = "auditor-d"
    with pytest.raises(ValidationError):
        judge(auditor, text=" ")
    with pytest.raises(ValidationError):
        judge(auditor, verdict="x")
    assert judge(auditor).verdict == "justified"
    with pytest.raises(ValidationError, match="已经复核"):
        judge(auditor, verdict="unjustified")


def test_one_account_with_two_roles_does_not_review_itself() -> None:
    found = claimed(actor("worker-b"), now=timezone.now() - timedelta(hours=4))
    reviewer = actor("county")
    same = Actor(
        account_id=account("worker-b").pk,
        name="worker-b",
        role="county_agency",
        path=reviewer.path,
        rights=reviewer.rights,
    )
    with fence(same):
        assert not emergency.to_judge(same).exists()
        with pytest.raises(ValidationError, match="不能复核自己"):
            emergency.judge(actor=same, emergency_id=found.pk, verdict="justified", text="x")
    with pytest.raises(IntegrityError), transaction.atomic(), fence(system()):
        EmergencyReview.objects.filter(pk=found.pk).update(
            verdict="justified",
            judgement="x",
            judged_at=timezone.now(),
            judged_by=found.account_id,
        )


def test_not_judged_before_it_is_over() -> None:
    found = claimed(actor("worker-b"))
    who = actor("county")
    with fence(who), pytest.raises(ValidationError, match="还没有结束"):
        emergency.judge(actor=who, emergency_id=found.pk, verdict="justified", text="x")


def test_an_overdue_review_is_shown_in_red() -> None:
    claimed(actor("worker-b"), now=timezone.now() - timedelta(days=6))
    client = Client()
    sign_in(client, "county")
    page = client.get("/administration/access/emergencies/").content.decode()
    assert "逾期，应在" in page
    assert "wy-badge-red" in page


def test_whoever_looks_in_an_emergency_is_given_no_files() -> None:
    found = claimed(actor("worker-b"))
    able = {m.pk for m in responsible_memberships([path_of(A)])}
    assert able
    assert found.pk not in able


def test_raw_rows_appear_for_three_hours_only() -> None:
    with fence(system()):
        at = {"unit": unit(A), "unit_path": path_of(A)}
        Person.objects.create(**at, name="x", source="t", as_of=timezone.localdate())
    found = claimed(actor("worker-b"))

    def people(who: Actor) -> int:
        with fence(who), connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM people_person")
            return cursor.fetchone()[0]

    assert people(actor("worker-b")) == 0
    assert people(acting(found)) == 1
    assert AuditEntry.objects.count() == 0  # outside any fence: nothing


def over(found: EmergencyReview) -> bool:
    """Whether it has ended, as membership and as what is to be judged."""
    with fence(system()):
        row = EmergencyReview.objects.select_related("membership").get(pk=found.pk)
    assert row.ends_at == row.membership.ends_at
    return row.ends_at <= timezone.now()


STREET_C = "371002002001"


def test_an_open_emergency_keeps_nobody_from_being_switched_off() -> None:
    found, keeper = claimed(actor("worker-a"), STREET_C), actor("clerk")
    with fence(keeper):
        switch_account(actor=keeper, account_id=account("worker-a").pk, on=False)
        switch_account(actor=keeper, account_id=account("worker-a").pk, on=True)
    assert over(found)
    with fence(system()):
        entry = AuditEntry.objects.get(verb="emergency.end")
    assert (entry.unit_path, entry.actor_id) == (path_of(STREET_C), keeper.account_id)


def test_whoever_resets_a_password_does_not_get_the_emergency_with_it() -> None:
    found, keeper = claimed(actor("worker-a"), STREET_C), actor("clerk")
    with fence(keeper):
        reset_password(actor=keeper, account_id=account("worker-a").pk)
    assert over(found)


def test_it_ends_with_the_role() -> None:
    found, keeper = claimed(actor("worker-a"), STREET_C), actor("clerk")
    with fence(keeper):
        end_membership(actor=keeper, membership_id=actor("worker-a").membership_id or 0)
    assert over(found)
    assert memberships_of(account("worker-a").pk) == []


def test_it_ends_when_its_holder_is_moved() -> None:
    found, keeper = claimed(actor("worker-a"), STREET_C), actor("clerk")
    with fence(keeper):
        move_account(actor=keeper, account_id=account("worker-a").pk, unit=unit(B))
    assert over(found)
    assert memberships_of(account("worker-a").pk) == []


def test_those_responsible_may_end_it_where_it_is() -> None:
    """As a membership of their area; then it waits for judgement at once."""
    found, keeper = claimed(actor("worker-a"), STREET_C), actor("clerk-c")
    other = claimed(actor("worker-a"), B)
    with fence(keeper):
        end_membership(actor=keeper, membership_id=found.pk)
    assert over(found)
    assert not over(other)


def test_it_lasts_no_longer_than_the_role() -> None:
    who, soon = actor("worker-a"), timezone.now() + timedelta(hours=1)
    with fence(system()):
        Membership.objects.filter(pk=who.membership_id).update(ends_at=soon)
    assert claimed(who, STREET_C).ends_at == soon
    with fence(system()):
        Membership.objects.filter(pk=who.membership_id).update(ends_at=timezone.now())
    # A request that began while the role was there.
    with pytest.raises(NotAllowed):
        claimed(who, B)


def test_covers_end_with_the_last_role_of_whoever_covers() -> None:
    keeper, today = actor("clerk"), timezone.localdate()
    with fence(keeper):
        made = cover.name_cover(
            actor=keeper,
            absent_id=actor("worker-a").membership_id or 0,
            username="worker-b",
            first=today,
            last=today,
            today=today,
        )
        end_membership(actor=keeper, membership_id=actor("worker-b").membership_id or 0)
        assert AuditEntry.objects.filter(verb="cover.end", thing_id=str(made.pk)).exists()
    assert memberships_of(account("worker-b").pk) == []
