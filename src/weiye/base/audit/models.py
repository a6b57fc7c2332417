"""Who did or read what."""

from django.db import models

from weiye.base.scope.models import Scoped


class AuditEntry(Scoped):
    """One act. Rows are only ever added; the application's login may not change or delete them.

    ``unit_path`` is where the thing acted on belongs, so that those responsible for it can see
    who touched it.
    """

    fence_write = "append"

    at = models.DateTimeField("时间")
    actor_id = models.BigIntegerField("账号", null=True)
    actor_name = models.CharField("操作人", max_length=64)
    role = models.CharField("角色", max_length=32)
    verb = models.CharField("动作", max_length=40)
    thing_type = models.CharField("对象", max_length=40, blank=True)
    thing_id = models.CharField(max_length=40, blank=True)
    detail = models.JSONField("说明", default=dict)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["thing_type", "thing_id", "-id"], name="audit_thing")]
