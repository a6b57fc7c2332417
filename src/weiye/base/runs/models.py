from datetime import timedelta

from django.db import models
from django.db.models.functions import MD5, Cast
from django.utils import timezone

from weiye.base.files.models import StoredFile
from weiye.base.scope.models import RightfulQuerySet, Scoped


class RunState(models.TextChoices):
    QUEUED = "queued", "排队中"
    RUNNING = "running", "进行中"
    DONE = "done", "已完成"
    FAILED = "failed", "未完成"
    CANCELLED = "cancelled", "已取消"


FINISHED = (RunState.DONE, RunState.FAILED, RunState.CANCELLED)


class Run(Scoped):
    """One piece of long work and how far it is."""

    kind = models.CharField("类型", max_length=40)
    title = models.CharField("名称", max_length=200)
    # What it takes to start it, to see it and to stop it.
    right = models.CharField("所需权限", max_length=40)
    state = models.CharField(
        "状态", max_length=10, choices=RunState.choices, default=RunState.QUEUED
    )
    done = models.PositiveIntegerField("已处理", default=0)
    total = models.PositiveIntegerField("总数", default=0)
    # A sentence for the person who waits.
    message = models.CharField("说明", max_length=500, blank=True)
    args = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    file = models.ForeignKey(StoredFile, null=True, on_delete=models.SET_NULL, related_name="+")
    cancel_asked = models.BooleanField("已请求取消", default=False)
    membership_id = models.BigIntegerField("发起身份", null=True)
    started_by = models.CharField("发起人", max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = RightfulQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=RunState.values), name="run_state_known"
            ),
            # The arguments as a digest: an index row has no room for a long list of people.
            models.UniqueConstraint(
                "kind",
                "unit_path",
                MD5(Cast("args", models.TextField())),
                condition=models.Q(state="queued"),
                name="run_queued_once",
            ),
        ]

    @property
    def finished(self) -> bool:
        return self.state in FINISHED

    @property
    def elapsed(self) -> timedelta | None:
        """How long it has been worked on; None while it waits."""
        if self.started_at is None:
            return None
        return max((self.finished_at or timezone.now()) - self.started_at, timedelta())

    @property
    def remaining(self) -> timedelta | None:
        """How long it will go on at the pace so far; None while nobody can tell."""
        elapsed = self.elapsed
        if self.finished or elapsed is None or not 0 < self.done <= self.total:
            return None
        return elapsed * ((self.total - self.done) / self.done)

    @property
    def percent(self) -> int:
        return min(100, self.done * 100 // self.total) if self.total else 0
