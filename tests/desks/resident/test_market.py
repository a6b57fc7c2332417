"""The public market: near-first, filtered, for everybody (JOB-2)."""

import math
from datetime import date, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from tests.world import A, B, C, path_of
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence
from weiye.desks.resident.queries import DETOUR, EARTH_RADIUS_M, find_places, near, place_of
from weiye.registers.employers import actions
from weiye.registers.employers.models import PublicVacancy, Vacancy

pytestmark = pytest.mark.django_db


def post(title: str, *, lon: float | None = 122.1, lat: float | None = 37.5, **fields) -> Vacancy:  # type: ignore[no-untyped-def]
    """A published vacancy of community A at a point."""
    unit = Unit.objects.get(code=A)
    with fence(system()):
        employer = actions.save_employer(
            actor=system(), unit=unit, name=f"{title}单位", phone="20000000001", lon=lon, lat=lat
        )
        values = {
            "title": title,
            "duties": "照看店面",
            "place": "文化路1号",
            "conditions": "认真负责",
            "contract_type": "劳动合同",
            "social_insurance": "五险",
            "protection": "无",
            "wage_min": 3000,
            "wage_max": 4000,
            "hours": 3,
            "posted_on": timezone.localdate(),
            **fields,
        }
        row = actions.save_vacancy(actor=system(), employer=employer, values=values)
        return actions.publish(actor=system(), vacancy_id=row.pk, on=timezone.localdate())


def walk(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Metres × 1.3 by the spherical law of cosines: another formula than the query's."""
    (x1, y1), (x2, y2) = ([math.radians(v) for v in p] for p in (a, b))
    cosine = math.sin(y1) * math.sin(y2) + math.cos(y1) * math.cos(y2) * math.cos(x2 - x1)
    return math.acos(min(1.0, cosine)) * EARTH_RADIUS_M * DETOUR


@pytest.mark.requirement("JOB-2")
def test_near_first_with_minutes_and_remote_work_last() -> None:
    home = place_of(Unit.objects.get(code=A))
    assert home is not None
    far = post("远处", lon=home.lon + 0.05)
    close = post("近处", lon=home.lon + 0.003)
    remote = post("在家做", lon=None, lat=None, remote=True)
    elsewhere = post("别的城市", lon=home.lon + 3)
    found = list(near(home, timezone.localdate()))
    assert [v.pk for v in found] == [close.pk, far.pk, remote.pk]
    assert elsewhere.pk not in [v.pk for v in found]
    expected = walk((home.lon, home.lat), (home.lon + 0.003, home.lat))
    assert found[0].metres == pytest.approx(expected, abs=1)
    assert found[0].minutes == pytest.approx(expected / 80, abs=0.02)
    assert found[2].metres is None


@pytest.mark.requirement("JOB-2")
def test_a_vacancy_without_a_point_stands_in_the_middle_of_its_community() -> None:
    home = place_of(Unit.objects.get(code=B))
    assert home is not None
    row = post("没有坐标", lon=None, lat=None)
    found = near(home, timezone.localdate()).get()
    middle = Unit.objects.get(code=A)
    assert (found.pk, found.assumed) == (row.pk, True)
    expected = walk((home.lon, home.lat), (middle.lon, middle.lat))
    assert found.metres == pytest.approx(expected, abs=1)


@pytest.mark.requirement("JOB-2")
def test_the_market_needs_no_sign_in_and_keeps_to_open_vacancies(client: Client) -> None:
    today = timezone.localdate()
    post("开着的")
    over = post("到期的", expires_on=today - timedelta(1))
    closed = post("下架的")
    with fence(system()):
        actions.close(actor=system(), vacancy_id=closed.pk)
    text = client.get("/", {"place": A}).content.decode()
    assert "开着的" in text
    assert "到期的" not in text
    assert "下架的" not in text
    assert client.get(f"/jobs/{over.pk}/").status_code == 410
    assert client.get(f"/jobs/{closed.pk}/").status_code == 404


@pytest.mark.requirement("JOB-2")
@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ({}, {"白班", "夜班", "周末", "面议"}),
        ({"time": "day"}, {"白班", "面议"}),
        ({"time": "weekend"}, {"周末"}),
        ({"pay": "5000"}, {"夜班"}),
        ({"label": "妈妈岗"}, {"白班"}),
        ({"kind": "兼职"}, {"周末"}),
        ({"walk": "15"}, {"白班", "夜班", "面议"}),
        (
            {"time": "never", "pay": "x", "label": "x", "kind": "x"},
            {"白班", "夜班", "周末", "面议"},
        ),
    ],
)
def test_filters(client: Client, query: dict[str, str], titles: set[str]) -> None:
    post("白班", hours=3, labels=["妈妈岗"])
    post("夜班", hours=8, wage_min=5000, wage_max=6000)
    post("周末", hours=16, kind="兼职", lon=122.15)
    post("面议", hours=1, wage_min=None, wage_max=None)
    text = client.get("/", {"place": A, **query}).content.decode()
    assert {t for t in ("白班", "夜班", "周末", "面议") if f">{t}</a>" in text} == titles


def test_a_place_without_a_point_borrows_the_one_above() -> None:
    Unit.objects.filter(code=B).update(lon=None, lat=None)
    found = place_of(Unit.objects.get(code=B))
    assert found is not None
    assert (found.name, found.estimated) == ("测试乙社区", "环翠楼街道")
    Unit.objects.filter(code__startswith="37").update(lon=None, lat=None)
    assert place_of(Unit.objects.get(code=B)) is None


def test_finding_a_place_by_part_of_its_name(client: Client) -> None:
    assert [m.unit.code for m in find_places("测试丙")] == [C]
    assert find_places("测试丙")[0].within == "威海市 环翠区 鲸园街道"
    many = client.get("/", {"where": "测试"}).content.decode()
    assert "是哪一个" in many
    assert "测试丁街道" in many
    none = client.get("/", {"where": "没有这地方"}).content.decode()
    assert "没有找到叫“没有这地方”的社区" in none
    assert "测试丙社区附近" in client.get("/", {"where": "测试丙"}).content.decode()
    assert "测试丙社区" in client.get("/places/", {"where": "丙"}).content.decode()


@pytest.mark.parametrize(
    "query",
    [
        {"lon": "abc", "lat": "1"},
        {"lon": "nan", "lat": "nan"},
        {"lon": "inf", "lat": "37"},
        {"lon": "0", "lat": "0"},
        {"place": "<script>"},
        {"page": "-5"},
        {"page": "99999999999"},
        {"where": "'; drop table x; --"},
        {"where": "\x00"},
        {"place": "\x00"},
    ],
)
def test_nonsense_in_the_address_shows_the_market(client: Client, query: dict[str, str]) -> None:
    post("白班")
    answer = client.get("/", query)
    assert answer.status_code == 200
    assert "<script>" not in answer.content.decode()


def test_ones_own_position(client: Client) -> None:
    post("近处", lon=122.101)
    text = client.get("/", {"lon": "122.1", "lat": "37.5"}).content.decode()
    assert "我的位置附近" in text
    assert "走路约1分钟" in text


def test_the_vacancy_page_states_what_the_law_asks_for(client: Client) -> None:
    row = post("店员")
    text = client.get(f"/jobs/{row.pk}/", {"place": A}).content.decode()
    for words in (
        "照看店面",
        "文化路1号",
        "认真负责",
        "劳动合同",
        "五险",
        "劳动保护与职业危害",
        "tel:20000000001",
    ):
        assert words in text
    assert "直线距离×1.3估算" in text


def test_the_market_costs_a_fixed_number_of_queries(
    client: Client, django_assert_num_queries
) -> None:
    def cost(number: int) -> int:
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        for n in range(number):
            post(f"岗位{number}-{n}")
        with CaptureQueriesContext(
            connection,
        ) as caught:
            client.get("/", {"place": A})
        return len(caught)

    assert cost(1) == cost(12)


@given(
    st.floats(min_value=121.9, max_value=122.3),
    st.floats(min_value=37.3, max_value=37.7),
)
def test_straight_line_agrees_with_another_formula(lon: float, lat: float) -> None:
    from weiye.desks.resident.queries import Place

    if not PublicVacancy.objects.exists():
        with fence(system()):
            PublicVacancy.objects.create(
                id=1,
                title="x",
                lon=122.1,
                lat=37.5,
                posted_on=date(2025, 1, 1),
                unit_code=A,
                unit_name="x",
                unit_path=path_of(A),
                employer_name="x",
            )
    found = near(Place(lon, lat, "x"), date(2025, 1, 2)).get()
    assert found.metres == pytest.approx(walk((lon, lat), (122.1, 37.5)), abs=1.5)
