"""Versions of packs: what was on disk, who approved it, and from which day it counts."""

from django.db import models
from django.db.models import Q

from weiye.base.scope.models import Scoped


class PackState(models.TextChoices):
    PROPOSED = "proposed", "待审批"
    APPROVED = "approved", "已批准"
    REJECTED = "rejected", "已退回"


class PackVersion(Scoped):
    """One state of one pack's files. Rows are decided once and then stay as they are.

    ``unit_path`` is the jurisdiction; whoever approves must cover it. Rules are public, so
    everybody may read them.
    """

    fence_read = "all"

    pack = models.CharField("政策包", max_length=40)
    name = models.CharField("名称", max_length=100)
    digest = models.CharField("内容摘要", max_length=64)
    # File name within the pack → its text.
    files = models.JSONField("文件")
    state = models.CharField(
        "状态", max_length=10, choices=PackState.choices, default=PackState.PROPOSED
    )
    seen_at = models.DateTimeField("送审时间", auto_now_add=True)
    in_force_from = models.DateField("启用日期", null=True)
    decided_by = models.BigIntegerField("审批账号", null=True)
    decided_name = models.CharField("审批人", max_length=64, blank=True)
    decided_at = models.DateTimeField("审批时间", null=True)
    note = models.CharField("意见", max_length=500, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["pack", "digest"],
                condition=~Q(state="rejected"),
                name="pack_version_once",
            ),
            models.CheckConstraint(
                condition=Q(state="proposed", decided_at__isnull=True, in_force_from__isnull=True)
                | Q(state="approved", decided_at__isnull=False, in_force_from__isnull=False)
                | Q(state="rejected", decided_at__isnull=False, in_force_from__isnull=True),
                name="pack_version_decided_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pack} {self.digest[:8]}"

    @property
    def short(self) -> str:
        return self.digest[:8]
