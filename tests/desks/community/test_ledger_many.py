"""The ledger narrowed in more ways, of a city's size, and on paper."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateRange
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.world import A, B, actor
from weiye.base.audit.models import AuditEntry
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence
from weiye.desks.community import lists
from weiye.desks.community.views.ledger import ledger_page
from weiye.registers.people.models import StatusPeriod
from weiye.services.assistance.models import FileState, GroupMembership
from weiye.services.assistance.visits.models import VisitDue

pytestmark = pytest.mark.django_db
LEDGER, PAPER = "/community/people/", "/community/people/print/"
TODAY = timezone.localdate()
NAMES = ("王小明", "李大海", "赵新来")


def ago(days: int):  # type: ignore[no-untyped-def]
    return TODAY - timedelta(days=days)


@pytest.fixture
def three(helped):  # type: ignore[no-untyped-def]
    """王 was employed until 400 days ago, is disabled, of the first building, overdue; 李 was
    registered for some months; 赵's file is closed and nobody's."""
    made = {name: helped(name) for name in NAMES}
    with fence(system()):
        wang, li, zhao = (made[name] for name in NAMES)
        home = Unit.objects.get(code=A)
        building = Unit.objects.create(
            code=f"{A}g01b001", name="1号楼", level="building", path=f"{home.path}g01/b001/"
        )
        wang.person.unit, wang.person.unit_path = building, building.path
        wang.person.save()
        for who, kind, status, first, last in (
            (wang, 0, "就业", 900, 400),
            (li, 2, "", 300, 100),
            (zhao, 1, "", 800, 500),
        ):
            StatusPeriod.objects.create(
                person=who.person,
                unit_path=who.person.unit_path,
                kind=kind,
                status=status,
                during=DateRange(ago(first), ago(last)),
                source="t",
            )
        GroupMembership.objects.create(
            person=wang.person,
            unit_path=wang.person.unit_path,
            group="残疾",
            reason="t",
            source="t",
            found_on=ago(9),
            pack_version="t",
        )
        GroupMembership.objects.filter(person=zhao.person).update(left_on=ago(1), left_reason="t")
        for who, due in ((wang, ago(1)), (li, ago(-3))):
            VisitDue.objects.create(
                person=who.person,
                unit_path=who.person.unit_path,
                due_on=due,
                interval_days=90,
                because="t",
                source="t",
            )
        zhao.file.state, zhao.file.closed_on = FileState.CLOSED, ago(1)
        zhao.file.closed_because, zhao.file.worker = "t", None
        zhao.file.save()
    return made


def found(text: str) -> set[str]:
    return {name for name in NAMES if f">{name}</a>" in text}


@pytest.mark.requirement("PPL-5")
@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("group=残疾", {"王小明"}),
        ("group=残疾&group=长期失业", {"王小明", "李大海"}),
        ("group=残疾&group=没有这个", {"王小明"}),
        ("visit=overdue", {"王小明"}),
        ("visit=week", {"李大海"}),
        ("file=closed", {"赵新来"}),
        ("file=nobody", set()),
        ("worker=worker-a", {"王小明", "李大海"}),
        ("worker=别人", set()),
        ("area=1号楼", {"王小明"}),
        (f"area={A}g01b001 1号楼", {"王小明"}),
        (f"area={A}", set(NAMES)),
    ],
)
def test_narrowed(three, signed, query: str, names: set[str]) -> None:
    text = signed("worker-a").get(f"{LEDGER}?{query}").content.decode()
    assert "missing variable" not in text
    assert found(text) == names


@pytest.mark.requirement("PPL-2")
@pytest.mark.parametrize(
    ("query", "days", "names"),
    [
        ("status=就业", 0, set()),
        ("status=就业", 400, set()),
        ("status=就业", 401, {"王小明"}),
        ("status=就业", 900, {"王小明"}),
        ("status=就业", 901, set()),
        ("status=unknown", 401, {"李大海", "赵新来"}),
        ("status=unknown", 901, set(NAMES)),
        ("registered=2", 100, set()),
        ("registered=2", 101, {"李大海"}),
        ("registered=1", 700, {"赵新来"}),
        ("registered=3", 700, set()),
    ],
)
def test_status_and_registration_on_any_day(
    three, signed, query: str, days: int, names: set[str]
) -> None:
    text = signed("worker-a").get(f"{LEDGER}?{query}&on={ago(days)}").content.decode()
    assert found(text) == names


@pytest.mark.requirement("PPL-2")
def test_the_column_tells_the_status_of_that_day(three) -> None:
    me = actor("worker-a")
    with fence(me):
        then, _ = ledger_page(me, QueryDict(f"on={ago(500)}&sort=name"))
        told = {row.name: row.employment_status for row in then.objects}
        labels, _ = then.table()
    assert told == {"王小明": "就业", "李大海": None, "赵新来": None}
    assert f"就业状态（{ago(500)}）" in labels


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("on=2999-01-01", "不能晚于"),
        ("on=昨天", "请按“年-月-日”填写"),
        ("area=没有的地方", "辖区里没有找到“没有的地方”"),
        ("area=371002001002", "辖区里没有找到"),
    ],
)
def test_what_cannot_be_used_is_said_and_the_list_stays(
    three, signed, query: str, said: str
) -> None:
    text = signed("worker-a").get(f"{LEDGER}?{query}").content.decode()
    assert said in text
    assert found(text) == set(NAMES)


def test_two_buildings_of_one_name_are_told_apart(three, signed) -> None:
    with fence(system()):
        path = Unit.objects.get(code=A).path
        Unit.objects.create(
            code=f"{A}g02b001", name="1号楼", level="building", path=f"{path}g02/b001/"
        )
    text = signed("worker-a").get(f"{LEDGER}?area=1号楼").content.decode()
    assert "叫“1号楼”的不止一个" in text


@pytest.fixture
def capped(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a community were a city."""
    monkeypatch.setattr(lists, "LEDGER_CAP", 4)


@pytest.mark.parametrize("sort", ["name", "-name", "age", "-age"])
def test_pages_hold_everybody_once_whichever_way_they_were_counted(
    helped, monkeypatch: pytest.MonkeyPatch, sort: str
) -> None:
    """Deep pages, from either end, and pages of what was found whole, against one long list."""
    for number in range(11):
        helped(f"张{number % 3}", birth_date=ago(10_000 + number % 4))
    me = actor("worker-a")
    with fence(me):
        whole, _ = ledger_page(me, QueryDict(f"sort={sort}"))
        expected = [row.pk for row in whole.objects]
        assert len(expected) == 11
        for cap in (0, 4, 9, 100):
            monkeypatch.setattr(lists, "LEDGER_CAP", cap)
            for query in ("", "group=长期失业"):
                seen = []
                for number in range(1, 7):
                    page, _ = ledger_page(me, QueryDict(f"{query}&sort={sort}&page={number}"))
                    object.__setattr__(page.spec, "page_size", 2)
                    seen += [row.pk for row in page.objects]
                assert seen == expected, (cap, query)


def test_a_list_beyond_the_cap_says_more_and_counts_when_asked(helped, capped, signed) -> None:
    for number in range(6):
        helped(f"张{number}")
    client = signed("worker-a")
    text = client.get(f"{LEDGER}?group=长期失业").content.decode()
    assert '多于 <strong class="wy-num">4</strong> 人' in text
    assert "count=1" in text
    counted = client.get(f"{LEDGER}?group=长期失业&count=1").content.decode()
    assert '<strong class="wy-num">6</strong> 人' in counted
    assert "多于" not in counted
    # What nothing narrows is counted at once.
    assert '<strong class="wy-num">6</strong> 人' in client.get(LEDGER).content.decode()
    # An export holds them all.
    me = actor("worker-a")
    with fence(me):
        page, _ = ledger_page(me, QueryDict("group=长期失业"))
        assert page.found.more
        assert page.total == 6


def test_counting_to_the_cap_costs_as_many_questions(helped, capped, signed) -> None:
    client = signed("worker-a")

    def cost(query: str) -> int:
        with CaptureQueriesContext(connection) as caught:
            assert client.get(f"{LEDGER}?{query}").status_code == 200
        return len(caught)

    helped()
    query = "group=长期失业&status=失业"
    cost(query)
    one = cost(query)
    for number in range(7):
        helped(f"张{number}")
    assert cost(query) == one


@pytest.mark.requirement("PPL-4")
def test_the_printed_list_says_what_it_holds_and_is_logged_for_each(three, signed) -> None:
    client = signed("worker-a")
    text = client.get(f"{PAPER}?group=长期失业&group=残疾&sort=name").content.decode()
    assert "missing variable" not in text
    for words in ("人力资源台账", "群体：残疾或长期失业", "共 2 人", "王小明", "李大海"):
        assert words in text, words
    assert "赵新来" not in text
    assert three["王小明"].person.id_number not in text
    assert three["王小明"].person.phone not in text
    with fence(actor("worker-a")):
        assert AuditEntry.objects.get(verb="people.print").detail["rows"] == 2
        each = AuditEntry.objects.filter(verb="person.print", thing_type="person")
        keys = {str(three[name].person.pk) for name in ("王小明", "李大海")}
        assert {entry.thing_id for entry in each} == keys


@pytest.mark.requirement("ORG-2")
def test_printing_takes_the_right_to_take_lists_away(helped, signed) -> None:
    helped("乙家的人", unit=B)
    assert signed("grid-a").get(PAPER).status_code == 403
    assert "乙家的人" not in signed("worker-a").get(PAPER).content.decode()


def test_no_number_stands_in_the_address_of_the_printed_list(helped, signed) -> None:
    made = helped()
    answer = signed("worker-a").get(PAPER, {"q": made.person.phone})
    assert answer.status_code == 302
    assert made.person.phone not in answer["Location"]


def test_by_next_visit_those_without_one_come_last(helped, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page of people to visit is taken alone; a page that others fill holds all the same."""
    people = [helped(f"张{number}").person for number in range(7)]
    with fence(system()):
        for person, days in zip(people[:5], (3, 1, 4, 1, 5), strict=True):
            VisitDue.objects.create(
                person=person,
                unit_path=person.unit_path,
                due_on=ago(-days),
                interval_days=90,
                because="t",
                source="t",
            )
    order = [people[number].pk for number in (1, 3, 0, 2, 4, 5, 6)]
    back = [people[number].pk for number in (4, 2, 0, 1, 3, 5, 6)]
    me = actor("worker-a")
    with fence(me):
        for sort, expected in (("visit", order), ("-visit", back)):
            seen = []
            for number in range(1, 5):
                page, _ = ledger_page(me, QueryDict(f"sort={sort}&page={number}"))
                object.__setattr__(page.spec, "page_size", 2)
                seen += [row.pk for row in page.objects]
            assert seen == expected
