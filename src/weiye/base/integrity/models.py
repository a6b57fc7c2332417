"""What the checks found, time after time."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from weiye.base.scope.models import Scoped


class Finding(Scoped):
    """How many rows of an area broke one check at one time; ``keys`` are the first of them.

    ``unit_path`` is the area that was examined. ``count`` is NULL where the check could not be run.
    """

    check_id = models.CharField("检查", max_length=80)
    at = models.DateTimeField("检查时间")
    count = models.PositiveIntegerField("记录数", null=True)
    keys = ArrayField(models.CharField(max_length=60), default=list)
    ms = models.PositiveIntegerField("耗时（毫秒）")

    class Meta:
        ordering = ["-at", "check_id"]
        indexes = [models.Index(fields=["unit_path", "check_id", "-at"], name="finding_area_check")]
