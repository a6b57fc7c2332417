"""Public notices: five working days, an objection stops the clock, nothing stays behind (PPL-6)."""

import uuid
from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from tests.services.certification.people import DAY, brought, somebody
from tests.world import actor
from weiye.base.audit.models import AuditEntry
from weiye.base.packs import load_pack
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence
from weiye.services.certification import actions, queries
from weiye.services.certification.models import (
    Case,
    CaseState,
    Certificate,
    Objection,
    Posting,
    PublicNotice,
)

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("PPL-6")]
VISITOR = system("", name="访客", rights=())


def shown_of(case: Case) -> PublicNotice:
    with fence(system()):
        return PublicNotice.objects.get(case_key=case.pk)


def certify(case: Case, on: date) -> Certificate:
    county = actor("county")
    with fence(county):
        return actions.certify(actor=county, case_id=case.pk, on=on)


@pytest.mark.parametrize(
    ("posted", "ends"),
    [
        (date(2026, 3, 2), date(2026, 3, 9)),  # a plain week
        (date(2026, 9, 29), date(2026, 10, 12)),  # over the October holiday and a worked Saturday
        (date(2026, 2, 12), date(2026, 2, 26)),  # a worked Saturday, then the Spring Festival
    ],
)
def test_five_working_days_by_the_state_councils_calendar(posted: date, ends: date) -> None:
    with fence(system()):
        case, _ = brought(somebody(), "publish", on=posted)
    assert shown_of(case).ends_on == ends
    for day in (posted, ends - timedelta(days=1), ends):
        with pytest.raises(ValidationError, match="期满后"):
            certify(case, day)
    assert certify(case, ends + timedelta(days=1)).number


def test_a_term_into_an_open_year_says_that_it_is_provisional() -> None:
    posted = date(2026, 12, 29)
    with fence(system()):
        case, _ = brought(somebody(), "publish", on=posted)
    shown = shown_of(case)
    assert shown.provisional and shown.ends_on == load_pack("371002001001").calendar.add(posted, 5)


def test_the_public_sees_what_a_notice_needs_and_nothing_more(client: Client) -> None:
    with fence(system()):
        case, _ = brought(somebody(address="文化路1号"), "publish")
    columns = {f.name for f in PublicNotice._meta.concrete_fields}
    assert columns == {
        "id", "unit_path", "case_key", "name", "community", "county", "category", "posted_on",
        "ends_on", "provisional", "synthetic",
    }  # fmt: skip
    shown = shown_of(case)
    assert (shown.name, shown.community, shown.county) == ("王**", "测试甲社区", "环翠区")
    listed = queries.public_notices(as_of=DAY)
    assert [row.pk for row in listed] == [shown.pk]
    assert not queries.public_notices(as_of=shown.ends_on + timedelta(days=1))
    with fence(system()):
        # As of today by the clock the notice of March is long over.
        assert client.get(f"/notices/{shown.pk}/").status_code == 404
    page = client.get("/notices/")
    assert "noindex" in page["X-Robots-Tag"] and "王**" not in page.content.decode()


def test_an_objection_stops_the_clock_until_somebody_has_answered() -> None:
    county = actor("county")
    with fence(system()):
        case, posted = brought(somebody(), "publish")
    shown, token = shown_of(case), uuid.uuid4()
    stopped = posted + timedelta(days=3)  # Thursday: two working days are over
    said = {"notice_id": shown.pk, "token": token, "on": stopped, "text": "他已经在超市上班"}
    with fence(VISITOR):
        first = actions.object_to(actor=VISITOR, phone="20000000001", **said)  # type: ignore[arg-type]
    with fence(system()):
        # Sent twice, recorded once; the notice is not shown while the clock stands.
        assert Objection.objects.filter(case=case).count() == 1
        assert not PublicNotice.objects.filter(case_key=case.pk).exists()
        row = Posting.objects.get(case=case)
        assert (row.days_done, row.running_since) == (2, None)
        stored = Objection.objects.get(pk=first.pk)
        assert stored.phone == "20000000001"
        case.refresh_from_db()
        assert case.state == CaseState.OBJECTED
    with pytest.raises(ValidationError):
        certify(case, posted + timedelta(days=30))
    resumed = date(2026, 3, 16)
    with fence(county), pytest.raises(ValidationError, match="理由"):
        actions.answer_objection(actor=county, case_id=case.pk, holds=False, on=resumed, note="")
    with fence(county):
        actions.answer_objection(
            actor=county, case_id=case.pk, holds=False, on=resumed, note="查无就业登记"
        )
    assert shown_of(case).ends_on == date(2026, 3, 19)  # three working days were left
    with fence(system()):
        assert Objection.objects.get(pk=first.pk).answer == "查无就业登记"
    assert certify(case, date(2026, 3, 20)).number


def test_an_objection_that_holds_ends_in_a_refusal() -> None:
    county = actor("county")
    with fence(system()):
        case, posted = brought(somebody(), "publish")
    shown = shown_of(case)
    with fence(VISITOR):
        actions.object_to(
            actor=VISITOR, notice_id=shown.pk, token=uuid.uuid4(), on=posted, text="他在上班呢"
        )
    with fence(county):
        done = actions.answer_objection(
            actor=county, case_id=case.pk, holds=True, on=posted, note="查实已就业"
        )
        assert done.state == CaseState.REFUSED
    with fence(system()):
        assert not PublicNotice.objects.exists()
        assert Posting.objects.get(case=case).closed_on == posted


def test_who_objected_is_seen_by_those_who_decide_alone() -> None:
    with fence(system()):
        case, posted = brought(somebody(), "publish")
    with fence(VISITOR):
        actions.object_to(
            actor=VISITOR,
            notice_id=shown_of(case).pk,
            token=uuid.uuid4(),
            on=posted,
            text="家里有人上班",
            name="某人甲",
        )
    for username, seen in (("county", 1), ("clerk", 0), ("worker-a", 0)):
        who = actor(username)
        with fence(who):
            assert len(queries.case_page(who, case.pk, as_of=posted).objections) == seen
    with fence(system()):
        entry = AuditEntry.objects.get(verb="certification.object")
        assert "某人甲" not in str(entry.detail) and entry.actor_name == "公示异议"


def test_too_short_an_objection_and_one_after_the_end_are_refused() -> None:
    with fence(system()):
        case, posted = brought(somebody(), "publish")
    shown = shown_of(case)
    asked = {"actor": VISITOR, "notice_id": shown.pk, "token": uuid.uuid4()}
    with fence(VISITOR):
        with pytest.raises(ValidationError, match="至少5个字"):
            actions.object_to(on=posted, text="不行", **asked)  # type: ignore[arg-type]
        with pytest.raises(PublicNotice.DoesNotExist):
            actions.object_to(
                on=shown.ends_on + timedelta(days=1),
                text="已经过期了的异议",
                **asked,  # type: ignore[arg-type]
            )


def test_the_night_takes_away_what_is_over_and_moves_ends_that_changed() -> None:
    with fence(system()):
        over, posted = brought(somebody(), "publish")
        moved, _ = brought(somebody(name="李四", id_index="q"), "publish")
        later = DAY + timedelta(days=1)
        PublicNotice.objects.filter(case_key=moved.pk).update(ends_on=posted)
        assert actions.refresh_notices(actor=system(), on=later) == 1
        assert actions.refresh_notices(actor=system(), on=later) == 0
        assert shown_of(moved).ends_on == shown_of(over).ends_on
        after = shown_of(over).ends_on + timedelta(days=1)
        assert actions.refresh_notices(actor=system(), on=after) == 2
        assert not PublicNotice.objects.exists()


def test_anybody_objects_on_the_page_without_signing_in(client: Client) -> None:
    today = timezone.localdate()
    with fence(system()):
        case, _ = brought(somebody(), "publish", on=today)
    listed = client.get("/notices/").content.decode()
    assert "王**" in listed and "测试甲社区" in listed and "王小明" not in listed
    assert "王**" not in client.get("/notices/", {"where": "历下"}).content.decode()
    url = f"/notices/{shown_of(case).pk}/"
    form = client.get(url).context["form"]
    sent = {"token": str(form["token"].value()), "text": "短", "name": "", "phone": ""}
    refused = client.post(url, sent)
    assert refused.status_code == 422 and "至少5个字" in refused.content.decode()
    assert client.post(url, sent | {"text": "他在超市上班已经半年"}).status_code == 302
    with fence(system()):
        assert Case.objects.get(pk=case.pk).state == CaseState.OBJECTED
        assert Objection.objects.get(case=case).phone in ("", None)
    # The notice is gone with the clock that stands.
    assert client.get(url).status_code == 404
    assert "王**" not in client.get("/notices/").content.decode()
