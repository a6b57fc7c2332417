"""Accepting, reviewing, deciding: each step by somebody else."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from weiye.base.regions.models import Unit
from weiye.base.scope.actor import Actor, NotAllowed
from weiye.engine.rules.calendar import add_months
from weiye.registers.people.actions import edit_person

from .. import evidence
from ..judging import Judged, judge
from ..models import Case, Certificate, Series
from ..states import check, move
from ..terms import terms_of
from .filing import keep_judgement
from .notices import close_notice, notice_of, open_notice
from .office import locked

FACT = "certified_difficult_since"


def accept(*, actor: Actor, case_id: int, on: date, note: str = "") -> Case:
    """受理: the papers are whole."""
    with locked(actor, case_id) as case:
        check(actor, case, "accept", note)
        _whole(case, on)
        move(actor=actor, case=case, verb="accept", on=on, note=note)
        return case


def require(*, actor: Actor, case_id: int, on: date, note: str) -> Case:
    """补正: back to the person, with what has to be added, all at once."""
    return _plain(actor, case_id, "correct", on, note)


def review(*, actor: Actor, case_id: int, on: date, note: str) -> Case:
    """The street's review, with its opinion; the county decides."""
    return _plain(actor, case_id, "pass", on, note)


def publish(*, actor: Actor, case_id: int, on: date, note: str = "") -> Case:
    """The county means to certify: the public notice begins."""
    with locked(actor, case_id) as case:
        check(actor, case, "publish", note)
        _whole(case, on)
        _still_met(case, on)
        move(actor=actor, case=case, verb="publish", on=on, note=note)
        open_notice(case, on)
        return case


def refuse(*, actor: Actor, case_id: int, on: date, note: str) -> Case:
    """不予认定, with the reason; the person may ask for another look."""
    return _plain(actor, case_id, "refuse", on, note)


def hear_appeal(*, actor: Actor, case_id: int, agreed: bool, on: date, note: str) -> Case:
    """复核 by somebody other than those who decided: on to a notice, or refused for good."""
    with locked(actor, case_id) as case:
        verb = "overturn" if agreed else "maintain"
        if agreed:
            check(actor, case, verb, note)
            _still_met(case, on)
        move(actor=actor, case=case, verb=verb, on=on, note=note)
        if agreed:
            open_notice(case, on)
        return case


def certify(*, actor: Actor, case_id: int, on: date, note: str = "") -> Certificate:
    """Certify once the notice is over, with a number; the ledger says so from this day on.

    Raises ``ValidationError`` before the notice is over, by today's calendar of working days, and
    where the person no longer meets the rule.
    """
    with locked(actor, case_id) as case:
        check(actor, case, "certify", note)
        terms = terms_of(case.unit_path, on)
        ends_on = notice_of(case).ends(terms).ends_on
        if on <= ends_on:
            raise ValidationError(f"公示到{ends_on:%Y年%m月%d日}，期满后才能认定。")
        _still_met(case, on)
        months, _ = terms.figure("check_months")
        case.next_check_on = add_months(on, months or 12)
        move(actor=actor, case=case, verb="certify", on=on, note=note)
        close_notice(case, on)
        county = county_of(case.unit_path)
        serial = _next(county, on.year)
        try:
            number = terms.certification.numbering.number(county.code, on.year, serial)
        except OverflowError:
            raise ValidationError("今年的认定编号已经用完，请联系管理员。") from None
        held = Certificate.objects.create(
            person=case.person,
            case=case,
            unit_path=case.unit_path,
            number=number,
            county=county.code,
            year=on.year,
            serial=serial,
            issuer=county.name,
            category_text=case.category_text,
            during=DateRange(on, None),
        )
        tell_ledger(actor, case, on, on, number)
        return held


@dataclass(frozen=True)
class Outcome:
    """What became of one of several; ``trouble`` is a sentence, empty where it was done."""

    case_id: int
    name: str
    trouble: str = ""


def decide_many(*, actor: Actor, case_ids: Collection[int], verb: str, on: date) -> list[Outcome]:
    """``publish`` or ``certify`` several, one by one: what cannot be done holds up no other.

    Raises `NotAllowed` without ``certification.decide``.
    """
    actor.require("certification.decide")
    do = {"publish": publish, "certify": certify}[verb]
    names = dict(
        Case.objects.visible_to(actor)
        .filter(pk__in=list(case_ids))
        .order_by()
        .values_list("pk", "person__name")
    )
    found = []
    for key in sorted(names):
        try:
            with transaction.atomic():
                do(actor=actor, case_id=key, on=on)
        except ValidationError as error:
            found.append(Outcome(key, names[key], "".join(error.messages)))
        except (NotAllowed, Case.DoesNotExist):
            found.append(Outcome(key, names[key], "这一份已不在您的辖区。"))
        else:
            found.append(Outcome(key, names[key]))
    return found


def tell_ledger(actor: Actor, case: Case, since: date | None, on: date, number: str) -> None:
    """The person's fact follows the decision, under the name of whoever decided."""
    # The decision brings the entry with it: it asks for no right to edit people otherwise.
    writer = replace(actor, rights=actor.rights | {"people.edit"})
    edit_person(
        actor=writer,
        person_id=case.person_id,
        facts={FACT: since},
        known_none=() if since else (FACT,),
        on=on,
        source=f"就业困难人员认定（{number}）",
    )


def county_of(path: str) -> Unit:
    return Unit.objects.get(path="/".join(path.split("/")[:3]) + "/")


def _plain(actor: Actor, case_id: int, verb: str, on: date, note: str) -> Case:
    with locked(actor, case_id) as case:
        move(actor=actor, case=case, verb=verb, on=on, note=note)
        return case


def _whole(case: Case, on: date) -> None:
    missing = evidence.missing(case, terms_of(case.unit_path, on))
    if missing:
        raise ValidationError(f"还差材料：{'、'.join(d.text for d in missing)}。请要求补正。")


def _still_met(case: Case, on: date) -> Judged:
    """The rule asked again on the day of the decision, with what is known by now."""
    if case.person.died_on is not None:
        raise ValidationError("台账登记本人已去世，不能认定。请核实。")
    judged = judge(case.person, on)
    if judged.verdict(case.category) == "unmet":
        against = "；".join(clause["text"] for clause in judged.against(case.category))
        raise ValidationError(
            f"按现在登记的信息不符合：{against or '所选类别'}。请核实后更正信息，或不予认定。"
        )
    keep_judgement(case, judged)
    return judged


def _next(county: Unit, year: int) -> int:
    """The next running number of a county and year.

    Whoever comes second waits for the first to commit or roll back: no number is given twice, none
    is left out.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{Series._meta.db_table}" AS s (county, year, last, unit_path) '  # noqa: S608
            "VALUES (%s, %s, 1, %s) ON CONFLICT (county, year) DO UPDATE SET last = s.last + 1 "
            "RETURNING last",
            [county.code, year, county.path],
        )
        return int(cursor.fetchone()[0])
