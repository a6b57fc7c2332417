"""What the browser finds: vacancies near community A, a training programme, and people in C.

Run as a program of its own, on the database that the browser tests made.
"""

import uuid
from datetime import date, timedelta

VACANCIES = [
    ("社区食堂帮厨", 3200, 4200, 3, ["爱心岗"]),
    ("超市收银员", 3500, 4500, 3, []),
    ("物业保洁员", 1800, 2400, 1, ["银龄岗"]),
    ("快递站分拣员", 4000, 5500, 5, []),
]


def main() -> None:
    import django

    django.setup()

    from django.utils import timezone

    from tests.services.certification.people import somebody
    from tests.services.exchange.filling.forms import template
    from tests.world import PERSON_1, A, C, plant
    from weiye.base.regions.models import Unit
    from weiye.base.scope.actor import system
    from weiye.base.scope.fence import fence
    from weiye.registers.employers import actions as employers
    from weiye.registers.people.models import Person
    from weiye.registers.people.sensitive import actions as sensitive
    from weiye.registers.training.models import Programme
    from weiye.services.assistance.actions import run_pipeline
    from weiye.services.certification import actions as certification
    from weiye.services.exchange import actions as exchange
    from weiye.services.exchange.filling import actions as filling
    from weiye.services.exchange.reflow import actions as reflow
    from weiye.services.exchange.sample import sample_roster

    plant()
    actor, today = system(), timezone.localdate()
    with fence(actor):
        near = Unit.objects.get(code=A)
        for number, (title, low, high, hours, labels) in enumerate(VACANCIES):
            employer = employers.save_employer(
                actor=actor,
                unit=near,
                name=f"惠民{number + 1}号店",
                phone=f"2000000000{number}",
                contact="于师傅",
                lon=(near.lon or 0) + 0.002 * number,
                lat=near.lat,
            )
            row = employers.save_vacancy(
                actor=actor,
                employer=employer,
                values={
                    "title": title,
                    "wage_min": low,
                    "wage_max": high,
                    "hours": hours,
                    "labels": labels,
                    "duties": "按班次到岗，服从安排",
                    "conditions": "认真负责",
                    "place": f"文化路{number + 1}号",
                    "contract_type": "劳动合同",
                    "social_insurance": "五险",
                    "protection": "无职业危害",
                    "posted_on": today,
                },
            )
            employers.publish(actor=actor, vacancy_id=row.pk, on=today)
        county = Unit.objects.get(code="371002000000")
        Programme.objects.create(
            unit=county,
            unit_path=county.path,
            code="P1",
            title="家政服务员（初级）",
            hours=80,
            subsidy="按规定享受培训补贴",
            provider="环翠区技工学校",
            starts_on=today + timedelta(days=14),
        )
        peopled = Unit.objects.get(code=C)
        batch = exchange.upload(
            actor=actor,
            unit=peopled,
            kind="roster",
            name="名册.xlsx",
            content=sample_roster(peopled.name, today, seed=7),
        )
        exchange.check_now(actor=actor, batch_id=batch.pk)
        exchange.commit_now(actor=actor, batch_id=batch.pk)
        filling.keep_template(
            actor=actor, unit=peopled, name="统计表.xlsx", content=template(rows=2)
        )
        reflow.hand_over(actor=actor, unit=peopled, as_of=today - timedelta(days=7))
        # Whom the account of a resident acts for.
        Person.objects.create(
            pk=PERSON_1,
            unit=peopled,
            unit_path=peopled.path,
            name="居民甲",
            name_key="jumin jia",
            birth_date=date(1970, 1, 1),
            source="测试名册",
            as_of=today,
            synthetic=True,
        )
        # Of whom nobody hears but the street's 司法所.
        sensitive.add(
            actor=actor,
            person_id=PERSON_1,
            said=sensitive.Said("安置帮教", today - timedelta(days=90), source="区司法局通知"),
            today=today,
        )
        run_pipeline(actor=actor, path=peopled.path, as_of=today)
        # One who is to be certified, for the pages of the case and of the public notice.
        case = certification.open_case(
            actor=actor,
            person_id=somebody(C, as_of=today).pk,
            category="elder",
            token=uuid.uuid4(),
            on=today,
            consent="本人到站要求",
        )
        for step in ("submit", "accept", "review", "publish"):
            note = {"note": "情况属实"} if step == "review" else {}
            getattr(certification, step)(actor=actor, case_id=case.pk, on=today, **note)
        reflow.hand_over(actor=actor, unit=peopled, as_of=today)


if __name__ == "__main__":
    main()
