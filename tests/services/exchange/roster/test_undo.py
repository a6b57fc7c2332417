"""A whole import taken back: what it changed is as before, what others did since stays."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from tests.services.exchange.making import id_number, people, xlsx
from tests.services.exchange.roster.bringing import HEAD, TODAY, brought, everybody
from tests.world import actor
from weiye.base.audit.models import AuditEntry
from weiye.base.scope.fence import fence
from weiye.registers.people.actions import edit_person
from weiye.registers.people.models import Household, Person, StatusPeriod, WorkWish
from weiye.services.exchange import actions, queries
from weiye.services.exchange.models import ImportBatch, ImportState

pytestmark = [pytest.mark.requirement("PPL-3"), pytest.mark.django_db]
MORE = [*HEAD, "户号", "学历", "现住址", "就业状态", "失业日期", "求职意向"]


def whole():
    """Everything that an import writes, as the database holds it, keys and times left out."""
    with fence(actor("worker-a")):
        return [
            list(model.objects.order_by("pk").values(*fields))
            for model, fields in (
                (Person, ("id", "name", "phone", "phone_index", "address", "education", "source",
                          "as_of", "fact_dates", "known_none", "household_id", "unit_path")),
                (StatusPeriod, ("id", "person_id", "status", "during", "source", "start_known")),
                (WorkWish, ("person_id", "occupation_codes", "said_on", "source")),
                (Household, ("id", "number")),
            )
        ]  # fmt: skip


def undone(batch, *, write=True):
    who = actor("worker-a")
    with fence(who):
        work = actions.undo_now if write else actions.preview_undo_now
        return work(actor=who, batch_id=batch.pk)


def row(name, order, *more):
    return [name, id_number(order=order), *more]


def test_what_was_changed_is_as_before_and_who_was_new_is_gone():
    first = xlsx(
        [
            MORE,
            row(
                "王一",
                11,
                "20000000001",
                "371002001",
                "初中",
                "1号楼",
                "失业",
                "2024-05-01",
                "保安",
            ),
        ]
    )
    brought("worker-a", first)
    before = whole()
    second = xlsx(
        [
            MORE,
            row("王一", 11, "20000000002", "371002", "高中", "2号楼", "就业", "", "保洁"),
            row(
                "王二",
                13,
                "20000000003",
                "371002",
                "初中",
                "2号楼",
                "失业",
                "2024-01-01",
                "保安",
            ),
        ]
    )
    batch = brought("worker-a", second, name="第二份.xlsx", as_of=TODAY + timedelta(days=9),
                    today=TODAY + timedelta(days=9))  # fmt: skip
    assert (batch.counts["new"], batch.counts["changed"]) == (1, 1)
    assert whole() != before
    seen = undone(batch, write=False)
    assert seen.undo_counts == {"removed": 1, "restored": 1, "kept": 0}
    assert seen.state == ImportState.DONE and len(everybody()) == 2
    back = undone(batch)
    assert back.state == ImportState.UNDONE
    assert back.undo_counts == {"removed": 1, "restored": 1, "kept": 0}
    assert whole() == before
    assert undone(batch).undo_counts == back.undo_counts, "a second time changes nothing"
    with fence(actor("worker-a")):
        verbs = AuditEntry.objects.filter(verb="person.import.undo").order_by("id")
        assert len(verbs) == 2
        assert AuditEntry.objects.filter(verb="import.undo").count() == 1


def test_what_somebody_did_since_stays_and_is_named():
    brought("worker-a", xlsx([[*HEAD, "学历"], row("王一", 11, "20000000001", "初中")]))
    batch = brought(
        "worker-a",
        xlsx(
            [
                [*HEAD, "学历"],
                row("王一", 11, "20000000002", "高中"),
                row("王二", 13, "", "初中"),
                row("王三", 15, "", "初中"),
            ]
        ),
    )
    who = actor("worker-a")
    known = everybody()
    with fence(who):
        on = timezone.localdate()
        edit_person(actor=who, person_id=known["王一"].pk, facts={"education": 30}, on=on)
        edit_person(actor=who, person_id=known["王二"].pk, facts={"veteran": True}, on=on)
    back = undone(batch)
    assert back.undo_counts == {"removed": 1, "restored": 1, "kept": 2}
    people_ = everybody()
    assert set(people_) == {"王一", "王二"}
    assert (people_["王一"].education, people_["王一"].phone) == (30, "20000000001")
    with fence(who):
        kept = dict(queries.kept_after_undo(who, ImportBatch.objects.get(pk=batch.pk)))
    assert "学历" in kept["王一"]
    assert "保留在台账里" in kept["王二"]


def test_the_time_for_it_ends_and_others_may_not():
    batch = brought("worker-a", xlsx([HEAD, *people(2)]))
    who = actor("worker-a")
    with fence(who):
        last = actions.undo_until(ImportBatch.objects.get(pk=batch.pk))
        assert last == timezone.localdate() + timedelta(days=30)
        with pytest.raises(ValidationError, match="撤销期限"):
            actions.undo_now(actor=who, batch_id=batch.pk, today=last + timedelta(days=1))
    other = actor("worker-b")
    with fence(other), pytest.raises(ImportBatch.DoesNotExist):
        actions.undo_now(actor=other, batch_id=batch.pk)
    assert len(everybody()) == 2


def test_an_import_not_done_is_not_undone():
    batch = brought("worker-a", xlsx([HEAD, *people(2)]), check_only=True)
    with pytest.raises(ValidationError, match="检查"):
        undone(batch)


def test_a_death_is_taken_back_too():
    brought("worker-a", xlsx([HEAD, row("王一", 11, "")]))
    batch = brought("worker-a", xlsx([[*HEAD, "死亡日期"], row("王一", 11, "", "2025-06-01")]))
    assert everybody()["王一"].died_on == date(2025, 6, 1)
    undone(batch)
    assert everybody()["王一"].died_on is None
