"""The pipeline over small worlds, against answers worked out by hand or by plain loops."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import F

from tests.services.assistance import world
from tests.services.assistance.world import A_PATH, B_PATH, DAY
from tests.world import B, actor
from weiye.base.accounts.models import Account, Membership
from weiye.base.audit.models import AuditEntry
from weiye.base.scope.actor import NotAllowed, system
from weiye.base.scope.fence import fence
from weiye.engine.matching import why_not
from weiye.registers.employers.models import PublicVacancy
from weiye.registers.people import actions as people_actions
from weiye.registers.people.frames import people_frame
from weiye.registers.people.models import StatusPeriod
from weiye.services.assistance import actions, queries
from weiye.services.assistance.actions import pipeline
from weiye.services.assistance.models import (
    AssistanceFile,
    FileState,
    GroupMembership,
    ListEntry,
)
from weiye.services.matching.frames import vacancies_frame

pytestmark = pytest.mark.django_db

SEEKS = {"occupation_codes": ["4-07-05-01"], "hours": 3, "max_walk_minutes": 20}


def run(username: str = "worker-a", as_of: date = DAY, path: str = A_PATH) -> pipeline.Outcome:
    return actions.run_pipeline(actor=actor(username), path=path, as_of=as_of)


def lists(file: AssistanceFile, kind: str) -> list[ListEntry]:
    rows = ListEntry.objects.filter(file=file, kind=kind, ended_on__isnull=True)
    return list(rows.order_by("rank", "id"))


def file_of(person: Any) -> AssistanceFile:
    return AssistanceFile.objects.get(person=person, state=FileState.OPEN)


@pytest.fixture
def a() -> Any:
    me = actor("worker-a")
    with fence(system()):
        world.work()
        world.classes()
    with fence(me):
        yield me


@pytest.mark.requirement("AID-1", "PPL-5", "PPL-4")
def test_who_is_in_a_group_and_who_gets_a_file(a: Any) -> None:
    plain = world.person("平常")
    poor = world.person("低保", minimum_living="低保")
    unemployed = world.person("失业", status="失业", registered=date(2025, 5, 1))
    long = world.person("久失业", status="失业", since=date(2024, 6, 30))
    almost = world.person("差一天", status="失业", since=date(2024, 7, 1))
    pensioner = world.person("领养老金", minimum_living="低保", pension_drawn=True)
    older = world.person("大龄", sex="女", birth_date=date(1985, 6, 30))
    younger = world.person("未满", sex="女", birth_date=date(1985, 7, 1))
    run()
    groups = {
        p.pk: set(GroupMembership.objects.filter(person=p).values_list("group", flat=True))
        for p in (plain, poor, unemployed, long, almost, pensioner, older, younger)
    }
    assert groups[plain.pk] == set()
    assert groups[poor.pk] == {"低保家庭", "低收入"}
    assert "低保家庭" not in groups[pensioner.pk]
    assert "长期失业" in groups[long.pk]
    assert "长期失业" not in groups[almost.pk]
    assert "高失业" in groups[almost.pk]
    assert "大龄" in groups[older.pk]
    assert "大龄" not in groups[younger.pk]
    files = {f.person_id: f for f in AssistanceFile.objects.all().order_by("id")}
    assert set(files) >= {poor.pk, unemployed.pk, long.pk, older.pk}
    assert not {plain.pk, pensioner.pk, younger.pk} & set(files)
    file = files[unemployed.pk]
    assert (file.quota, file.opened_on, file.state) == ("12333", DAY, "open")
    assert "登记失业" in file.opened_because
    assert file.source
    assert files[poor.pk].quota == ""


@pytest.mark.requirement("PPL-5")
def test_zero_employment_household_needs_every_member(a: Any) -> None:
    home = world.household("1")
    world.person("夫", status="失业", household=home)
    wife = world.person("妻", status="失业", household=home, sex="女")
    other = world.household("2")
    world.person("父", status="就业", household=other)
    son = world.person("子", status="失业", household=other)
    run()
    zero = set(
        GroupMembership.objects.filter(group="零就业家庭").values_list("person__name", flat=True)
    )
    assert zero == {"夫", "妻"}
    assert file_of(wife).urgent
    assert not file_of(son).urgent if AssistanceFile.objects.filter(person=son).exists() else True


@pytest.mark.requirement("AID-2", "MAT-1")
def test_job_list_is_every_feasible_vacancy_by_plain_check(a: Any) -> None:
    seeker = world.person("找工作", status="失业", registered=date(2025, 6, 1), wish=SEEKS)
    run()
    (row,) = people_frame(a, A_PATH, DAY, people=[seeker.pk]).to_dicts()
    rows = vacancies_frame(PublicVacancy.objects.all()).to_dicts()
    feasible = {str(v["vacancy_id"]) for v in rows if not why_not(row, v, DAY)}
    assert feasible == {"1", "4", "6"}  # neighbour's too; not night, degree, young, over, far
    entries = lists(file_of(seeker), "job")
    assert {e.subject for e in entries} == feasible
    assert [e.rank for e in entries] == [1, 2, 3]
    best = entries[0]
    assert best.subject == "1"
    assert any("保安员" in reason for reason in best.reasons)
    assert any("社区中心" in reason for reason in best.reasons)
    assert best.detail["walk_minutes"] == 0
    assert "×1.3" in best.detail["walk_how"]
    negotiable = next(e for e in entries if e.subject == "4")
    assert "工资面议" in negotiable.summary
    assert "步行约" in negotiable.summary


@pytest.mark.requirement("AID-2")
def test_needs_say_what_is_wanted_and_what_is_not_known(a: Any) -> None:
    seeker = world.person(
        "找工作",
        status="失业",
        registered=date(2025, 6, 1),
        pension_drawn=None,
        wish=SEEKS | {"needs_accessible": True, "training_wishes": ["面点"], "min_wage": 2500},
    )
    silent = world.person("没说过", minimum_living="低保")
    run()
    needs = {e.subject: e for e in lists(file_of(seeker), "need")}
    assert "保安员" in needs["work"].summary
    assert "2500" in needs["work"].summary
    assert needs["hours"].summary == "有空：工作日上午、工作日下午"
    assert {"accessible", "training:面点", "info:pension_drawn"} <= set(needs)
    assert "register" not in needs
    assert "未知" in needs["info:pension_drawn"].reasons[0]
    assert "ask-wish" in {e.subject for e in lists(file_of(silent), "need")}


@pytest.mark.requirement("AID-2", "POL-2")
def test_policy_list_met_unknown_and_one_step_away(a: Any) -> None:
    certified = date(2025, 1, 1)
    met = world.person("符合", status="灵活就业", certified_difficult_since=certified)
    unknown = world.person(
        "未知", status="灵活就业", certified_difficult_since=certified, pension_drawn=None
    )
    near = world.person("差一项", status="失业", certified_difficult_since=certified)
    none = world.person("不沾边", status="失业", registered=date(2025, 6, 1))
    run()
    subject = "social-insurance-subsidy-flexible"

    def of(person: Any) -> ListEntry | None:
        return next((e for e in lists(file_of(person), "policy") if e.subject == subject), None)

    granted, doubtful, close = of(met), of(unknown), of(near)
    assert granted is not None and granted.verdict == "met"
    assert granted.source and granted.detail["documents"]
    assert doubtful is not None and doubtful.verdict == "unknown"
    assert doubtful.detail["missing"] == ["是否领取养老金"]
    assert close is not None and close.verdict == "near"
    assert "灵活就业" in close.reasons[0]
    assert of(none) is None


@pytest.mark.requirement("AID-2")
def test_policy_list_tells_what_an_employer_may_claim(a: Any) -> None:
    idle = world.person("失业半年", status="失业", registered=date(2024, 12, 30))
    fresh = world.person("刚登记", status="失业", registered=date(2024, 12, 31))
    certified = world.person("认定", status="失业", certified_difficult_since=date(2025, 1, 1))
    run()

    def firms(person: Any) -> dict[str, list[str]]:
        rows = lists(file_of(person), "policy")
        return {e.subject: e.detail["firms"] for e in rows if e.verdict == "offer"}

    assert firms(idle) == {"hiring-subsidy": ["社会组织"]}
    assert firms(fresh) == {}
    assert "小微企业" in firms(certified)["social-insurance-subsidy-employer"]
    assert "社会组织" not in firms(certified)["social-insurance-subsidy-employer"]


@pytest.mark.requirement("PPL-4", "AID-2")
def test_unemployed_nobody_knows_since_when_is_a_question_not_a_no(a: Any) -> None:
    facts = {"status": "失业", "since": date(2025, 6, 1), "minimum_living": "低保"}
    fresh, untold = world.person("有日期", **facts), world.person("没日期", **facts)
    StatusPeriod.objects.filter(person=untold).update(start_known=False)
    run()
    needs = {e.subject: e for e in lists(file_of(untold), "need")}
    assert "info:unemployed_since" in needs
    assert any("长期失业" in reason for reason in needs["info:unemployed_since"].reasons)
    assert "info:unemployed_since" not in {e.subject for e in lists(file_of(fresh), "need")}
    groups = GroupMembership.objects.filter(person=untold).values_list("group", flat=True)
    assert not {"长期失业", "高失业"} & set(groups)
    pages = [queries.person_page(a, person_id=person.pk, as_of=DAY) for person in (fresh, untold)]
    assert [(page.status_since, page.status_note) for page in pages] == [
        (date(2025, 6, 1), ""),
        (None, "起始日期未知"),
    ]


@pytest.mark.requirement("AID-1")
@pytest.mark.parametrize("ended", ["account", "membership"])
def test_who_has_left_is_followed_by_another(a: Any, ended: str) -> None:
    people = [world.person(str(n), minimum_living="低保") for n in range(4)]
    run()
    gone = Account.objects.get(username="grid-a")
    stays = Account.objects.get(username="worker-a")
    mine = set(AssistanceFile.objects.filter(worker=gone).values_list("pk", flat=True))
    assert len(mine) == len(people) / 2
    if ended == "account":
        Account.objects.filter(pk=gone.pk).update(is_active=False)
    else:
        Membership.objects.filter(account=gone).delete()
    outcome = run()
    assert outcome.changes["files_changed"] == len(mine)
    assert {file.worker_id for file in AssistanceFile.objects.all()} == {stays.pk}
    told = AuditEntry.objects.filter(verb="file.reassign", thing_type="assistancefile")
    assert {int(entry.thing_id) for entry in told} == mine
    assert {(entry.detail["from"], entry.detail["to"]) for entry in told} == {(gone.pk, stays.pk)}
    assert not run().changes["files_changed"]
    # Nobody is left: the file waits, visibly, for somebody.
    Account.objects.filter(pk=stays.pk).update(is_active=False)
    actions.run_pipeline(actor=a, path=A_PATH, as_of=DAY)
    assert {file.worker_id for file in AssistanceFile.objects.all()} == {None}
    outcome = actions.run_pipeline(actor=a, path=A_PATH, as_of=DAY)
    assert not outcome.changes["files_changed"]


@pytest.mark.requirement("AID-1")
def test_a_file_is_held_by_groups_that_open_one_and_by_what_is_owed(a: Any) -> None:
    registered = world.person("登记", status="失业", registered=date(2025, 6, 1))
    poor = world.person("低保", minimum_living="低保", veteran=True)
    run()
    assert queries.today(a, as_of=DAY).to_close == []
    type(poor).objects.filter(pk=poor.pk).update(minimum_living="无")
    later = DAY + timedelta(days=1)
    run(as_of=later)
    # Veterans are a group too, but none that a file is opened for.
    assert GroupMembership.objects.filter(person=poor, left_on__isnull=True).exists()
    rows = queries.to_close(queries.ledger(a, as_of=later)).order_by("pk")
    assert [row.pk for row in rows] == [poor.pk]
    assert [line.person_id for line in queries.today(a, as_of=later).to_close] == [poor.pk]
    assert queries.person_page(a, person_id=poor.pk, as_of=later).to_close
    assert not queries.person_page(a, person_id=registered.pk, as_of=later).to_close


@pytest.mark.requirement("AID-2", "TRN-2")
def test_training_list_by_wish_by_skills_asked_nearby_and_by_education(a: Any) -> None:
    baker = world.person(
        "想学", status="失业", registered=date(2025, 6, 1), wish={"training_wishes": ["面点"]}
    )
    guard = world.person("保安", status="失业", registered=date(2025, 6, 1), wish=SEEKS)
    run()
    codes = [e.detail["code"] for e in lists(file_of(baker), "training")]
    assert codes[0] == "P1"  # P3 asks for a degree, P4 has begun, P5 fits nobody
    assert not {"P3", "P4", "P5"} & set(codes)
    found = {e.detail["code"]: e for e in lists(file_of(guard), "training")}
    assert set(found) == {"P2"}
    assert any("1个岗位要求会消防" in reason for reason in found["P2"].reasons)
    assert any("接近" in reason or "相近" in reason for reason in found["P2"].reasons)


@pytest.mark.requirement("AID-2")
def test_second_run_changes_not_a_row_and_says_the_same(a: Any) -> None:
    for number in range(12):
        world.person(
            f"人{number}",
            status=["失业", "灵活就业", "就业"][number % 3],
            registered=date(2025, 6, 1) if number % 3 == 0 else None,
            minimum_living="低保" if number % 4 == 0 else "无",
            wish=SEEKS | {"training_wishes": ["面点"]} if number % 2 else None,
        )
    first = run()
    before = world.dump()
    second = run()
    assert world.dump() == before
    assert not any(second.changes.values())
    assert json.dumps(second.totals) == json.dumps(first.totals)
    assert first.totals["files"] > 0


@pytest.mark.requirement("AID-1", "AID-2")
def test_what_changes_is_written_and_a_file_is_never_closed_silently(a: Any) -> None:
    person = world.person("久失业", status="失业", since=date(2024, 1, 1), wish=SEEKS)
    run()
    file = file_of(person)
    before = {e.subject: e.pk for e in lists(file, "job")}
    later = DAY + timedelta(days=10)
    people_actions.change_status(
        actor=a, person_id=person.pk, status="就业", on=later, today=later, source="test"
    )
    with fence(system()):  # a neighbour's: their own area takes it back
        PublicVacancy.objects.filter(pk=4).delete()
    outcome = run(as_of=later)
    file.refresh_from_db()
    assert file.state == FileState.OPEN
    stay = GroupMembership.objects.get(person=person, group="长期失业")
    assert stay.left_on == later
    assert "目前失业" in stay.left_reason
    gone = ListEntry.objects.get(file=file, subject="4", ended_on__isnull=False)
    assert gone.pk == before["4"]
    kept = {e.subject: e.pk for e in lists(file, "job")}
    assert kept == {s: pk for s, pk in before.items() if s != "4"}
    assert outcome.changes["groups_left"] >= 1
    page = queries.person_page(a, person_id=person.pk, as_of=later)
    assert "目前失业" in page.to_close
    today = queries.today(a, as_of=later)
    assert [line.person_id for line in today.to_close] == [person.pk]
    assert {c.group: (c.joined, c.left) for c in today.groups}["长期失业"] == (0, 1)


@pytest.mark.requirement("AID-2")
def test_hidden_entries_stay_hidden_and_make_room(a: Any) -> None:
    person = world.person("找工作", status="失业", registered=date(2025, 6, 1), wish=SEEKS)
    run()
    entry = lists(file_of(person), "job")[0]
    actions.comment_entry(actor=a, entry_id=entry.pk, comment="再问问")
    actions.hide_entry(actor=a, entry_id=entry.pk, reason="不想值夜班")
    run(as_of=DAY + timedelta(days=1))
    entry.refresh_from_db()
    assert (entry.hidden_because, entry.comment, entry.ended_on) == ("不想值夜班", "再问问", None)
    shown = queries.person_page(a, person_id=person.pk, as_of=DAY).lists
    assert entry.pk not in {e.pk for e in shown.jobs}
    assert [e.pk for e in shown.hidden] == [entry.pk]
    assert [e.rank for e in shown.jobs] == [1, 2]
    assert AuditEntry.objects.filter(verb="entry.hide", thing_id=str(entry.pk)).count() == 1
    with pytest.raises(Exception, match="原因"):
        actions.hide_entry(actor=a, entry_id=shown.jobs[0].pk, reason="  ")
    actions.restore_entry(actor=a, entry_id=entry.pk)
    run(as_of=DAY + timedelta(days=1))
    assert len(lists(file_of(person), "job")) == 3


@pytest.mark.requirement("AID-1")
def test_a_closed_file_is_opened_again_only_for_something_new(a: Any) -> None:
    person = world.person("低保", minimum_living="低保")
    run()
    file = file_of(person)
    actions.close_file(actor=a, file_id=file.pk, reason="已就业", on=DAY)
    run(as_of=DAY + timedelta(days=1))
    assert not AssistanceFile.objects.filter(person=person, state="open").exists()
    assert not ListEntry.objects.filter(file=file, ended_on__isnull=True).exists()
    world.period(person, 2, "", DAY + timedelta(days=2))
    run(as_of=DAY + timedelta(days=2))
    assert file_of(person).pk != file.pk


def test_a_run_for_a_day_long_past_ends_nothing_before_it_began(a: Any) -> None:
    world.person("久失业", status="失业", since=date(2024, 1, 1), wish=SEEKS)
    run()
    past = date(2024, 2, 1)
    first = run(as_of=past)
    before = world.dump()
    assert run(as_of=past).totals == first.totals
    assert world.dump() == before
    ended = ListEntry.objects.filter(ended_on__isnull=False)
    assert ended.exists()
    assert not ended.filter(ended_on__lt=F("added_on")).exists()
    left = GroupMembership.objects.filter(left_on__isnull=False)
    assert left.exists()
    assert not left.filter(left_on__lt=F("found_on")).exists()


@pytest.mark.requirement("AID-1")
def test_files_are_shared_out_evenly_among_those_who_cover_the_person(a: Any) -> None:
    for number in range(7):
        world.person(f"低保{number}", minimum_living="低保")
    run()
    load: dict[str, int] = {}
    for file in AssistanceFile.objects.select_related("worker").order_by("id"):
        assert file.worker is not None
        load[file.worker.username] = load.get(file.worker.username, 0) + 1
    assert sorted(load) == ["grid-a", "worker-a"]
    assert sorted(load.values()) == [3, 4]


@pytest.mark.requirement("ORG-2")
def test_a_neighbour_sees_nothing_and_may_run_nothing_here() -> None:
    me = actor("worker-a")
    with fence(me):
        person = world.person("低保", minimum_living="低保")
        run()
        file = file_of(person)
    other = actor("worker-b")
    with fence(other):
        assert queries.today(other, as_of=DAY).files == 0
        assert list(queries.ledger(other, as_of=DAY).order_by("pk")) == []
        with pytest.raises(type(person).DoesNotExist):
            queries.person_page(other, person_id=person.pk, as_of=DAY)
        with pytest.raises(AssistanceFile.DoesNotExist):
            actions.close_file(actor=other, file_id=file.pk, reason="x", on=DAY)
        with pytest.raises(NotAllowed):
            run("worker-b", path=A_PATH)


@pytest.mark.requirement("ORG-2")
@pytest.mark.parametrize("table", ["groupmembership", "assistancefile", "listentry", "contact"])
def test_the_second_fence_of_every_table(table: str) -> None:
    import uuid

    me = actor("worker-a")
    with fence(me):
        person = world.person("低保", minimum_living="低保")
        run()
        actions.record_contact(
            actor=me,
            file_id=file_of(person).pk,
            kind="policy",
            way="visit",
            on=DAY,
            note="谈了",
            token=uuid.uuid4(),
            today=DAY,
        )

    def count() -> int:
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT count(*) FROM "assistance_{table}"')
            return int(cursor.fetchone()[0])

    with fence(me):
        assert count() > 0
    with fence(actor("worker-b")):
        assert count() == 0
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE assistance_{table} SET unit_path = %s", [B_PATH])
            assert cursor.rowcount == 0


def test_a_broken_run_leaves_nothing(a: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    world.person("低保", minimum_living="低保")

    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("killed")

    monkeypatch.setattr(pipeline.lists, "write", broken)
    before = world.dump()
    with pytest.raises(RuntimeError, match="killed"):
        run()
    assert world.dump() == before


def test_people_of_the_next_community_are_left_alone() -> None:
    clerk = actor("clerk")
    with fence(clerk):
        world.person("甲", minimum_living="低保")
        world.person("乙", minimum_living="低保", code=B)
        run("clerk", path=A_PATH)
        assert set(AssistanceFile.objects.values_list("person__name", flat=True)) == {"甲"}
        run("clerk", path=clerk.path)
        assert set(AssistanceFile.objects.values_list("person__name", flat=True)) == {"甲", "乙"}


def test_pages_cost_a_fixed_number_of_queries(a: Any, django_assert_num_queries: Any) -> None:
    def counted() -> list[int]:
        from django.test.utils import CaptureQueriesContext

        found = []
        person = AssistanceFile.objects.order_by("id").values_list("person_id", flat=True)[0]
        for page in (
            lambda: queries.today(a, as_of=DAY),
            lambda: list(queries.ledger(a, as_of=DAY).order_by("pk")[:50]),
            lambda: queries.person_page(a, person_id=person, as_of=DAY),
            lambda: queries.summary_by_unit(a, as_of=DAY),
            lambda: queries.print_sheet(a, person_id=person, as_of=DAY),
        ):
            with CaptureQueriesContext(connection) as captured:
                page()
            found.append(len(captured))
        return found

    world.person("一", status="失业", registered=date(2025, 6, 1), wish=SEEKS)
    run()
    few = counted()
    for number in range(8):
        world.person(f"多{number}", status="失业", registered=date(2025, 6, 1), wish=SEEKS)
    run()
    assert counted() == few
