"""Groups of whom nobody is told but those who look after them (社区矫正对象、安置帮教对象)."""

from typing import ClassVar

from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.db.models import Q

from weiye.base.privacy.fields import EncryptedTextField
from weiye.base.scope.models import Scoped

READ, EDIT = "sensitive.read", "sensitive.edit"


class SensitiveKind(models.TextChoices):
    CORRECTION = "社区矫正", "社区矫正对象"
    RESETTLEMENT = "安置帮教", "安置帮教对象"


class SensitiveRecord(Scoped):
    """That a person belongs to such a group for a time.

    Behind rights of its own in the database too (``fence_rights``): a transaction of somebody
    without them sees, adds and changes nothing here, whatever it asks.
    """

    fence_rights: ClassVar[tuple[str, str]] = (READ, EDIT)

    # The migration makes the constraint: the database itself deletes these rows with the person.
    person = models.ForeignKey(
        "people.Person",
        on_delete=models.CASCADE,
        db_constraint=False,
        related_name="sensitive_records",
    )
    kind = models.CharField("类别", max_length=4, choices=SensitiveKind.choices)
    during = DateRangeField("期间")
    document = EncryptedTextField("文书号")
    note = EncryptedTextField("帮扶情况")
    source = models.CharField("数据来源", max_length=100)
    as_of = models.DateField("数据日期")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["person_id", "kind", "during"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=SensitiveKind.values), name="sensitive_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(during__isempty=False, during__startswith__isnull=False),
                name="sensitive_has_a_first_day",
            ),
        ]
