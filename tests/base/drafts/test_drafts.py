"""Drafts: for their author alone, encrypted, bounded, gone when sent or forgotten."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from tests.world import account, actor
from weiye.base.drafts import actions, queries
from weiye.base.drafts.models import Draft, Preference
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence

pytestmark = pytest.mark.django_db


def test_a_draft_comes_back_as_it_was_typed() -> None:
    me = actor("worker-a")
    with fence(me):
        actions.save(actor=me, form="person:17", fields={"note": ["上门"], "hours": ["1", "2"]})
        actions.save(actor=me, form="person:17", fields={"note": ["上门了"], "hours": ["1"]})
        found = queries.draft(me, "person:17")
        assert found is not None
        assert found.fields == {"note": ["上门了"], "hours": ["1"]}
        assert queries.draft(me, "person:18") is None
        assert actions.discard(actor=me, form="person:17")
        assert queries.draft(me, "person:17") is None


@pytest.mark.parametrize("other", ["worker-b", "clerk", "county", "province", "admin"])
def test_nobody_else_reads_or_touches_it_not_even_past_the_queries(other: str) -> None:
    """The second fence by itself: no filter by account."""
    me, them = actor("worker-a"), actor(other)
    with fence(me):
        actions.save(actor=me, form="person:17", fields={"note": ["上门"]})
        actions.prefer(actor=me, key="list:ledger", value=["age"])
    with fence(them):
        assert not Draft.objects.exists()
        assert not Preference.objects.exists()
        assert Draft.objects.all().delete()[0] == 0
        assert Draft.objects.update(form="x") == 0
        assert queries.draft(them, "person:17") is None
    with fence(me):
        assert queries.draft(me, "person:17") is not None


def test_nobody_writes_one_in_anothers_name() -> None:
    from django.db import ProgrammingError

    mine = account("worker-a").pk
    with pytest.raises(ProgrammingError, match="row-level security"), fence(actor("county")):
        Draft.objects.create(
            account_id=mine, unit_path="37/", form="x", content="{}", saved_at=timezone.now()
        )


def test_the_database_holds_it_encrypted() -> None:
    me = actor("worker-a")
    with fence(me), connection.cursor() as cursor:
        actions.save(actor=me, form="person:17", fields={"note": ["王小明的电话"]})
        cursor.execute("SELECT content FROM drafts_draft")
        stored = bytes(cursor.fetchone()[0])
    assert "王小明".encode() not in stored


@pytest.mark.parametrize("name", ["password", "new_password1", "otp", "csrfmiddlewaretoken"])
def test_secrets_are_never_kept(name: str) -> None:
    me = actor("worker-a")
    with fence(me):
        actions.save(actor=me, form="x", fields={name: ["hunter2"], "note": ["记录"]})
        found = queries.draft(me, "x")
    assert found is not None
    assert set(found.fields) == {"note"}


@pytest.mark.parametrize(
    ("form", "fields"),
    [
        ("", {}),
        ("Person:1", {}),
        ("person:1/2", {}),
        ("a" * 100, {}),
        ("person:1", {"note": ["长" * 30_000]}),
        ("person:1", {f"f{n}": [""] for n in range(301)}),
    ],
)
def test_what_cannot_be_kept_is_refused(form: str, fields: dict[str, list[str]]) -> None:
    me = actor("worker-a")
    with fence(me), pytest.raises(actions.DraftRefused):
        actions.save(actor=me, form=form, fields=fields)


def test_forgotten_drafts_expire() -> None:
    me, today = actor("worker-a"), timezone.localdate()
    with fence(me):
        actions.save(actor=me, form="old", fields={"a": ["1"]})
        Draft.objects.update(saved_at=timezone.now() - actions.KEPT - timedelta(days=2))
        actions.save(actor=me, form="new", fields={"a": ["1"]})
    assert actions.expire(today) == 1
    assert actions.expire(today) == 0
    with fence(me):
        assert queries.draft(me, "old") is None
        assert queries.draft(me, "new") is not None


def test_a_preference_is_the_accounts_own() -> None:
    me, other = actor("worker-a"), actor("worker-b")
    with fence(me):
        actions.prefer(actor=me, key="list:ledger", value=["age", "sex"])
        actions.prefer(actor=me, key="list:ledger", value=["age"])
        assert queries.preference(me, "list:ledger") == ["age"]
    with fence(other):
        assert queries.preference(other, "list:ledger") is None
    with fence(me):
        actions.prefer(actor=me, key="list:ledger", value=None)
        assert queries.preference(me, "list:ledger") is None


def test_the_system_alone_keeps_nothing() -> None:
    from weiye.base.scope.actor import NotAllowed

    with pytest.raises(NotAllowed):
        actions.save(actor=system(), form="x", fields={})
