"""The pages of packs: what waits, what changes, who decides, and a day worked out again."""

import re
from datetime import date
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from tests.base.packs.test_versions import change, proposed, register, root
from tests.desks.community.conftest import helped  # noqa: F401
from tests.world import A, actor, path_of, sign_in
from weiye.base.packs.models import PackState, PackVersion
from weiye.base.runs.models import Run
from weiye.base.runs.progress import Silent
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence
from weiye.services.assistance.actions import run_pipeline
from weiye.services.assistance.jobs import replaying
from weiye.services.assistance.replay import replay

pytestmark = pytest.mark.django_db
__all__ = ["root"]

HOME = "/administration/packs/"
IN_A_GROUP = {
    "labour_capacity": True,
    "pension_drawn": False,
    "work_wish": True,
    "disability_grade": 2,
    "retirement_base": 55,
}


def client(username: str) -> Client:
    made = Client()
    sign_in(made, username)
    return made


def test_a_city_sees_what_changes_and_approves(root: Path) -> None:
    version = proposed(root)
    page = client("city")
    assert "等待审批" in page.get(HOME).content.decode()
    url = f"{HOME}versions/{version.pk}/"
    text = page.get(url).content.decode()
    assert "改了 1 处" in text
    assert "12000" in text
    assert "13000" in text
    day = timezone.localdate().isoformat()
    sent = {"verdict": "approve", "in_force_from": day, "note": "同意"}
    assert page.post(f"{url}decide/", sent).status_code == 302
    with fence(system()):
        assert PackVersion.objects.get(pk=version.pk).state == PackState.APPROVED
    # Twice, or by somebody else later: nothing happens again.
    again = page.post(f"{url}decide/", sent, follow=True)
    assert "不能再次审批" in again.content.decode()


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({}, "请选择决定"),
        ({"verdict": "approve", "in_force_from": ""}, "请选择启用日期"),
        ({"verdict": "approve", "in_force_from": "2020-01-01"}, "早于今天"),
        ({"verdict": "reject"}, "原因"),
        ({"verdict": "approve", "in_force_from": "昨天"}, "请"),
    ],
)
def test_wrong_input_is_told_and_decides_nothing(
    root: Path, sent: dict[str, str], said: str
) -> None:
    version = proposed(root)
    answer = client("city").post(f"{HOME}versions/{version.pk}/decide/", sent)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    with fence(system()):
        assert PackVersion.objects.get(pk=version.pk).state == PackState.PROPOSED


def test_a_county_reads_and_decides_nothing(root: Path) -> None:
    version = proposed(root)
    page = client("county")
    text = page.get(f"{HOME}versions/{version.pk}/").content.decode()
    assert "提交决定" not in text
    assert page.post(f"{HOME}versions/{version.pk}/decide/", {}).status_code == 403
    assert client("worker-a").get(HOME).status_code == 403
    assert page.get(f"{HOME}versions/999999/").status_code == 404


def test_replay_finds_what_was_found_and_tells_what_a_new_version_changes(
    root: Path,
    helped,  # type: ignore[no-untyped-def]  # noqa: F811
) -> None:
    register(root)
    today = timezone.localdate()
    helped(**IN_A_GROUP)
    with fence(system()):
        run_pipeline(actor=system(), path=path_of(A), as_of=today)
        found = replay(actor=system(), path=path_of(A), as_of=today, progress=Silent())
        assert found.people > 0
        assert all(line.only_recorded == line.only_found == 0 for line in found.lines)
        before = replay(actor=system(), path=path_of(A), as_of=date(2001, 1, 1), progress=Silent())
        assert all(line.recorded == 0 for line in before.lines)


def test_the_replay_page_works_in_the_background_and_hides_few(
    root: Path,
    helped,  # type: ignore[no-untyped-def]  # noqa: F811
) -> None:
    register(root)
    today = timezone.localdate()
    helped(**IN_A_GROUP)
    with fence(system()):
        run_pipeline(actor=system(), path=path_of(A), as_of=today)
        recorded = replay(actor=system(), path=path_of(A), as_of=today, progress=Silent()).lines
    page = client("city")
    assert page.post(f"{HOME}replay/", {"as_of": today.isoformat()}).status_code == 302
    with fence(actor("city")):
        run = Run.objects.get(kind="assistance.replay")
    replaying.func(run_id=run.pk, path=run.unit_path)
    text = page.get(f"{HOME}replay/").content.decode()
    assert recorded and recorded[0].group in text
    assert re.search(r"少于5", text)
    assert page.post(f"{HOME}replay/", {"as_of": "2999-01-01"}).status_code == 422
    assert page.post(f"{HOME}replay/", {"as_of": "x", "version": "999"}).status_code == 422


def test_a_version_to_come_can_be_tried_out(
    root: Path,
    helped,  # type: ignore[no-untyped-def]  # noqa: F811
) -> None:
    register(root)
    change(root)
    (version,) = register(root)
    helped(**IN_A_GROUP)
    page = client("city")
    sent = {"as_of": timezone.localdate().isoformat(), "version": str(version.pk)}
    assert page.post(f"{HOME}replay/", sent).status_code == 302
    with fence(actor("city")):
        run = Run.objects.get(kind="assistance.replay")
    replaying.func(run_id=run.pk, path=run.unit_path)
    with fence(actor("city")):
        run.refresh_from_db()
    assert run.state == "done", run.message
    assert run.result["people"] > 0
