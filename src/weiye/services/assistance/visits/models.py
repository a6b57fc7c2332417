"""Visits made, and the day on which the next is due (鲁人社函〔2024〕36号 第13项)."""

from collections.abc import Mapping
from typing import ClassVar

from django.db import models
from django.db.models import Q

from weiye.base.accounts.models import Account
from weiye.base.files.models import StoredFile
from weiye.base.scope.models import Scoped
from weiye.registers.people.models import Person

from ..models import ContactWay


class VisitResult(models.TextChoices):
    """How it went. Who was not met is still due."""

    MET = "met", "见到本人（或通上话）"
    FAMILY = "family", "见到家人，转达了"
    ABSENT = "absent", "没人在家（没接通）"
    REFUSED = "refused", "本人不愿意谈"


# A visit after which the next interval begins.
COUNTS = (VisitResult.MET, VisitResult.FAMILY, VisitResult.REFUSED)
# A service occasion in one of these ways was a visit as well: the worker is not asked twice.
CONTACT_COUNTS = (ContactWay.VISIT, ContactWay.PHONE)


class Visit(Scoped):
    """One visit to a person: who, when, how, what came of it, and what shows it."""

    fence_subjects: ClassVar[Mapping[str, str]] = {"person": "person_id"}

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="visits")
    on = models.DateField("日期")
    way = models.CharField("方式", max_length=8, choices=ContactWay.choices)
    result = models.CharField("结果", max_length=8, choices=VisitResult.choices)
    note = models.CharField("记录", max_length=500, blank=True)
    worker = models.ForeignKey(Account, null=True, on_delete=models.SET_NULL, related_name="+")
    worker_name = models.CharField("走访人", max_length=64)
    evidence = models.ForeignKey(
        StoredFile, null=True, on_delete=models.SET_NULL, related_name="+", verbose_name="凭证"
    )
    # Sent with the form: a double tap or a retry records the visit once.
    token = models.UUIDField(unique=True)
    recorded_at = models.DateTimeField(auto_now_add=True)
    withdrawn_because = models.CharField("作废原因", max_length=200, blank=True)

    class Meta:
        ordering = ["-on", "-id"]
        indexes = [models.Index(fields=["person", "on"], name="visit_person_on")]
        constraints = [
            models.CheckConstraint(condition=Q(way__in=ContactWay.values), name="visit_way_known"),
            models.CheckConstraint(
                condition=Q(result__in=VisitResult.values), name="visit_result_known"
            ),
        ]


class VisitDue(Scoped):
    """By when a person is to be visited, and by which rule of the pack (``visits.yaml``).

    One row per person to whom an interval applies; kept by `due.refresh`.
    """

    fence_subjects: ClassVar[Mapping[str, str]] = {"person": "person_id"}

    person = models.OneToOneField(
        Person, on_delete=models.CASCADE, related_name="visit_due", primary_key=True
    )
    due_on = models.DateField("应访日期")
    interval_days = models.PositiveSmallIntegerField("间隔天数")
    # "零就业家庭：每30天一次"
    because = models.CharField("依据", max_length=200)
    source = models.TextField("文件依据")
    to_confirm = models.BooleanField("待确认口径", default=False)
    last_on = models.DateField("上次走访", null=True)
    # [id of the interval, day from which it applies], so that a visit moves the day by itself.
    applies = models.JSONField("适用的间隔", default=list)

    class Meta:
        indexes = [models.Index(fields=["unit_path", "due_on"], name="visitdue_area_day")]
