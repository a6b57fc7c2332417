"""What comes in that should not: each has an outcome and a sentence (issue list "Bad input")."""

import io
from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.test import RequestFactory

from tests.services.exchange.making import id_number, people, xlsx
from tests.services.exchange.messy import messy_bytes
from tests.services.exchange.roster.bringing import (
    HEAD,
    TODAY,
    brought,
    counts,
    everybody,
    uploaded,
)
from tests.world import A, actor, path_of
from weiye.base.scope.fence import fence
from weiye.registers.people.frames import facts_frame
from weiye.registers.people.models import Person
from weiye.services.exchange import actions, links, queries
from weiye.services.exchange.models import ImportBatch
from weiye.services.exchange.sheets import SheetRefused

pytestmark = pytest.mark.requirement("PPL-3")


def problems(batch):
    who = actor("worker-a")
    with fence(who):
        return queries.preview(who, batch.pk).problems


@pytest.mark.django_db
def test_wrong_header():
    with pytest.raises(SheetRefused, match="“姓名”、“身份证号”"):
        uploaded(content=xlsx([["商品", "数量"], ["铅笔", 3]]))


@pytest.mark.django_db
def test_half_the_numbers_wrong():
    rows = people(20)
    for row in rows[::2]:
        row[1] = row[1][:-1] + ("0" if row[1][-1] != "0" else "1")
    batch = brought("worker-a", xlsx([HEAD, *rows]))
    assert counts(batch) == (20, 10, 0, 0, 10, 0)
    assert all("校验位不对" in sentence for sentence in problems(batch))


def test_two_gigabytes_are_refused_before_they_are_read():
    from weiye.config.middleware import UploadLimit

    def never(request):
        raise AssertionError("read")

    request = RequestFactory().post(
        "/community/imports/", data=b"x", content_type="text/csv", CONTENT_LENGTH=str(2 * 2**30)
    )
    assert UploadLimit(never)(request).status_code == 413
    # What a roster may be, other pages do not take.
    other = RequestFactory().post("/x/", data=b"x", content_type="text/csv")
    other.META["CONTENT_LENGTH"] = request.META["CONTENT_LENGTH"] = str(200 * 2**20)
    assert UploadLimit(never)(other).status_code == 413
    with pytest.raises(AssertionError, match="read"):
        UploadLimit(never)(request)


@pytest.mark.django_db
def test_a_day_in_2099():
    batch = brought("worker-a", xlsx([[*HEAD, "失业日期"], [*people(1)[0], "2099-01-01"]]))
    assert counts(batch) == (1, 0, 0, 0, 1, 0)
    assert "失业日期2099-01-01在今天之后" in problems(batch)[0]


@pytest.mark.django_db
def test_who_died_is_in_the_ledger_and_no_longer_served():
    rows = people(3)
    brought("worker-a", xlsx([HEAD, *rows]))
    head = ["姓名", "身份证号", "死亡日期", "是否死亡"]
    said = [[*rows[0][:2], "2025-06-01", ""], [*rows[1][:2], "", "是"], [*rows[2][:2], "", "否"]]
    batch = brought("worker-a", xlsx([head, *said]))
    assert counts(batch) == (3, 0, 2, 1, 0, 0)
    known = everybody()
    assert [known[row[0]].died_on for row in rows] == [date(2025, 6, 1), TODAY, None]
    me = actor("worker-a")
    with fence(me):
        assert len(facts_frame(me, path_of(A), TODAY)) == 1
    # The same once more, of a later day and without the day, changes nothing.
    again = brought("worker-a", xlsx([head, [*rows[0][:2], "", "是"]]))
    assert counts(again) == (1, 0, 0, 1, 0, 0)
    batch = brought("worker-a", xlsx([head, [*rows[2][:2], "1950-01-01", ""]]))
    assert "早于出生日期" in problems(batch)[0]


@pytest.mark.django_db
def test_a_number_known_under_another_name_waits():
    number = id_number()
    brought("worker-a", xlsx([HEAD, ["王小明", number, ""]]))
    batch = brought("worker-a", xlsx([HEAD, ["李四", number, "20000000009"]]))
    assert batch.counts["review"] == 1
    assert "登记的姓名是“王*”" in problems(batch)[0]
    assert everybody()["王小明"].phone == ""
    # A homophone is no other name.
    batch = brought("worker-a", xlsx([HEAD, ["王晓明", number, "20000000009"]]))
    assert counts(batch) == (1, 0, 1, 0, 0, 0)


@pytest.mark.django_db
def test_somebody_known_under_another_number_waits():
    brought("worker-a", xlsx([HEAD, ["王一", id_number(order=11), "20000000001"]]))
    batch = brought("worker-a", xlsx([HEAD, ["王一", id_number(order=13), "20000000001"]]))
    assert (batch.counts["new"], batch.counts["review"]) == (0, 1)
    assert "列入待核对" in problems(batch)[0]


@pytest.mark.django_db
def test_rows_without_a_number_wait_or_are_wrong(monkeypatch):
    monkeypatch.setattr(links, "_resolver", links.cautious)
    monkeypatch.setattr(links, "_keeper", links._nowhere)
    brought("worker-a", xlsx([HEAD, ["王一", id_number(), "20000000001"]]))
    rows = [["王一", "", "20000000001"], ["李四", "123", "20000000002"]]
    batch = brought("worker-a", xlsx([HEAD, *rows]))
    assert (batch.counts["review"], batch.counts["errors"]) == (1, 1)
    assert "不能自动认定是谁" in "".join(problems(batch))


@pytest.mark.django_db
def test_whoever_links_rows_decides(monkeypatch):
    brought("worker-a", xlsx([HEAD, ["王一", id_number(), "20000000001"]]))
    person = everybody()["王一"]
    kept = []
    monkeypatch.setattr(links, "_resolver", lambda actor, unit, rows: [person.pk, "review", None])
    monkeypatch.setattr(links, "_keeper", lambda *args: kept.append(args))
    rows = [["王一", "坏号", "20000000005"], ["李四", "", ""], ["赵五", "", ""]]
    batch = brought("worker-a", xlsx([HEAD, *rows]))
    assert counts(batch) == (3, 0, 1, 0, 1, 0)
    assert everybody()["王一"].phone == "20000000005"
    assert [row.name for _a, _u, _b, _s, rows in kept for row in rows] == ["李四"]


@pytest.mark.django_db
def test_every_row_of_a_messy_roster_meets_its_fate():
    content, told = messy_bytes(600, ["测试甲社区"])
    batch = brought("worker-a", content)
    wrong = sum(count for fate, count in told.expected.items() if fate != "good")
    assert counts(batch) == (600, 600 - wrong, 0, 0, wrong, 0)
    assert batch.sheets == ["名册"] and "“旧”是隐藏的" in "".join(batch.notes)
    said = problems(batch)
    assert len({sentence.split(" ")[0] for sentence in said}) == wrong
    with fence(actor("worker-a")):
        returned = queries.rejects_file(actor("worker-a"), batch.pk)
        assert returned is not None and returned.size > 1000
        assert Person.objects.count() == 600 - wrong


@pytest.mark.slow
@pytest.mark.django_db
def test_twenty_thousand_messy_rows():
    content, told = messy_bytes(20_000, ["测试甲社区"])
    batch = brought("worker-a", content)
    wrong = sum(count for fate, count in told.expected.items() if fate != "good")
    assert counts(batch) == (20_000, 20_000 - wrong, 0, 0, wrong, 0)
    who = actor("worker-a")
    with fence(who):
        assert batch.blocks.count() == 4
        page = queries.rows_page(who, ImportBatch.objects.get(pk=batch.pk), only="error", number=9)
        assert page.total == wrong and len(page.rows) == 50
        assert all(any(cell.message for cell in row.cells) for row in page.rows)


# --- senders and sheets --------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_sender_is_guessed_and_becomes_the_source_of_every_fact():
    content = xlsx([["某区残联持证残疾人名册"], HEAD, *people(1)])
    batch = brought("worker-a", content)
    assert batch.sender == "canlian"
    assert next(iter(everybody().values())).source == "残联：名册.xlsx"
    who = actor("worker-a")
    with fence(who):
        # The same header next time, without the title.
        assert uploaded(content=xlsx([["名单"], HEAD, *people(2)])).sender == "canlian"
        with pytest.raises(ValidationError, match="没有这个来源部门"):
            uploaded(sender="nobody")


@pytest.mark.django_db
@pytest.mark.requirement("PPL-7")
@pytest.mark.parametrize(
    ("title", "name"), [("某区司法局名单", "名单.xlsx"), ("名单", "社区矫正对象名单.xlsx")]
)
def test_a_list_that_tells_on_people_is_not_taken_where_many_would_see_it(
    title: str, name: str
) -> None:
    content = xlsx([[title], ["姓名", "身份证号"], ["张三丰", id_number(order=11)]])
    with pytest.raises(ValidationError, match="司法所"):
        brought("worker-a", content, name=name)
    with fence(actor("worker-a")):
        assert not ImportBatch.objects.exists()


@pytest.mark.django_db
def test_what_a_senders_columns_mean_is_remembered_changed_and_forgotten():
    content = xlsx([["姓名", "身份证号", "备用号码"], *people(2)])
    who = actor("worker-a")
    batch = uploaded(content=content, sender="minzheng")
    with fence(who):
        actions.set_mapping(
            actor=who, batch_id=batch.pk, mapping={0: "name", 1: "id_number", 2: ""}
        )
        actions.check_now(actor=who, batch_id=batch.pk)
        actions.commit_now(actor=who, batch_id=batch.pk)
    wider = xlsx(
        [["序号", "备用号码", "身份证号", "姓名"], ["1", "20000000001", id_number(), "王"]]
    )
    assert uploaded(content=wider, sender="minzheng").mapping == {"2": "id_number", "3": "name"}
    assert uploaded(content=wider, sender="gongan").mapping["1"] == "phone"
    with fence(who):
        (memory,) = queries.remembered_columns(who, "roster")
        assert (memory.name, len(memory.columns)) == ("民政", 3)
        column = next(c for c in memory.columns if c.title == "备用号码")
        actions.set_column(actor=who, memory_id=column.pk, field="phone")
    assert uploaded(content=wider, sender="minzheng").mapping["1"] == "phone"
    with fence(who):
        assert actions.forget_columns(actor=who, kind="roster", sender="minzheng") == 3
        assert queries.remembered_columns(who, "roster") == []
    other = actor("worker-b")
    with fence(other):
        assert queries.remembered_columns(other, "roster") == []


@pytest.mark.django_db
def test_sheets_are_chosen_and_come_in_together():
    first, second = people(2), people(4)[2:]
    content = xlsx([HEAD, *first], 二组=[HEAD, *second], 别的=[["姓名", "身份证号"], *people(1)])
    batch = uploaded(content=content)
    assert batch.sheets == ["名册", "二组"]
    who = actor("worker-a")
    with fence(who):
        with pytest.raises(ValidationError, match="表头不一样"):
            actions.set_origin(actor=who, batch_id=batch.pk, sender="", sheets=["名册", "别的"])
        second[0][1] = first[0][1]
        batch = brought("worker-a", xlsx([HEAD, *first], 二组=[HEAD, *second]), check_only=True)
        assert counts(batch)[:2] == (4, 2)
        assert problems(batch)[0].startswith("工作表“名册”第2行")
        batch = actions.set_origin(actor=who, batch_id=batch.pk, sender="", sheets=["二组"])
        batch = actions.check_now(actor=who, batch_id=batch.pk, today=TODAY)
        assert counts(batch)[:2] == (2, 2)


def test_a_file_in_parts_is_the_same_file(db, monkeypatch):
    from weiye.base.files import actions as files
    from weiye.base.files import models

    for module in (files, models):
        monkeypatch.setattr(module, "PART_BYTES", 1000)
    content = bytes(range(256)) * 11
    who = actor("worker-a")
    with fence(who):
        kept = files.keep(
            actor=who, path=path_of(A), name="a.csv", content=io.BytesIO(content), right="x"
        )
        found = models.StoredFile.objects.get(pk=kept.pk)
        assert (found.parts.count(), found.size) == (3, len(content))
        assert found.read() == content
        opened = found.open()
        opened.seek(1990)
        assert opened.read(20) == content[1990:2010]
        opened.seek(-5, io.SEEK_END)
        assert opened.read() == content[-5:]
        found.delete()
        assert not models.FilePart.objects.exists()
