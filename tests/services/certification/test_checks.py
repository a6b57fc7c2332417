"""Yearly checks, exits, numbers: due lists that nothing doubles, numbers without gaps (PPL-6)."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError

from tests.services.certification.people import brought, somebody
from tests.world import PERSON_1, actor
from weiye.base.scope.actor import NotAllowed, system
from weiye.base.scope.fence import fence
from weiye.registers.people.actions import change_registration
from weiye.registers.people.merging.actions import merge
from weiye.registers.people.models import PeriodKind, Person
from weiye.services.certification import actions, queries
from weiye.services.certification.jobs import nightly
from weiye.services.certification.models import Case, CaseState, Certificate, Check, Series

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("PPL-6")]


def certified(**facts: object) -> tuple[Case, date]:
    with fence(system()):
        return brought(somebody(**facts), "certify")


def state(case: Case) -> str:
    with fence(system()):
        return Case.objects.get(pk=case.pk).state


def opened(on: date) -> int:
    with fence(system()):
        return actions.open_checks(actor=system(), on=on)


def a_year(on: date) -> date:
    return on.replace(year=on.year + 1)


def test_the_check_comes_after_a_year_once_and_is_confirmed_by_somebody() -> None:
    case, on = certified()
    assert opened(a_year(on) - timedelta(days=1)) == 0
    assert opened(a_year(on)) == 1 and opened(a_year(on)) == 0
    clerk = actor("clerk")
    with fence(clerk):
        page = queries.case_page(clerk, case.pk, as_of=a_year(on))
        assert page.check is not None and page.check.proposal == "met"
        assert page.proposed_exit == "" and "confirm" in page.moves
        done = actions.confirm(actor=clerk, case_id=case.pk, on=a_year(on) + timedelta(days=3))
    assert done.state == CaseState.CERTIFIED
    # A term after the one that was due, however late the confirmation.
    assert done.next_check_on == a_year(a_year(on))
    with fence(system()):
        row = Check.objects.get(case=case)
        assert row.kept is True and row.decided_by == "clerk"


def test_the_rule_proposes_and_says_by_which_clause() -> None:
    case, on = certified()
    due = a_year(on)
    with fence(system()):
        change_registration(
            actor=system(),
            person_id=case.person_id,
            kind=PeriodKind.UNEMPLOYMENT_REGISTRATION,
            registered=False,
            on=due,
            today=due,
            source="失业登记系统",
        )
    opened(due)
    clerk = actor("clerk")
    with fence(clerk):
        page = queries.case_page(clerk, case.pk, as_of=due)
        assert page.check is not None and page.check.proposal == "unmet"
        failed = [c for c in page.check.clauses if c["verdict"] == "unmet"]
        assert [c["id"] for c in failed] == ["registered"] and "第42条" in failed[0]["source"]
        assert page.proposed_exit == "employed"
        with pytest.raises(ValidationError, match="失业登记"):
            actions.confirm(actor=clerk, case_id=case.pk, on=due)
        # Nothing ends by itself.
        assert state(case) == CaseState.CHECK_DUE
        actions.leave(actor=clerk, case_id=case.pk, reason="employed", on=due)
    with fence(system()):
        person = Person.objects.get(pk=case.person_id)
        assert person.certified_difficult_since is None
        assert "certified_difficult_since" in person.known_none
        assert Certificate.objects.get(case=case).during.upper == due
        assert Check.objects.get(case=case).kept is False


def test_who_died_is_proposed_for_the_exit_and_not_confirmed() -> None:
    case, on = certified()
    opened(a_year(on))
    with fence(system()):
        Person.objects.filter(pk=case.person_id).update(died_on=on)
    clerk = actor("clerk")
    with fence(clerk):
        assert queries.case_page(clerk, case.pk, as_of=a_year(on)).proposed_exit == "died"
        with pytest.raises(ValidationError, match="去世"):
            actions.confirm(actor=clerk, case_id=case.pk, on=a_year(on))


def test_what_is_unknown_is_proposed_as_unknown() -> None:
    case, on = certified()
    with fence(system()):
        Person.objects.filter(pk=case.person_id).update(pension_drawn=None)
    opened(a_year(on))
    with fence(system()):
        row = Check.objects.get(case=case)
        assert row.proposal == "unknown"
        assert any(c["missing"] for c in row.clauses if c["verdict"] == "unknown")


def test_who_is_not_checked_in_time_is_suspended_and_may_come_back() -> None:
    case, on = certified()
    opened(a_year(on))
    with fence(system()):
        case.refresh_from_db()
        due = case.due_on
        assert due is not None
        assert actions.suspend_overdue(actor=system(), on=due) == 0
        assert actions.suspend_overdue(actor=system(), on=due + timedelta(days=1)) == 1
        assert actions.suspend_overdue(actor=system(), on=due + timedelta(days=1)) == 0
    assert state(case) == CaseState.SUSPENDED
    with fence(system()):
        # Suspended is not ended: who was certified on a day stays one query.
        assert queries.certified_on(system(), due + timedelta(days=2)).count() == 1
    clerk = actor("clerk")
    with fence(clerk):
        actions.confirm(actor=clerk, case_id=case.pk, on=due + timedelta(days=9))
    assert state(case) == CaseState.CERTIFIED


def test_the_nightly_job_does_all_of_it_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    case, on = certified()
    for day, becomes in (
        (a_year(on), CaseState.CHECK_DUE),
        (a_year(on), CaseState.CHECK_DUE),
        (a_year(on) + timedelta(days=60), CaseState.SUSPENDED),
        (a_year(on) + timedelta(days=60), CaseState.SUSPENDED),
    ):
        monkeypatch.setattr(
            "weiye.services.certification.jobs.timezone.localdate", lambda day=day: day
        )
        nightly(0)
        assert state(case) == becomes
    with fence(system()):
        assert Check.objects.filter(case=case).count() == 1


def test_a_killed_night_leaves_nothing_half_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between the row of the check and the move: neither is there."""
    from weiye.services.certification.actions import checks

    case, on = certified()
    real = checks.move

    def killed(**kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(checks, "move", killed)
    with pytest.raises(KeyboardInterrupt):
        opened(a_year(on))
    assert state(case) == CaseState.CERTIFIED
    with fence(system()):
        assert not Check.objects.exists()
    monkeypatch.setattr(checks, "move", real)
    assert opened(a_year(on)) == 1


@pytest.mark.parametrize("reason", ["retired", "died", "moved", "fraud", "not-met"])
def test_exits_are_the_packs_and_nobody_elses(reason: str) -> None:
    case, on = certified()
    clerk = actor("clerk")
    with fence(clerk):
        with pytest.raises(ValidationError, match="原因"):
            actions.leave(actor=clerk, case_id=case.pk, reason="because", on=on)
        done = actions.leave(actor=clerk, case_id=case.pk, reason=reason, on=on + timedelta(days=9))
    assert done.state == CaseState.ENDED and done.exit_reason == reason and done.reason
    worker = actor("worker-a")
    with fence(worker), pytest.raises((NotAllowed, ValidationError)):
        actions.leave(actor=worker, case_id=case.pk, reason=reason, on=on)


def test_taken_back_on_its_first_day_the_certificate_still_says_from_when() -> None:
    case, on = certified()
    county = actor("county")
    with fence(county):
        actions.leave(actor=county, case_id=case.pk, reason="fraud", on=on, note="材料不实")
        during = Certificate.objects.get(case=case).during
        assert (during.lower, during.upper) == (on, on + timedelta(days=1))


def test_a_county_takes_back_and_a_person_gives_up() -> None:
    first, on = certified()
    second, _ = certified(pk=PERSON_1, name="李四", id_index="m")
    county, own = actor("county"), actor("resident-1")
    later = on + timedelta(days=5)
    with fence(county):
        actions.leave(actor=county, case_id=first.pk, reason="fraud", on=later, note="材料不实")
        page = queries.case_page(county, first.pk, as_of=later)
        assert page.steps[-1].verb == "revoke"
    with fence(own):
        actions.leave(actor=own, case_id=second.pk, reason="fraud", on=later)
    with fence(system()):
        assert Case.objects.get(pk=second.pk).exit_reason == "renounced"
        assert Person.objects.get(pk=PERSON_1).certified_difficult_since is None


def test_numbers_run_without_gaps_and_start_anew_each_year() -> None:
    numbers = []
    for name in ("甲", "乙", "丙"):
        case, on = certified(name=name, id_index=name)
        with fence(system()):
            numbers.append(Certificate.objects.get(case=case))
    assert [held.serial for held in numbers] == [1, 2, 3]
    assert len({held.number for held in numbers}) == 3
    # One that fails takes no number.
    with fence(system()):
        person = somebody(name="丁", id_index="丁")
        case, _posted = brought(person, "publish")
        Person.objects.filter(pk=person.pk).update(pension_drawn=True)
    county = actor("county")
    with fence(county), pytest.raises(ValidationError):
        actions.certify(actor=county, case_id=case.pk, on=on + timedelta(days=60))
    with fence(system()):
        assert Series.objects.get(county="371002000000", year=2026).last == 3


def test_somebody_certified_again_gets_another_number() -> None:
    case, on = certified()
    clerk = actor("clerk")
    with fence(clerk):
        actions.leave(actor=clerk, case_id=case.pk, reason="employed", on=on + timedelta(days=30))
    with fence(system()):
        person = Person.objects.get(pk=case.person_id)
        brought(person, "certify", on=on + timedelta(days=60))
        serials = Certificate.objects.filter(person=person).order_by("serial")
        assert [held.serial for held in serials] == [1, 2]
        assert queries.of_person(system(), person.pk).certified


def test_of_two_certifications_somebody_ends_one_before_the_people_are_merged() -> None:
    with fence(system()):
        first, second = (brought(somebody(**which), "accept")[0] for which in ({}, {"pk": None}))
    one = actor("worker-a")
    with fence(one), pytest.raises(ValidationError, match="两边都有就业困难人员认定"):
        merge(actor=one, keep=first.person_id, gone=second.person_id, reason="同一个人")
    with fence(system()):
        assert Case.objects.count() == 2
