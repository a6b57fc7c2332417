"""One-click matching on the desk: fresh, explained, read access logged."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from tests.services.assistance import world
from tests.world import B
from weiye.base.audit.models import AuditEntry
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence
from weiye.registers.employers.models import PublicVacancy

pytestmark = pytest.mark.django_db

SEEKS = {"occupation_codes": ["4-07-05-01"], "hours": 3, "max_walk_minutes": 30}


@pytest.fixture
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "localdate", lambda: world.DAY)


@pytest.mark.requirement("MAT-2")
def test_one_person_one_click(signed: Callable[[str], Client], today: None) -> None:
    desk = signed("worker-a")
    with fence(system()):
        world.work()
        seeker = world.person("求职甲", status="失业", wish=SEEKS)
        idle = world.person("无意乙", work_wish=False)
        neighbour = world.person("邻居丙", code=B, status="失业", wish=SEEKS)
    page = desk.get(f"/community/people/{seeker.pk}/match/").content.decode()
    assert "为什么：" in page and "走路" in page
    assert "没有就业意愿" in desk.get(f"/community/people/{idle.pk}/match/").content.decode()
    assert desk.get(f"/community/people/{neighbour.pk}/match/").status_code == 404
    with fence(system()):
        read = AuditEntry.objects.filter(verb="person.read").order_by("id")
        assert [entry.thing_id for entry in read] == [str(seeker.pk), str(idle.pk)]


@pytest.mark.requirement("MAT-2")
def test_one_vacancy_finds_people_of_the_own_area_alone(
    signed: Callable[[str], Client], today: None
) -> None:
    desk = signed("worker-a")
    with fence(system()):
        world.work()
        seeker = world.person("求职甲", status="失业", wish=SEEKS)
        neighbour = world.person("邻居丙", code=B, status="失业", wish=SEEKS)
    pages = [
        desk.get(f"/community/vacancies/{row.pk}/match/").content.decode()
        for row in PublicVacancy.objects.order_by("pk")
    ]
    assert any(seeker.name in page for page in pages)
    assert not any(neighbour.name in page for page in pages)
    assert desk.get("/community/vacancies/999999/match/").status_code == 404
