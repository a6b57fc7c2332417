"""Upload, columns, check, import, cancel, rejects."""

import io
from datetime import date

import openpyxl
import pytest
from django.core.exceptions import ValidationError

from tests.services.exchange.making import people, xlsx
from tests.services.exchange.roster.bringing import (
    HEAD,
    TODAY,
    brought,
    everybody,
    uploaded,
)
from tests.world import actor
from weiye.base.scope.actor import NotAllowed, system
from weiye.base.scope.fence import fence
from weiye.registers.people.models import Person
from weiye.services.exchange import actions, queries
from weiye.services.exchange.models import ImportBatch, ImportState
from weiye.services.exchange.preview import masked
from weiye.services.exchange.sheets import SheetRefused

pytestmark = pytest.mark.requirement("PPL-3")


@pytest.mark.django_db
def test_who_may_not_import_reads_no_import_either():
    batch = uploaded()
    walker = actor("grid-a")
    with fence(walker):
        for read in (queries.batch, queries.preview, queries.rejects_file):
            with pytest.raises(NotAllowed):
                read(walker, batch.pk)


@pytest.mark.django_db
def test_a_mapping_is_changed_checked_and_remembered():
    head = ["姓名", "身份证号", "电话", "备用电话"]
    content = xlsx([head, *([*row, "20009999999"] for row in people(3))])
    batch = uploaded(content=content)
    who = actor("worker-a")
    with fence(who):
        assert batch.mapping == {"0": "name", "1": "id_number", "2": "phone"}
        with pytest.raises(ValidationError, match=r"“联系电话”选了2列"):
            actions.set_mapping(
                actor=who,
                batch_id=batch.pk,
                mapping={0: "name", 1: "id_number", 2: "phone", 3: "phone"},
            )
        with pytest.raises(ValidationError, match="身份证号"):
            actions.set_mapping(actor=who, batch_id=batch.pk, mapping={0: "name"})
        actions.check_now(actor=who, batch_id=batch.pk)
        batch = actions.set_mapping(
            actor=who,
            batch_id=batch.pk,
            mapping={0: "name", 1: "id_number", 2: "", 3: "phone"},
        )
        assert (batch.state, batch.counts) == (ImportState.UPLOADED, {})
        with pytest.raises(ValidationError, match="先核对"):
            actions.commit_now(actor=who, batch_id=batch.pk)
        actions.check_now(actor=who, batch_id=batch.pk)
        actions.commit_now(actor=who, batch_id=batch.pk)
        columns = queries.preview(who, batch.pk).columns
        assert [(c.field, c.why) for c in columns][3] == ("phone", "手工选择")
    assert all(p.phone == "20009999999" for p in everybody().values())
    assert uploaded(content=content).mapping == {"0": "name", "1": "id_number", "3": "phone"}


@pytest.mark.django_db
def test_what_the_roster_leaves_open_is_answered_once_for_all():
    head = ["姓名", "身份证号", "已领养老金"]
    rows = [
        [name, number, said] for (name, number, _), said in zip(people(2), ("是", ""), strict=True)
    ]
    batch = uploaded(content=xlsx([head, *rows]))
    who = actor("worker-a")
    mapping = {0: "name", 1: "id_number", 2: "pension_drawn"}
    with fence(who):
        with pytest.raises(ValidationError, match="统一回答"):
            actions.set_mapping(actor=who, batch_id=batch.pk, mapping=mapping, answered=["sex"])
        actions.set_mapping(
            actor=who,
            batch_id=batch.pk,
            mapping=mapping,
            answered=["pension_drawn", "labour_capacity"],
        )
        actions.check_now(actor=who, batch_id=batch.pk)
        assert [a.chosen for a in queries.preview(who, batch.pk).answers] == [True, True]
        actions.commit_now(actor=who, batch_id=batch.pk)
    stored = everybody()
    # What a row says itself wins.
    assert [stored[row[0]].pension_drawn for row in rows] == [True, False]
    assert [stored[row[0]].labour_capacity for row in rows] == [True, True]
    assert stored[rows[0][0]].source == "导入（含统一回答）：名册.xlsx"


@pytest.mark.django_db
def test_preview_masks_numbers_that_name_somebody():
    batch = uploaded(content=xlsx([["姓名", "身份证号", "手机"], *people(3)]))
    who = actor("worker-a")
    with fence(who):
        actions.check_now(actor=who, batch_id=batch.pk)
        page = queries.preview(who, batch.pk)
    texts = [s for c in page.columns for s in c.samples]
    texts += [c.text for r in page.rows for c in r.cells]
    for _name, number, phone in people(3):
        assert number not in texts and phone not in texts
    assert len(page.rows) == 3
    assert {field.label for field in page.fields if field.needed} == {"姓名", "身份证号"}


def test_dates_are_no_numbers_that_name_somebody():
    assert masked("birth_date", "2024-01-05") == "2024-01-05"
    assert masked("address", "电话20001234567") == "电话200******67"
    assert masked("address", "379901 19900101 0017").startswith("379***")


@pytest.mark.django_db
def test_day_of_the_file_is_read_above_the_header():
    content = xlsx([["名册"], ["填报日期：2025年6月30日"], HEAD, people(1)[0]])
    assert uploaded(content=content).as_of == date(2025, 6, 30)
    assert uploaded(content=content, as_of=TODAY).as_of == TODAY


@pytest.mark.django_db
def test_cancelled_import_is_gone_with_its_file():
    batch = uploaded()
    who = actor("worker-a")
    with fence(who):
        file = batch.file_id
        batch = actions.cancel(actor=who, batch_id=batch.pk)
        assert batch.state == ImportState.CANCELLED
        assert (
            not type(batch)._meta.get_field("file").related_model.objects.filter(pk=file).exists()
        )
        with pytest.raises(ValidationError, match="已经取消"):
            actions.check_now(actor=who, batch_id=batch.pk)


@pytest.mark.django_db
def test_what_an_older_version_checked_or_imported_is_not_taken_for_blocks():
    who = actor("worker-a")
    checked = brought("worker-a", xlsx([HEAD, *people(2)]), check_only=True)
    done = brought("worker-a", xlsx([HEAD, *people(2)]))
    with fence(who):
        for batch in (checked, done):
            batch.blocks.all().delete()
        ImportBatch.objects.filter(pk=checked.pk).update(read_rows=None)
        with pytest.raises(SheetRefused, match="再检查一次"):
            actions.commit_now(actor=who, batch_id=checked.pk)
        with pytest.raises(ValidationError, match="没有保存导入前的内容"):
            actions.undo_now(actor=who, batch_id=done.pk)
        assert Person.objects.count() == 2


@pytest.mark.django_db
def test_done_import_is_not_done_twice_nor_cancelled():
    batch = brought("worker-a", xlsx([HEAD, *people(2)]))
    who = actor("worker-a")
    with fence(who):
        assert actions.commit_now(actor=who, batch_id=batch.pk).counts == batch.counts
        with pytest.raises(ValidationError, match="已经导入"):
            actions.cancel(actor=who, batch_id=batch.pk)
        with pytest.raises(ValidationError, match="已经导入"):
            actions.check_now(actor=who, batch_id=batch.pk)
        assert Person.objects.count() == 2


@pytest.mark.django_db
def test_rejects_come_back_as_the_senders_file():
    rows = people(2)
    batch = brought("worker-a", xlsx([HEAD, rows[0], ["王二", "123", ""]]))
    with fence(actor("worker-a")):
        found = queries.rejects_file(actor("worker-a"), batch.pk)
        assert found.name == "名册_错误说明.xlsx"
        sheet = openpyxl.load_workbook(io.BytesIO(found.read())).active
        assert [sheet["D1"].value, sheet["D2"].value] == ["错误说明", None]
        assert "应为18位" in sheet["D3"].value
    with fence(actor("worker-b")), pytest.raises(ImportBatch.DoesNotExist):
        queries.rejects_file(actor("worker-b"), batch.pk)


@pytest.mark.django_db
def test_upload_that_cannot_be_taken_leaves_nothing():
    with pytest.raises(SheetRefused):
        uploaded(content=xlsx([["商品"], ["铅笔"]]))
    with fence(system()):
        assert ImportBatch.objects.count() == 0
