"""Emergency accesses and what was found of them afterwards."""

from django.db import models
from django.db.models import Q

from weiye.base.scope.models import Scoped

from .models import Membership


class Verdict(models.TextChoices):
    JUSTIFIED = "justified", "理由充分"
    UNJUSTIFIED = "unjustified", "理由不充分"


class EmergencyReview(Scoped):
    """One emergency access: who opened which unit and why; how it was judged.

    The row belongs to the unit that was opened, so that those responsible for it see it at once.
    Its key is the membership's, which the log names with every read.
    """

    fence_account = "account_id"

    membership = models.OneToOneField(
        Membership, on_delete=models.PROTECT, primary_key=True, related_name="emergency"
    )
    account_id = models.BigIntegerField("账号", db_index=True)
    account_name = models.CharField("申请人", max_length=64)
    home = models.CharField("所在单位", max_length=100)
    unit_name = models.CharField("查阅单位", max_length=100)
    category = models.CharField("情形", max_length=20)
    reason = models.CharField("原因", max_length=200)
    starts_at = models.DateTimeField("起")
    ends_at = models.DateTimeField("止")
    due_on = models.DateField("复核期限")
    verdict = models.CharField(
        "复核结论", max_length=12, choices=Verdict.choices, blank=True, default=""
    )
    judged_by = models.BigIntegerField("复核账号", null=True)
    judged_by_name = models.CharField("复核人", max_length=64, blank=True)
    judged_at = models.DateTimeField("复核时间", null=True)
    judgement = models.CharField("复核说明", max_length=300, blank=True)

    class Meta:
        ordering = ["-starts_at", "-membership_id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gte=models.F("starts_at")), name="emergency_ends_after_start"
            ),
            models.CheckConstraint(
                condition=Q(verdict="", judged_by__isnull=True, judged_at__isnull=True)
                | Q(verdict__in=Verdict.values, judged_at__isnull=False) & ~Q(judgement=""),
                name="emergency_judged_with_words",
            ),
            # Nobody judges the own access.
            models.CheckConstraint(
                condition=Q(judged_by__isnull=True) | ~Q(judged_by=models.F("account_id")),
                name="emergency_judged_by_another",
            ),
        ]

    def __str__(self) -> str:
        return f"emergency {self.pk}"
