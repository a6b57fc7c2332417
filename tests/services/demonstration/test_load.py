"""Loading the demonstration: whole, once, marked, and never beside real people."""

from collections import Counter
from datetime import date
from pathlib import Path

import pytest
import yaml
from django.db import connection

from tests.world import actor
from weiye.base.accounts.models import Account
from weiye.base.accounts.passwords import complaints
from weiye.base.audit.models import AuditEntry
from weiye.base.privacy.documents import CITIZEN, read_document
from weiye.base.privacy.fields import blind_index
from weiye.base.regions.models import Unit
from weiye.base.regions.reading import read_regions
from weiye.base.scope.actor import NotAllowed, system
from weiye.base.scope.fence import fence
from weiye.registers.employers.actions import problems
from weiye.registers.employers.models import Employer, PublicVacancy, Vacancy
from weiye.registers.people.biography import cleaned
from weiye.registers.people.models import Household, Person, StatusPeriod, WorkWish
from weiye.registers.people.transfers.models import TransferRequest, TransferState
from weiye.registers.training.models import Programme
from weiye.services.demonstration import actions, loading, queries
from weiye.services.demonstration.actions import RealPeople, load, load_simulated
from weiye.services.demonstration.command import main
from weiye.services.demonstration.loading import NoAreaTree
from weiye.services.demonstration.rosters import department_rosters, is_demonstrated

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).parents[3]
AS_OF = date(2026, 6, 30)
TOWN, VILLAGE, NEIGHBOUR = "371002003030", "371002101210", "371002003014"
TABLES = (Household, Person, StatusPeriod, WorkWish, Employer, Vacancy, PublicVacancy, Programme)


@pytest.fixture
def county(db):
    """The county's real units, beside those of the test world."""
    regions = read_regions(ROOT / "packs" / "shandong")
    there = {unit.code: unit for unit in Unit.objects.all()}
    for code, parent, level, name, path in regions.iter_rows():
        if code.startswith("371002") and code not in there:
            unit = Unit(code=code, name=name, level=level, path=path, parent=there[parent])
            if level == "street":
                unit.save()
            there[code] = unit
    Unit.objects.bulk_create(unit for unit in there.values() if unit.pk is None)
    return there["371002000000"]


def counts() -> dict[str, int]:
    with fence(system()):
        found = {model.__name__: model.objects.count() for model in TABLES}
        found["accounts"] = Account.objects.filter(synthetic=True).count()
        found["audit"] = AuditEntry.objects.count()
        return found


@pytest.fixture
def small(county, monkeypatch):
    """The plan on a small scale: the same communities and accounts, fewer people."""
    whole = actions.read_yaml

    def smaller(pack, name):
        plan = whole(pack, name)
        if name != "demonstration":
            return plan
        deep = [entry | {"households": 60, "grids": 2} for entry in plan["deep"]]
        counts = {"employers": 20, "vacancies": 40, "programmes": 5, "thin_people": 620}
        return plan | counts | {"deep": deep}

    monkeypatch.setattr(actions, "read_yaml", smaller)
    return county


@pytest.fixture
def loaded(small):
    return load(actor=system(), as_of=AS_OF)


@pytest.fixture
def jinan(county):
    """A real community of another city."""
    street = Unit.objects.get(code="370102001000")
    code, path = "370102001002", f"{street.path}002/"
    return Unit.objects.create(
        code=code, name="解放桥社区居民委员会", level="community", path=path, parent=street
    )


@pytest.mark.requirement("ORG-1")
def test_two_communities_are_there_in_depth_and_the_county_is_thin(county):
    loaded = load(actor=system(), as_of=AS_OF)
    assert loaded.new
    with fence(system()):
        found = Counter(path[:17] for path in Person.objects.values_list("unit_path", flat=True))
        town, village = found.pop("37/10/02/003/030/"), found.pop("37/10/02/101/210/")
        assert 950 < town < 1_200
        assert 600 < village < 760
        assert 1_800 < sum(found.values()) < 2_200
        assert len(found) == 216
        buildings = Unit.objects.filter(level="building", code__startswith=TOWN)
        assert buildings.count() == 14
        assert all(unit.synthetic and unit.point_source == "demonstration" for unit in buildings)
        assert set(buildings.values_list("parent__parent__code", flat=True)) == {TOWN}
        community = Unit.objects.get(code=TOWN)
        assert (community.point_source, community.synthetic) == ("demonstration", False)
    assert (loaded.employers, loaded.vacancies, loaded.programmes) == (300, 600, 40)


def test_everything_is_marked_synthetic_and_its_numbers_belong_to_nobody(loaded):
    with fence(system()):
        for model in (Household, Person, Employer, Vacancy, PublicVacancy, Programme):
            assert not model.objects.filter(synthetic=False).exists(), model
        people = list(Person.objects.order_by("pk"))
        assert Account.objects.filter(synthetic=True).count() == 12
    twice = [person for person in people if person.source == loading.VISIT]
    assert len(people) == loaded.people + len(twice)
    assert len(twice) == 2 * 5
    assert not any(person.id_number for person in twice)
    for person in people:
        assert not person.phone or (person.phone.startswith("20") and len(person.phone) == 11)
        if person in twice:
            continue
        found = read_document(person.id_kind, person.id_number)
        if found.kind == CITIZEN:
            assert person.id_number.startswith("3799")
            assert (found.birth_date, found.sex) == (person.birth_date, person.sex)
        assert person.source == loading.SOURCE
        assert person.lon is None, "a person's point is set by somebody, never by us"


def test_published_vacancies_obey_the_law_and_are_public(loaded):
    with fence(system()):
        rows = list(Vacancy.objects.select_related("employer").order_by("pk"))
        assert [row.pk for row in rows] == list(
            PublicVacancy.objects.order_by("pk").values_list("pk", flat=True)
        )
    assert not [row for row in rows if problems(row)]
    assert all(row.employer.name.endswith("（演示）") for row in rows)


def test_loading_twice_changes_nothing(loaded):
    before = counts()
    assert load(actor=system(), as_of=AS_OF).new is False
    assert load(actor=system(), seed=5).new is False
    assert counts() == before


def test_an_interrupted_load_leaves_nothing_and_the_next_one_is_whole(small, monkeypatch):
    before = counts()
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(actions, "_account", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        load(actor=system(), as_of=AS_OF)
    assert counts() == before
    assert not Unit.objects.filter(level="building").exists()
    assert load(actor=system(), as_of=AS_OF).new


def test_two_loads_at_once_do_it_once(loaded):
    """The second waits for a lock of the transaction, so it sees what the first did."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted")
        assert cursor.fetchone()[0] >= 1


def test_it_refuses_to_mix_with_real_people(small):
    with fence(system()):
        Person.objects.create(
            unit=small, unit_path=small.path, name="某人", source="测试", as_of=AS_OF
        )
    before = counts()
    with pytest.raises(RealPeople):
        load(actor=system(), as_of=AS_OF)
    with pytest.raises(RealPeople):
        load_simulated(actor=system(), unit_code=VILLAGE, people=30, seed=1, as_of=AS_OF)
    assert counts() == before


def test_real_people_who_came_later_do_not_disturb_the_next_start(loaded):
    with fence(system()):
        unit = Unit.objects.get(code=TOWN)
        Person.objects.create(unit=unit, unit_path=unit.path, name="某人", source="x", as_of=AS_OF)
    assert load(actor=system(), as_of=AS_OF).new is False


def test_without_the_area_tree_it_says_so():
    with pytest.raises(NoAreaTree, match="371002"):
        load(actor=system(), as_of=AS_OF)


def test_only_the_system_may_load(county):
    with pytest.raises(NotAllowed):
        load(actor=actor("county"), as_of=AS_OF)


@pytest.mark.requirement("PPL-1")
def test_people_have_a_past_papers_and_departments_that_know_of_them(loaded):
    with fence(system()):
        people = list(Person.objects.exclude(source=loading.VISIT))
        periods = StatusPeriod.objects.count()
    assert periods > 2 * len(people)
    adults = [person for person in people if person.birth_date.year < 2000]
    schooled = [person for person in adults if person.education_history]
    assert len(schooled) > 0.8 * len(adults)
    assert sum(bool(person.work_history) for person in adults) > 0.6 * len(adults)
    for person in people:
        for fact in ("education_history", "work_history", "skill_certificates"):
            records = getattr(person, fact)
            assert cleaned(fact, records, on=AS_OF) == (records or None)
        for source, facts in person.fact_sources.items():
            assert source.endswith("共享数据（演示）")
            assert all(getattr(person, fact) is not None for fact in facts)
    limits = survey_limits()
    limited = [person for person in people if person.health_limits]
    assert limited
    assert all(set(person.health_limits) <= limits for person in limited)


def survey_limits() -> set[str]:
    text = (ROOT / "packs" / "shandong" / "surveys.yaml").read_text(encoding="utf-8")
    return set(yaml.safe_load(text)["health_limits"])


@pytest.mark.requirement("PPL-3")
def test_departments_send_rosters_about_the_people_who_are_there(loaded):
    from weiye.base.accounts.models import Membership
    from weiye.base.accounts.queries import actor_of

    with fence(system()):
        worker = actor_of(Membership.objects.active().get(account__username="cuizhu"))
        indexes = set(
            Person.objects.filter(unit_path__startswith=worker.path).values_list(
                "id_index", flat=True
            )
        )
    assert is_demonstrated(worker)
    files = department_rosters(worker)
    assert len(files) == 8
    assert not any("重点人群" in name for name in files), "not for everybody's eyes"
    police = next(data for name, data in files.items() if "公安" in name).decode("gbk")
    numbers = [line.split(",")[2] for line in police.splitlines()[1:]]
    there = [number for number in numbers if number and blind_index(number) in indexes]
    assert len(numbers) > 100
    assert len(there) > 0.85 * len(numbers)
    assert len(there) < len(numbers), "somebody died or left"


def test_somebody_who_moved_is_asked_for(loaded):
    plan = actions.demonstration_plan()
    actions.ask_move(system(), plan["moves"][0])
    with fence(system()):
        rows = list(TransferRequest.objects.all())
    assert {row.unit.code[:12] for row in rows} == {TOWN, NEIGHBOUR}
    assert {row.state for row in rows} == {TransferState.ASKED}


def test_without_a_demonstration_departments_send_nothing(county):
    assert department_rosters(actor("county")) == {}
    assert not is_demonstrated(actor("county"))


@pytest.mark.requirement("ORG-2")
def test_a_worker_sees_the_own_community_and_nothing_next_door(loaded):
    from weiye.base.accounts.models import Membership
    from weiye.base.accounts.queries import actor_of

    def seen(username: str) -> int:
        with fence(system()):
            own = actor_of(Membership.objects.active().get(account__username=username))
        with fence(own):
            paths = list(Person.objects.values_list("unit_path", flat=True))
            assert all(path.startswith(own.path) for path in paths)
            return len(paths)

    town = seen("cuizhu")
    assert town > 130
    assert 0 < seen("xingzhu") < 30
    assert 50 < seen("wangge") < town
    assert seen("zhudao") > town
    assert seen("huancui") == loaded.people + 2 * 5


def test_sign_ins_work_one_per_role_and_differ_between_installations(loaded, settings):
    sign_ins = queries.sign_ins()
    assert {s.role for s in sign_ins} == {
        "station_worker", "grid_worker", "street_clerk", "county_agency",
        "city_manager", "province_manager", "administrator", "auditor", "department", "collector",
    }  # fmt: skip
    for sign_in in sign_ins:
        with fence(system()):
            account = Account.objects.get(username=sign_in.username)
        assert account.check_password(sign_in.password)
        assert complaints(sign_in.password, username=sign_in.username, name=sign_in.name) == []
    assert len({s.password for s in sign_ins}) == len(sign_ins)
    settings.SECRET_KEY = "another installation"
    assert queries.sign_ins()[0].password != sign_ins[0].password


def test_other_units_can_be_filled_beside_it_with_other_numbers(loaded, jinan):
    with fence(system()):
        before = set(Person.objects.values_list("id_index", flat=True))
    first = load_simulated(actor=system(), unit_code="370102001002", people=60, seed=1, as_of=AS_OF)
    assert first.new
    again = load_simulated(actor=system(), unit_code="370102001002", people=60, seed=2, as_of=AS_OF)
    assert again.new is False
    with fence(system()):
        others = Person.objects.filter(unit_path__startswith="37/01/02/001/002/")
        assert others.count() == first.people
        assert not before & set(others.values_list("id_index", flat=True))
        assert {person.id_number[:6] for person in others} == {"379902"}


def test_the_command_loads_and_refuses_plainly(loaded, jinan, capsys):
    arguments = ["--people", "40", "--seed", "2", "--as-of", "2026-06-30"]
    assert main(["--unit", "370102001002", *arguments]) == 0
    assert "people in" in capsys.readouterr().err
    assert main(["--unit", "370102001002", *arguments]) == 0
    assert "nothing was changed" in capsys.readouterr().err
    # A real unit that the small world of the tests does not have.
    assert main(["--unit", "370103001000", *arguments]) == 2
    assert capsys.readouterr().err.count("\n") == 1
