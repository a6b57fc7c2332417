"""Who did or read what, and the chain that shows whether the log is still as it was written."""

from collections.abc import Mapping
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q

from weiye.base.scope.models import Scoped, UnitPathField


class AuditEntry(Scoped):
    """One act. Rows are only ever added; the application's login may not change or delete them.

    ``unit_path`` is where the thing acted on belongs, so that those responsible for it can see
    who touched it; ``person_id`` is the resident whose data it was, who sees it too.
    """

    fence_write = "append"
    fence_subjects: ClassVar[Mapping[str, str]] = {"person": "person_id"}

    at = models.DateTimeField("时间")
    actor_id = models.BigIntegerField("账号", null=True)
    actor_name = models.CharField("操作人", max_length=64)
    role = models.CharField("角色", max_length=32)
    # The unit that the actor acted for, which may be another than the thing's.
    actor_path = UnitPathField(verbose_name="代表单位", default="", db_default="")
    verb = models.CharField("动作", max_length=40)
    thing_type = models.CharField("对象", max_length=40, blank=True)
    thing_id = models.CharField(max_length=40, blank=True)
    person_id = models.BigIntegerField("涉及的居民", null=True)
    detail = models.JSONField("说明", default=dict)

    class Meta:
        ordering = ["-id"]
        indexes = [
            BrinIndex(fields=["at"], name="audit_at"),
            models.Index(fields=["thing_type", "thing_id", "-id"], name="audit_thing"),
            models.Index(
                fields=["person_id", "-id"],
                name="audit_person",
                condition=Q(person_id__isnull=False),
            ),
        ]


class AuditBatch(Scoped):
    """Entries sealed together: what each held, and the digest of the batch before.

    ``leaves`` has 32 bytes of SM3 per id of ``ids``, ``marks`` two bytes for each of its columns
    (they tell which one was altered); `canonical` says over what. ``pending`` holds the ids below
    ``watermark`` that nobody has filled yet but somebody still may (see `sealing`).
    """

    # Numbers, times and digests: how the log of all units stands is no secret of any.
    fence_read = "all"
    fence_write = "append"

    number = models.BigIntegerField("批次", primary_key=True)
    form = models.PositiveSmallIntegerField(default=1)
    sealed_at = models.DateTimeField("封存时间")
    count = models.PositiveIntegerField("条数")
    ids = ArrayField(models.BigIntegerField())
    leaves = models.BinaryField()
    marks = models.BinaryField()
    watermark = models.BigIntegerField()
    pending = models.JSONField(default=list)
    previous = models.BinaryField()
    digest = models.BinaryField()

    class Meta:
        ordering = ["number"]


class AuditSink(Scoped):
    """How far a second place outside the database has got the batches, and what last failed."""

    fence_read = "all"

    place = models.CharField("位置", max_length=300, unique=True)
    delivered = models.BigIntegerField("已送到批次", default=0)
    delivered_at = models.DateTimeField("送达时间", null=True)
    failing_since = models.DateTimeField("开始失败", null=True)
    failed_because = models.CharField("失败原因", max_length=300, blank=True, default="")
