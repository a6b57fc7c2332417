"""Consent: given by a way that shows it, withdrawn as easily, asked for where it is needed."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from tests.world import A, B, actor, path_of
from weiye.base.audit.models import AuditEntry
from weiye.base.packs.reading import PackError, read_yaml
from weiye.base.privacy import actions, queries
from weiye.base.privacy.models import Consent
from weiye.base.privacy.pack import Reader
from weiye.base.scope.actor import Actor, NotAllowed
from weiye.base.scope.fence import fence

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("ORG-2")]

SUBJECT = ("person", 4711)


def give(who: Actor, **other: Any) -> Consent:
    values: dict[str, Any] = {
        "subject": SUBJECT,
        "path": path_of(A),
        "purpose": "contact",
        "way": "door",
    }
    with fence(who):
        return actions.give(actor=who, **(values | other))


def needed(who: Actor, purpose: str = "contact") -> None:
    with fence(who):
        queries.require_consent(actor=who, subject=SUBJECT, purpose=purpose, path=path_of(A))


def test_given_at_the_door_with_the_worker_as_witness() -> None:
    worker = actor("worker-a")
    with pytest.raises(queries.ConsentMissing, match="还没有同意"):
        needed(worker)
    row = give(worker)
    assert (row.title, row.basis, row.text_version) == ("电话、短信联系并推荐岗位", "consent", "1")
    assert row.recorded_by == "worker-a"
    assert len(row.text_digest) == 64
    needed(worker)
    with fence(worker):
        entry = AuditEntry.objects.get(verb="consent.give")
        assert (entry.thing_type, entry.thing_id) == ("person", "4711")
        assert entry.detail["purpose"] == "contact"
        with pytest.raises(ValidationError, match="已经同意过"):
            actions.give(
                actor=worker, subject=SUBJECT, path=path_of(A), purpose="contact", way="door"
            )
        actions.withdraw(actor=worker, consent_id=row.pk)
        assert AuditEntry.objects.filter(verb="consent.withdraw").count() == 1
        actions.withdraw(actor=worker, consent_id=row.pk)  # said twice, done once
        assert AuditEntry.objects.filter(verb="consent.withdraw").count() == 1
    with pytest.raises(queries.ConsentMissing):
        needed(worker)
    again = give(worker)
    with fence(worker):
        rows = list(queries.consents_of(worker, *SUBJECT))
    assert [row.pk for row in rows] == [again.pk, row.pk]
    assert rows[1].withdrawn_at is not None


def test_a_duty_needs_no_consent_and_an_unknown_purpose_is_refused() -> None:
    worker = actor("worker-a")
    needed(worker, "assistance")
    with pytest.raises(queries.ConsentMissing, match="没有用途"):
        needed(worker, "advertising")


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"purpose": "assistance"}, "没有这一项"),
        ({"purpose": "x"}, "没有这一项"),
        ({"way": "shouted"}, "方式"),
        ({"way": "self"}, "只能由本人"),
        ({"way": "paper"}, "存放在哪里"),
        ({"at": timezone.now() + timedelta(hours=1)}, "不能晚于现在"),
    ],
)
def test_what_is_wrong_is_said(other: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        give(actor("worker-a"), **other)


def test_rights_and_areas_bind() -> None:
    for username, path in (
        ("county", path_of(A)),
        ("worker-b", path_of(A)),
        ("grid-a", path_of(A)),
    ):
        with pytest.raises(NotAllowed):
            give(actor(username), path=path)
    row = give(actor("worker-a"))
    worker = actor("worker-b")
    with fence(worker):
        assert not queries.consents_of(worker, *SUBJECT).exists()
        with pytest.raises(Consent.DoesNotExist):
            actions.withdraw(actor=worker, consent_id=row.pk)
    assert path_of(B) != path_of(A)


def test_a_resident_agrees_and_withdraws_for_itself_alone() -> None:
    resident = Actor(
        account_id=1,
        name="本人",
        role="resident",
        path=path_of(A),
        rights=frozenset({"mine.read"}),
        subject=SUBJECT,
    )
    row = give(resident, way="self")
    theirs = give(actor("worker-a"), subject=("person", 4712))
    with fence(resident):
        assert [c.pk for c in queries.consents_of(resident, *SUBJECT)] == [row.pk]
        assert not queries.consents_of(resident, "person", 4712).exists()
        with pytest.raises(Consent.DoesNotExist):
            actions.withdraw(actor=resident, consent_id=theirs.pk)
        actions.withdraw(actor=resident, consent_id=row.pk, because="不想再接到电话")
        assert queries.in_force(resident, SUBJECT, "contact") is None
    for other in ({"subject": ("person", 4712), "way": "self"}, {"way": "door"}):
        with pytest.raises(NotAllowed):
            give(resident, **other)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("purposes:\n- {id: a}", "missing"),
        ("other: 1", "unknown key"),
        (
            (
                "purposes:\n- {id: a, title: b, basis: guess, version: '1', text: t, source: s, "
                "valid_from: 2020-01-01}"
            ),
            "expected one of",
        ),
        (
            (
                "retention:\n- {id: a, what: people, text: t, after: {}, then: delete, source: s, "
                "valid_from: 2020-01-01}"
            ),
            "expected days, months or years",
        ),
        (
            (
                "retention:\n- {id: a, what: people, text: t, after: {days: 0}, then: delete, "
                "source: s, valid_from: 2020-01-01}"
            ),
            "1 or more",
        ),
        (
            (
                "retention:\n- {id: a, what: people, text: t, after: {days: 1}, then: forget, "
                "source: s, valid_from: 2020-01-01}"
            ),
            "expected one of",
        ),
    ],
)
def test_a_bad_file_is_named(tmp_path: Any, text: str, says: str) -> None:
    (tmp_path / "privacy.yaml").write_text(text)
    with pytest.raises(PackError, match=says):
        Reader(lambda entry: entry.text(), lambda table: (table["valid_from"].day(), None)).read(
            read_yaml(tmp_path / "privacy.yaml", "privacy.yaml")
        )


def test_what_nobody_confirmed_is_off_unless_the_file_says_on(tmp_path: Any) -> None:
    line = (
        "- {{id: {0}, what: people, text: t, after: {{years: 2}}, then: delete, source: s, "
        "valid_from: 2020-01-01{1}}}\n"
    )
    (tmp_path / "privacy.yaml").write_text(
        "retention:\n"
        + line.format("a", "")
        + line.format("b", ", status: 待确认")
        + line.format("c", ", status: 待确认, enabled: true")
    )
    _, rules = Reader(
        lambda entry: entry.text(), lambda table: (table["valid_from"].day(), None)
    ).read(read_yaml(tmp_path / "privacy.yaml", "privacy.yaml"))
    assert {name: rule.enabled for name, rule in rules.items()} == {
        "a": True,
        "b": False,
        "c": True,
    }


def test_the_pack_of_the_province_keeps_people_until_the_operator_decides() -> None:
    from weiye.base.packs import load_pack

    rules = load_pack("370000000000").retention
    assert not rules["people"].enabled
    assert all(rules[what].enabled for what in ("imports", "exports", "runs", "drafts"))
    from weiye.base.privacy.retention import handlers

    assert {rule.what for rule in rules.values()} <= set(handlers)
