"""What was merged, and the further numbers that a person goes by."""

from collections.abc import Mapping
from typing import ClassVar

from django.db import models
from django.db.models import Q

from weiye.base.privacy.fields import BlindIndexField, EncryptedTextField, NextIndexField
from weiye.base.privacy.masking import mask_id_number
from weiye.base.scope.models import Scoped, UnitPathField

from ..models import Person


class Merge(Scoped):
    """One person's row that went into another's."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="merges")
    # The id of the row that went; it comes back under the same one.
    gone = models.BigIntegerField("并入的编号", db_index=True)
    gone_path = UnitPathField()
    gone_name = models.CharField("并入的姓名", max_length=100)
    # Sealed: the row that went, rows set aside, facts and periods of the other as they were.
    before = EncryptedTextField("合并前")
    # Table → ids of the rows that moved; column "" of a table with one reference to people.
    moved = models.JSONField(default=dict)
    reason = models.CharField("合并理由", max_length=300)
    merged_at = models.DateTimeField("合并时间")
    merged_by = models.CharField("合并人", max_length=64)
    undone_at = models.DateTimeField("拆分时间", null=True)
    undone_by = models.CharField("拆分人", max_length=64, blank=True, default="")
    undone_because = models.CharField("拆分理由", max_length=300, blank=True, default="")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["gone"], condition=Q(undone_at__isnull=True), name="merge_once_at_a_time"
            ),
            models.CheckConstraint(condition=~Q(person=models.F("gone")), name="merge_of_two"),
        ]

    def __str__(self) -> str:
        return f"merge {self.pk}"


class OtherNumber(Scoped):
    """A further number of identity that finds the person: one with two numbers is one."""

    fence_subjects: ClassVar[Mapping[str, str]] = {"person": "person_id"}

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="other_numbers")
    number = EncryptedTextField("另一证件号码", mask=mask_id_number)
    number_index = BlindIndexField(of="number", unique=True)
    number_index_next = NextIndexField(of="number", unique=True)
    merge = models.ForeignKey(Merge, null=True, on_delete=models.CASCADE, related_name="numbers")

    class Meta:
        ordering = ["id"]
