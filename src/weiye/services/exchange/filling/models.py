"""Templates that a unit was sent, kept to be filled again next month."""

from django.db import models

from weiye.base.files.models import StoredFile
from weiye.base.regions.models import Unit
from weiye.base.runs.models import Run
from weiye.base.scope.models import Scoped


class ReportTemplate(Scoped):
    """One workbook of a superior office (上级报表模板) and what its columns ask for."""

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    name = models.CharField("模板名称", max_length=255)
    # NULL once it was given up or its time is over; figures stay.
    file = models.ForeignKey(StoredFile, null=True, on_delete=models.SET_NULL, related_name="+")
    # Column index (as text: JSON) → field of `asked.labels`.
    mapping = models.JSONField(default=dict)
    # Rows that name people already: they are completed, and nobody is added.
    named = models.PositiveIntegerField("已列人数", default=0)
    run = models.ForeignKey(Run, null=True, on_delete=models.SET_NULL, related_name="+")
    kept_by = models.CharField("经办人", max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)
    used_at = models.DateTimeField("最近填报", null=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["unit_path", "-id"], name="template_area")]

    def __str__(self) -> str:
        return f"template {self.pk}"
