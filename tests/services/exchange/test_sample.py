"""The sample roster is messy in every way, and exactly three rows are wrong."""

from datetime import date

import pytest

from tests.services.exchange.making import problems_of
from tests.world import A, path_of
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence
from weiye.services.assistance.actions import run_pipeline
from weiye.services.assistance.jurisdiction import pack_of
from weiye.services.assistance.models import GroupMembership
from weiye.services.exchange import actions
from weiye.services.exchange.sample import PEOPLE, WRONG_ROWS, sample_roster
from weiye.services.exchange.sheets import RowParser, propose, read_table


@pytest.mark.requirement("PPL-3")
@pytest.mark.parametrize("on", [date(2025, 6, 30), date(2024, 2, 29), date(2031, 12, 31)])
def test_sample(on):
    content = sample_roster("测试甲社区", on)
    table = read_table("样例.xlsx", content, "roster")
    found = propose(table)
    assert not found.missing
    assert [c.column.title for c in found.unmapped] == ["序号", "残疾/类别", "备注"]
    blocks = list(RowParser(table, found.mapping, on).blocks())
    assert sum(len(b.lines) for b in blocks) == PEOPLE
    errors = problems_of(blocks)
    assert len(errors) == WRONG_ROWS
    said = " ".join(p.message for row in errors.values() for p in row)
    assert "校验位" in said and "大本？" in said and "重复" in said
    columns = {
        name: [v for b in blocks for v in b.columns[name] if v is not None]
        for name in blocks[0].columns
    }
    assert {"低保", "低保边缘", "特困", "无"} <= set(columns["minimum_living"])
    assert {"脱贫享受政策", "防止返贫监测"} <= set(columns["poverty_alleviation"])
    assert {1, 2, 3} <= set(columns["disability_grade"])
    assert all(n.startswith("3799") for n in columns["id_number"])
    assert all(p.startswith("2000") for p in columns["phone"])


def test_same_arguments_same_bytes():
    day = date(2025, 6, 30)
    assert sample_roster("测试甲社区", day) == sample_roster("测试甲社区", day)
    assert sample_roster("测试甲社区", day) != sample_roster("测试甲社区", day, seed=1)


#: Needs a registered residence in a village, which the sample does not give.
NOT_IN_SAMPLE = {"农村转移就业劳动者"}


@pytest.mark.django_db
@pytest.mark.requirement("PPL-5")
def test_every_group_of_the_pack_is_found_in_the_imported_sample():
    day = date(2025, 6, 30)
    who = system(path_of(A))
    with fence(who):
        batch = actions.upload(
            actor=who,
            unit=Unit.objects.get(code=A),
            kind="roster",
            name="样例.xlsx",
            content=sample_roster("测试甲社区", day),
        )
        actions.check_now(actor=who, batch_id=batch.pk)
        actions.commit_now(actor=who, batch_id=batch.pk)
        run_pipeline(actor=who, path=path_of(A), as_of=day)
        found = set(GroupMembership.objects.order_by().values_list("group", flat=True))
    assert {group.id for group in pack_of(path_of(A)).groups} - found == NOT_IN_SAMPLE
