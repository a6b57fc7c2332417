"""The whole path of a certification, and who may do what on it (PPL-6)."""

import uuid
from dataclasses import replace
from datetime import date, timedelta
from itertools import product

import pytest
from django.core.exceptions import ValidationError

from tests.services.certification.people import (
    DAY,
    after_notice,
    brought,
    opened,
    somebody,
)
from tests.world import PERSON_1, B, account, actor
from weiye.base.audit.models import AuditEntry
from weiye.base.scope.actor import NotAllowed, system
from weiye.base.scope.fence import fence
from weiye.registers.people.actions import change_registration
from weiye.registers.people.models import PeriodKind, Person
from weiye.services.certification import actions, queries
from weiye.services.certification.models import (
    Case,
    CaseState,
    Certificate,
    Evidence,
    PublicNotice,
    Series,
    Step,
)
from weiye.services.certification.states import MOVES, check, move

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("PPL-6")]


def fresh(case: Case) -> Case:
    with fence(system()):
        return Case.objects.select_related("person").get(pk=case.pk)


def test_from_application_to_number() -> None:
    with fence(system()):
        person = somebody()
    case, on = brought(person, "certify")
    with fence(system()):
        case, held = fresh(case), Certificate.objects.get(case=case)
        person.refresh_from_db()
        steps = list(Step.objects.filter(case=case).order_by("pk"))
        logged = set(AuditEntry.objects.filter(person_id=person.pk).values_list("verb", flat=True))
    assert case.state == CaseState.CERTIFIED
    assert held.number.startswith("3710022026000001") and len(held.number) == 17
    assert person.certified_difficult_since == on
    assert case.next_check_on == date(2027, on.month, on.day)
    assert [step.verb for step in steps] == ["submit", "accept", "pass", "publish", "certify"]
    assert [step.name for step in steps] == ["worker-a", "worker-a", "clerk", "county", "county"]
    assert {f"certification.{step.verb}" for step in steps} | {"person.edit"} <= logged
    # What the rule said then, clause by clause, with its version.
    assert case.verdict == "met" and case.pack_version
    assert {"elder", "registered"} <= {clause["id"] for clause in case.clauses}


def test_what_a_department_has_told_is_not_asked_for_again() -> None:
    with fence(system()):
        case = opened(somebody())
        rows = {row.document: row for row in Evidence.objects.filter(case=case)}
    assert rows["identity"].kind == rows["registration"].kind == "held"
    assert rows["registration"].source == "失业登记系统"
    assert rows["identity"].as_of == date(2026, 1, 5)


def test_a_missing_paper_stops_the_application_until_it_is_there() -> None:
    clerk = actor("worker-a")
    with fence(system()):
        case = opened(somebody(id_number=None, id_index=None))
    with fence(clerk), pytest.raises(ValidationError, match="身份证"):
        actions.submit(actor=clerk, case_id=case.pk, on=DAY)
    with fence(clerk):
        actions.saw_original(actor=clerk, case_id=case.pk, document="identity", on=DAY)
        actions.saw_original(actor=clerk, case_id=case.pk, document="identity", on=DAY)
        assert actions.submit(actor=clerk, case_id=case.pk, on=DAY).state == CaseState.APPLIED


def test_who_does_not_meet_the_rule_is_told_by_which_clause() -> None:
    with fence(system()):
        person = somebody()
        employed = somebody(name="李四", pension_drawn=True, id_index="x")
    with pytest.raises(ValidationError, match="残疾人证"):
        opened(person, category="disabled")
    with pytest.raises(ValidationError, match="未领取养老金"):
        opened(employed)
    with pytest.raises(ValidationError):
        opened(person, category="no-such-category")


def test_a_worker_files_for_somebody_with_their_consent_alone() -> None:
    with fence(system()):
        person = somebody()
    worker = actor("worker-a")
    with fence(worker), pytest.raises(ValidationError, match="同意"):
        actions.open_case(
            actor=worker, person_id=person.pk, category="elder", token=uuid.uuid4(), on=DAY
        )


def test_one_open_case_per_person_and_one_per_form() -> None:
    with fence(system()):
        person = somebody()
    worker, token = actor("worker-a"), uuid.uuid4()
    asked = {"person_id": person.pk, "category": "elder", "on": DAY, "consent": "到站"}
    with fence(worker):
        first = actions.open_case(actor=worker, token=token, **asked)  # type: ignore[arg-type]
        again = actions.open_case(actor=worker, token=token, **asked)  # type: ignore[arg-type]
        assert first.pk == again.pk
        with pytest.raises(ValidationError, match="已有一份"):
            actions.open_case(actor=worker, token=uuid.uuid4(), **asked)  # type: ignore[arg-type]


def test_a_neighbour_sees_and_does_nothing() -> None:
    with fence(system()):
        person = somebody()
        case = opened(person)
    other = actor("worker-b")
    with fence(other):
        assert not queries.cases(other).exists()
        with pytest.raises(Case.DoesNotExist):
            actions.submit(actor=other, case_id=case.pk, on=DAY)
        with pytest.raises(Person.DoesNotExist):
            actions.open_case(
                actor=other,
                person_id=person.pk,
                category="elder",
                token=uuid.uuid4(),
                on=DAY,
                consent="x",
            )


def test_nobody_does_two_steps_that_watch_each_other() -> None:
    """The same account, once at the street and once at the county."""
    with fence(system()):
        case, _ = brought(somebody(), "review")
    both = replace(actor("county"), account_id=account("clerk").pk)
    with fence(both), pytest.raises(ValidationError, match="由别人办理"):
        actions.publish(actor=both, case_id=case.pk, on=DAY)
    with fence(both), pytest.raises(ValidationError, match="由别人办理"):
        actions.refuse(actor=both, case_id=case.pk, on=DAY, note="x")
    filer = replace(actor("clerk"), account_id=account("worker-a").pk)
    with fence(system()):
        other, _ = brought(somebody(name="李四", id_index="y"), "accept")
    with fence(filer), pytest.raises(ValidationError, match="由别人办理"):
        actions.review(actor=filer, case_id=other.pk, on=DAY, note="x")


def test_nobody_decides_on_their_own_case() -> None:
    with fence(system()):
        person = somebody(pk=PERSON_1)
        case, _ = brought(person, "review")
    themself = replace(actor("county"), account_id=account("resident-1").pk)
    with fence(themself), pytest.raises(ValidationError, match="本人的申请"):
        actions.publish(actor=themself, case_id=case.pk, on=DAY)


def test_levels_bind_besides_rights() -> None:
    with fence(system()):
        case, _ = brought(somebody(), "accept")
    high = replace(actor("county"), rights=actor("county").rights | {"certification.review"})
    with fence(high), pytest.raises(ValidationError, match="街道"):
        actions.review(actor=high, case_id=case.pk, on=DAY, note="x")
    with fence(actor("worker-a")), pytest.raises(NotAllowed):
        actions.review(actor=actor("worker-a"), case_id=case.pk, on=DAY, note="x")


def test_every_move_that_the_table_does_not_hold_is_refused() -> None:
    """Every verb from every state: what is in the table goes, everything else leaves no trace."""
    verbs = sorted({verb for verb, _ in MOVES})
    with fence(system()):
        case = opened(somebody())
        for state, verb in product(CaseState, verbs):
            case.state = state
            before = Step.objects.filter(case=case).count()
            known = MOVES.get((verb, state))
            if known is None:
                with pytest.raises(ValidationError):
                    move(actor=system(), case=case, verb=verb, on=DAY, note="x")
                assert case.state == state
                assert Step.objects.filter(case=case).count() == before
                continue
            assert check(system(), case, verb, "x") is known
            if known.needs_note:
                with pytest.raises(ValidationError, match="理由"):
                    check(system(), case, verb, " ")


def test_every_state_can_be_reached_and_every_move_has_its_people() -> None:
    reached = {CaseState.DRAFT}
    while more := {m.target for m in MOVES.values() if m.source in reached} - reached:
        reached |= more
    assert reached == set(CaseState)
    for made in MOVES.values():
        assert made.own or made.levels or made.right == "*", made
        assert not (made.own and made.apart), made
    ends = {m.source for m in MOVES.values()}
    assert set(CaseState) - ends == {CaseState.WITHDRAWN, CaseState.ENDED}


def test_correction_withdrawal_and_a_new_application() -> None:
    worker, clerk = actor("worker-a"), actor("clerk")
    with fence(system()):
        person = somebody()
        case, _ = brought(person, "accept")
    with fence(clerk):
        with pytest.raises(ValidationError):
            actions.require(actor=clerk, case_id=case.pk, on=DAY, note=" ")
        back = actions.require(actor=clerk, case_id=case.pk, on=DAY, note="请补照片")
        assert back.state == CaseState.CORRECTION and back.due_on == date(2026, 3, 23)
        assert back.due_to_confirm
    with fence(worker):
        actions.resubmit(actor=worker, case_id=case.pk, on=DAY)
        gone = actions.withdraw(actor=worker, case_id=case.pk, on=DAY)
        assert gone.state == CaseState.WITHDRAWN
    opened(person)


def test_refused_then_looked_at_again_by_somebody_else() -> None:
    county, worker = actor("county"), actor("worker-a")
    with fence(system()):
        person = somebody()
        case, _ = brought(person, "review")
    with fence(county):
        actions.refuse(actor=county, case_id=case.pk, on=DAY, note="家中有人就业")
    late = fresh(case).due_on
    assert late == date(2026, 3, 23)
    with fence(worker):
        with pytest.raises(ValidationError, match="期限"):
            actions.appeal(actor=worker, case_id=case.pk, on=date(2026, 3, 24), note="有新材料")
        actions.appeal(actor=worker, case_id=case.pk, on=late, note="有新材料")
    with fence(county), pytest.raises(ValidationError, match="由别人办理"):
        actions.hear_appeal(actor=county, case_id=case.pk, agreed=True, on=DAY, note="同意")
    second = replace(county, account_id=account("county-d").pk)
    with fence(second):
        again = actions.hear_appeal(
            actor=second, case_id=case.pk, agreed=False, on=DAY, note="维持"
        )
        assert again.state == CaseState.REFUSED
    with fence(worker), pytest.raises(ValidationError, match="已经复核过"):
        actions.appeal(actor=worker, case_id=case.pk, on=DAY, note="再看")


def test_the_rule_is_asked_again_on_the_day_of_the_decision() -> None:
    with fence(system()):
        person = somebody()
        case, on = brought(person, "publish")
        change_registration(
            actor=system(),
            person_id=person.pk,
            kind=PeriodKind.UNEMPLOYMENT_REGISTRATION,
            registered=False,
            on=DAY,
            today=DAY,
            source="失业登记系统",
        )
    county = actor("county")
    with fence(county), pytest.raises(ValidationError, match="失业登记"):
        actions.certify(actor=county, case_id=case.pk, on=after_notice(case, on))
    with fence(system()):
        assert not Series.objects.exists()


def test_several_are_decided_one_by_one() -> None:
    with fence(system()):
        good, _ = brought(somebody(), "review")
        bad, _ = brought(somebody(name="李四", id_index="z"), "review")
        far = opened(somebody(name="赵六", id_index="w"))
        Person.objects.filter(pk=bad.person_id).update(pension_drawn=True)
    county = actor("county")
    with fence(county):
        found = actions.decide_many(
            actor=county, case_ids=[good.pk, bad.pk, far.pk, 0], verb="publish", on=DAY
        )
    trouble = {outcome.case_id: outcome.trouble for outcome in found}
    assert trouble[good.pk] == "" and "养老金" in trouble[bad.pk] and "不能办理" in trouble[far.pk]
    assert fresh(good).state == CaseState.NOTICE and fresh(bad).state == CaseState.DECISION


def test_a_resident_applies_for_themself_and_sees_their_own_case_alone() -> None:
    own, other = actor("resident-1"), actor("resident-2")
    with fence(system()):
        somebody(pk=PERSON_1)
    with fence(own):
        case = actions.open_case(
            actor=own, person_id=PERSON_1, category="elder", token=uuid.uuid4(), on=DAY
        )
        actions.attach(
            actor=own,
            case_id=case.pk,
            document="identity",
            name="身份证.jpg",
            content=b"\xff\xd8\xff" + b"0" * 50,
            on=DAY,
        )
        actions.submit(actor=own, case_id=case.pk, on=DAY)
        page = queries.case_page(own, case.pk, as_of=DAY)
        assert set(page.moves) == {"withdraw"} and page.objections == []
        with pytest.raises(NotAllowed):
            actions.accept(actor=own, case_id=case.pk, on=DAY)
    with fence(other):
        with pytest.raises(Case.DoesNotExist):
            queries.case_page(other, case.pk, as_of=DAY)
        with pytest.raises(NotAllowed):
            actions.open_case(
                actor=other, person_id=PERSON_1, category="elder", token=uuid.uuid4(), on=DAY
            )
    with fence(system()):
        assert Case.objects.get(pk=case.pk).origin == "self"
        assert AuditEntry.objects.filter(
            verb="certification.submit", actor_id=account("resident-1").pk
        ).exists()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "空的"),
        (b"MZ\x90\x00 a program", "只收照片"),
        (b"<html>", "只收照片"),
        (b"\xff\xd8\xff" + b"0" * (10 * 1024 * 1024), "10 MB"),
    ],
)
def test_what_is_no_picture_is_refused(content: bytes, why: str) -> None:
    worker = actor("worker-a")
    with fence(system()):
        case = opened(somebody())
    with fence(worker), pytest.raises(ValidationError, match=why):
        actions.attach(
            actor=worker,
            case_id=case.pk,
            document="identity",
            name="a.jpg",
            content=content,
            on=DAY,
        )


def test_files_are_encrypted_named_by_what_they_are_and_taken_away() -> None:
    worker = actor("worker-a")
    picture = b"\x89PNG\r\n\x1a\n" + b"secret" * 20
    with fence(system()):
        case = opened(somebody())
    with fence(worker):
        row = actions.attach(
            actor=worker,
            case_id=case.pk,
            document="identity",
            name="C:\\a\\b.exe",
            content=picture,
            on=DAY,
        )
        assert row.file is not None and row.file.name == "b.png"
        assert b"secret" not in bytes(row.file.content) and row.file.read() == picture
        file = row.file.pk
        actions.detach(actor=worker, case_id=case.pk, evidence_id=row.pk)
    with fence(system()):
        from weiye.base.files.models import StoredFile

        assert not StoredFile.objects.filter(pk=file).exists()


def test_suggestions_name_whom_the_rule_finds_and_nobody_who_applies() -> None:
    from weiye.services.assistance.actions import run_pipeline

    with fence(system()):
        first, second = somebody(), somebody(name="李四", id_index="k")
        somebody(B, name="赵六", id_index="l")
        run_pipeline(actor=system(), path=first.unit_path, as_of=DAY)
        opened(second)
    worker = actor("worker-a")
    with fence(worker):
        found = list(queries.suggestions(worker, as_of=DAY))
    assert [person.pk for person in found] == [first.pk]
    assert "女性年满40周岁" in found[0].because
    with fence(system()):
        assert Case.objects.count() == 1 and not PublicNotice.objects.exists()


def test_a_move_to_another_community_takes_everything_along() -> None:
    from weiye.base.regions.models import Unit
    from weiye.registers.people.transfers.moving import left_behind
    from weiye.registers.people.transfers.moving import move as move_person

    with fence(system()):
        person = somebody()
        case, on = brought(person, "certify")
        to = Unit.objects.get(code=B)
        move_person(person, to=to, household=False, address="", on=on, actor=system())
        assert left_behind([person.pk]) == {}
    there = actor("worker-b")
    with fence(there):
        found = queries.of_person(there, person.pk)
        assert found.certified and found.certificate is not None
    assert fresh(case).unit_path == to.path


def test_certified_on_any_past_day_is_one_query() -> None:
    with fence(system()):
        person = somebody()
        case, on = brought(person, "certify")
    clerk, left = actor("clerk"), on + timedelta(days=100)
    with fence(clerk):
        actions.leave(actor=clerk, case_id=case.pk, reason="employed", on=left, note="超市收银")
        for day, held in ((on, True), (left - timedelta(days=1), True), (left, False)):
            assert queries.certified_on(clerk, day).filter(person=person).exists() is held
        assert not queries.certified_on(clerk, on - timedelta(days=1)).exists()
