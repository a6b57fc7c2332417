"""Imports: a file, what its columns mean, what would happen, what happened."""

from django.db import models
from django.db.models import Q

from weiye.base.files.models import StoredFile
from weiye.base.privacy.fields import EncryptedTextField, SealedBytesField
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
    # Some blocks are in; the run goes on, or was stopped.
    IMPORTING = "importing", "导入了一部分"
    DONE = "done", "已导入"
    UNDOING = "undoing", "撤销了一部分"
    UNDONE = "undone", "已撤销"
    CANCELLED = "cancelled", "已取消"


class ImportBatch(Scoped):
    """One file on its way in, block by block. Its content, preview and rejects are encrypted."""

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField("类型", max_length=10, choices=ImportKind.choices)
    state = models.CharField(
        "状态", max_length=10, choices=ImportState.choices, default=ImportState.UPLOADED
    )
    name = models.CharField("文件名", max_length=255)
    file = models.ForeignKey(StoredFile, null=True, on_delete=models.SET_NULL, related_name="+")
    rejects = models.ForeignKey(StoredFile, null=True, on_delete=models.SET_NULL, related_name="+")
    # Who sent it: a sender of the pack (`senders.yaml`), "" = not said.
    sender = models.CharField("来源部门", max_length=40, blank=True, db_default="")
    # Names of the sheets that come in together, of those with a header; [] in a text file.
    sheets = models.JSONField(default=list, db_default=[])
    # Column index (as text: JSON) → field.
    mapping = models.JSONField(default=dict)
    # Fields whose answer for all the sender gave (`Kind.answers`).
    answered = models.JSONField(default=list)
    # The same for files with the same header: a mapping once confirmed is proposed again.
    signature = models.CharField(max_length=64, db_index=True)
    # What was true when the sender wrote it.
    as_of = models.DateField("数据日期")
    # Data rows once the file was taken apart into blocks.
    read_rows = models.PositiveIntegerField(null=True)
    # rows, new, changed, unchanged, errors, transfers, review, warnings (and drafts of vacancies).
    counts = models.JSONField(default=dict)
    notes = models.JSONField(default=list)
    # `queries.Preview` without what the columns above say, as JSON.
    page = EncryptedTextField()
    run = models.ForeignKey(Run, null=True, on_delete=models.SET_NULL, related_name="+")
    started_by = models.CharField("经办人", max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True)
    # What undoing it would do or did: removed, restored, kept.
    undo_counts = models.JSONField(default=dict, db_default={})
    undone_at = models.DateTimeField(null=True)

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


# Last: rooms of their own that refer to the tables above.
from .filling.models import ReportTemplate as ReportTemplate  # noqa: E402
from .reflow.models import ReflowItem as ReflowItem  # noqa: E402
from .reflow.models import ReflowPackage as ReflowPackage  # noqa: E402
from .reflow.models import ReflowSeen as ReflowSeen  # noqa: E402


class BlockState(models.TextChoices):
    READ = "read", "已读取"
    CHECKED = "checked", "已检查"
    DONE = "done", "已导入"
    UNDONE = "undone", "已撤销"


class ImportBlock(Scoped):
    """Some consecutive rows of one sheet: what is committed, and undone, in one transaction."""

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="blocks")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=8, choices=BlockState.choices, default=BlockState.READ)
    sheet = models.CharField(max_length=100, blank=True)
    # As `ImportBatch.counts`, of these rows.
    counts = models.JSONField(default=dict)
    undo_counts = models.JSONField(default=dict)
    # The three are packed by `blocks.packing`: the rows as they stand in the file, what was found
    # of each, and what the ledger held before.
    rows = SealedBytesField()
    found = SealedBytesField(null=True)  # type: ignore[misc]
    journal = SealedBytesField(null=True)  # type: ignore[misc]

    class Meta:
        ordering = ["batch_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["batch", "number"], name="import_block_number"),
            models.CheckConstraint(
                condition=Q(state__in=BlockState.values), name="import_block_state_known"
            ),
        ]

    def __str__(self) -> str:
        return f"block {self.number} of import {self.batch_id}"


class ColumnMemory(Scoped):
    """What a column of a sender meant when it was last imported; "" = it is left out."""

    kind = models.CharField(max_length=10, choices=ImportKind.choices)
    sender = models.CharField(max_length=40, blank=True)
    title = models.CharField("表头", max_length=200)
    field = models.CharField("当作", max_length=40, blank=True)
    used_at = models.DateTimeField("上次使用")

    class Meta:
        ordering = ["sender", "title"]
        constraints = [
            models.UniqueConstraint(
                fields=["unit_path", "kind", "sender", "title"], name="column_memory_once"
            )
        ]

    def __str__(self) -> str:
        return f"column memory {self.pk}"
