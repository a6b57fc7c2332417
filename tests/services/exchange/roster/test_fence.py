"""Nobody imports beyond their own area."""

import pytest
from django.core.exceptions import ValidationError

from tests.services.exchange.making import people, xlsx
from tests.services.exchange.roster.bringing import (
    HEAD,
    brought,
    counts,
    everybody,
    unit,
)
from tests.world import A, B, actor, path_of
from weiye.base.scope.actor import NotAllowed, system
from weiye.base.scope.fence import fence
from weiye.services.exchange import actions, queries
from weiye.services.exchange.models import ImportBatch
from weiye.services.exchange.sheets import SheetRefused

pytestmark = pytest.mark.requirement("PPL-3")


@pytest.mark.django_db
@pytest.mark.requirement("ORG-2")
def test_somebody_of_another_community_is_reported_never_touched_never_told():
    rows = people(2)
    brought("worker-b", xlsx([HEAD, rows[0]]), code=B)
    batch = brought("worker-a", xlsx([HEAD, ["改名", *rows[0][1:]], rows[1]]))
    assert counts(batch) == (2, 1, 0, 0, 0, 1)
    with fence(actor("worker-a")):
        page = queries.preview(actor("worker-a"), batch.pk)
        assert page.problems == ("第2行 这个身份证号已在其他社区登记，需要办理迁移后才能导入",)
        assert "测试乙" not in "".join(page.problems)
        assert page.rows[0].outcome == "transfer"
    assert set(everybody("worker-b")) == {rows[0][0]}
    assert set(everybody("worker-a")) == {rows[1][0]}


@pytest.mark.django_db
@pytest.mark.requirement("ORG-2")
def test_a_street_does_not_move_people_between_its_communities():
    row = people(1)[0]
    brought("worker-b", xlsx([HEAD, row]), code=B)
    street = "371002001000"
    content = xlsx([[*HEAD, "社区"], [*row, "测试甲社区"]])
    batch = brought("clerk", content, code=street)
    assert counts(batch) == (1, 0, 0, 0, 0, 1)
    assert everybody("worker-b")[row[0]].unit_path == path_of(B)


@pytest.mark.django_db
def test_a_street_imports_by_community_column():
    rows = people(4)
    texts = ["测试甲社区", "测试乙社区居委会", B, "不存在的社区"]
    content = xlsx([[*HEAD, "社区名称"], *([*r, t] for r, t in zip(rows, texts, strict=True))])
    batch = brought("clerk", content, code="371002001000")
    assert counts(batch) == (4, 3, 0, 0, 1, 0)
    assert len(everybody("worker-a")) == 1
    assert len(everybody("worker-b")) == 2
    with pytest.raises(SheetRefused, match="要有“社区”一列"):
        brought("clerk", xlsx([HEAD, rows[0]]), code="371002001000")


@pytest.mark.django_db
def test_a_row_of_another_community_is_an_error():
    content = xlsx([[*HEAD, "社区"], [*people(1)[0], "测试乙社区"]])
    batch = brought("worker-a", content)
    assert counts(batch) == (1, 0, 0, 0, 1, 0)
    with fence(actor("worker-a")):
        assert (
            "不是本次导入的测试甲社区" in queries.preview(actor("worker-a"), batch.pk).problems[0]
        )


@pytest.mark.django_db
@pytest.mark.requirement("ORG-2")
def test_who_may_import_where():
    content = xlsx([HEAD, people(1)[0]])
    for who, code in (("worker-a", B), ("grid-a", A), ("city", A), ("county", A)):
        with pytest.raises(NotAllowed):
            brought(who, content, code=code)
    with pytest.raises(ValidationError, match="社区、街道"):
        actions.upload(
            actor=system(), unit=unit("371000000000"), kind="roster", name="a.xlsx", content=content
        )
    batch = brought("worker-a", content)
    with fence(actor("worker-b")), pytest.raises(ImportBatch.DoesNotExist):
        queries.batch(actor("worker-b"), batch.pk)
