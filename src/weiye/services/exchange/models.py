"""Imports: a file, what its columns mean, what would happen, what happened."""

from django.db import models
from django.db.models import Q

from weiye.base.files.models import StoredFile
from weiye.base.privacy.fields import EncryptedTextField
from weiye.base.regions.models import Unit
from weiye.base.runs.models import Run
from weiye.base.scope.models import Scoped


class ImportKind(models.TextChoices):
    ROSTER = "roster", "人员名册"
    VACANCIES = "vacancies", "岗位清单"
    TRAINING = "training", "培训目录"


class ImportState(models.TextChoices):
    UPLOADED = "uploaded", "待核对"
    CHECKED = "checked", "待导入"
    DONE = "done", "已导入"
    CANCELLED = "cancelled", "已取消"


class ImportBatch(Scoped):
    """One file on its way in. Its content, preview and rejects are encrypted."""

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField("类型", max_length=10, choices=ImportKind.choices)
    state = models.CharField(
        "状态", max_length=10, choices=ImportState.choices, default=ImportState.UPLOADED
    )
    name = models.CharField("文件名", max_length=255)
    file = models.ForeignKey(StoredFile, null=True, on_delete=models.SET_NULL, related_name="+")
    rejects = models.ForeignKey(StoredFile, null=True, on_delete=models.SET_NULL, related_name="+")
    # Column index (as text: JSON) → field.
    mapping = models.JSONField(default=dict)
    # Fields whose answer for all the sender gave (`Kind.answers`).
    answered = models.JSONField(default=list)
    # The same for files with the same header: a mapping once confirmed is proposed again.
    signature = models.CharField(max_length=64, db_index=True)
    # What was true when the sender wrote it.
    as_of = models.DateField("数据日期")
    # rows, new, changed, unchanged, errors, transfers, warnings (and drafts of vacancies).
    counts = models.JSONField(default=dict)
    notes = models.JSONField(default=list)
    # `queries.Preview` without what the columns above say, as JSON.
    page = EncryptedTextField()
    run = models.ForeignKey(Run, null=True, on_delete=models.SET_NULL, related_name="+")
    started_by = models.CharField("经办人", max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["unit_path", "kind", "-id"], name="import_area_kind")]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=ImportKind.values), name="import_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=ImportState.values), name="import_state_known"
            ),
            models.CheckConstraint(
                condition=~Q(state="done") | Q(done_at__isnull=False), name="import_done_has_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"import {self.pk}"
