"""From the ledger into a template: who may, who is in it, who can read that they were (PPL-3)."""

from datetime import date

import pytest
from django.core.exceptions import ValidationError

from tests.services.assistance import world
from tests.services.exchange.filling.forms import opened, template
from tests.services.exchange.making import id_number
from tests.world import A, B, actor
from weiye.base.audit.models import AuditEntry
from weiye.base.privacy.fields import blind_index
from weiye.base.regions.models import Unit
from weiye.base.runs.models import Run
from weiye.base.scope.actor import NotAllowed
from weiye.base.scope.fence import fence
from weiye.services.exchange.filling import actions, jobs, queries
from weiye.services.exchange.filling.models import ReportTemplate
from weiye.services.exchange.filling.queries import About

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("PPL-3")]
DAY = date(2025, 7, 1)


def people() -> None:
    for order, (name, code, facts) in enumerate(
        (
            ("林一", A, {"veteran": True, "education": 30}),
            ("林二", A, {"status": "失业", "since": date(2024, 1, 1)}),
            ("邻居", B, {}),
        )
    ):
        number = id_number(order=11 + 2 * order)
        index = blind_index(number)
        with fence(actor("worker-a" if code == A else "worker-b")):
            world.person(name, code=code, id_number=number, id_index=index, **facts)


def kept(content: bytes, who: str = "worker-a", code: str = A) -> ReportTemplate:
    one = actor(who)
    with fence(one):
        return actions.keep_template(
            actor=one, unit=Unit.objects.get(code=code), name="统计表.xlsx", content=content
        )


def run(found: ReportTemplate, who: str = "worker-a", **about: str) -> Run:
    one = actor(who)
    mapping = {int(index): field for index, field in found.mapping.items()}
    with fence(one):
        begun = actions.start_filling(
            actor=one,
            template_id=found.pk,
            mapping=mapping,
            about=About(**about),
            purpose="报街道统计",
            as_of=DAY,
        )
    jobs.fill_template(run_id=begun.pk, path=begun.unit_path)
    with fence(one):
        return Run.objects.select_related("file").get(pk=begun.pk)


def names(done: Run) -> list[object]:
    assert done.file is not None
    sheet = opened(done.file.read())["名单"]
    return [
        row[0].value for row in sheet.iter_rows(min_row=4, min_col=2, max_col=2) if row[0].value
    ]


def test_everybody_of_the_area_and_nobody_else() -> None:
    people()
    done = run(kept(template(rows=1)))
    assert done.state == "done", done.message
    assert names(done) == ["林一", "林二"] or sorted(map(str, names(done))) == ["林一", "林二"]
    with fence(actor("worker-a")):
        told = AuditEntry.objects.filter(verb="person.report")
        assert sorted(entry.detail["purpose"] for entry in told) == ["报街道统计"] * 2


def test_only_those_who_were_asked_for() -> None:
    people()
    assert names(run(kept(template()), status="失业")) == ["林二"]
    done = run(kept(template()), group="退役军人")
    assert (done.state, done.message) == (
        "failed",
        "没有符合条件的人，没有生成表格。请换一个范围。",
    )


def test_those_whom_the_template_names_are_completed_from_the_area_alone() -> None:
    people()
    mine, theirs = id_number(order=11), id_number(order=15)
    found = kept(template(named=(mine, theirs)))
    assert found.named == 2
    done = run(found)
    assert "已填1人。" in done.message
    assert "第5行的人不在本辖区台账里" in done.message
    assert names(done) == ["林一"]


def test_a_purpose_is_asked_for_and_the_right_to_see_whole_numbers() -> None:
    found = kept(template())
    one = actor("worker-a")
    with fence(one), pytest.raises(ValidationError, match="报给谁"):
        actions.start_filling(
            actor=one, template_id=found.pk, mapping={1: "name"}, about=About(), purpose=" ",
            as_of=DAY,
        )  # fmt: skip
    with pytest.raises(NotAllowed):
        kept(template(), who="grid-a")
    neighbour = actor("worker-b")
    with fence(neighbour):
        assert not queries.templates(neighbour).exists()
        with pytest.raises(ReportTemplate.DoesNotExist):
            actions.drop_template(actor=neighbour, template_id=found.pk)


def test_a_template_that_was_given_up_is_gone() -> None:
    found = kept(template())
    one = actor("worker-a")
    with fence(one):
        actions.drop_template(actor=one, template_id=found.pk)
        assert not queries.templates(one).exists()
