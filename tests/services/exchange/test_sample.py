"""The sample roster is messy in every way, and exactly three rows are wrong."""

from datetime import date

import pytest

from tests.services.exchange.making import problems_of
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
