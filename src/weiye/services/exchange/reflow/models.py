"""Packages handed to communities, what is in them, and what each community was last told."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from weiye.base.files.models import StoredFile
from weiye.base.privacy.fields import EncryptedTextField
from weiye.base.regions.models import Unit
from weiye.base.scope.models import Scoped
from weiye.registers.people.models import Person


class ReflowPackage(Scoped):
    """What a community was handed on one day: counts, items, and the same as a locked file."""

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    # Changes after ``since`` (NULL: the first package, everybody) until the end of ``until``.
    since = models.DateField("上次回流", null=True)
    until = models.DateField("回流日期")
    # people (all of the community), and the number of items by kind.
    counts = models.JSONField(default=dict)
    file = models.ForeignKey(StoredFile, null=True, on_delete=models.SET_NULL, related_name="+")
    password = EncryptedTextField("文件密码")
    made_at = models.DateTimeField(auto_now_add=True)
    opened_at = models.DateTimeField("签收时间", null=True)
    opened_by = models.CharField("签收人", max_length=64, blank=True, default="")

    class Meta:
        ordering = ["-until", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["unit", "until"], name="reflow_one_a_day"),
            models.CheckConstraint(
                condition=Q(since__isnull=True) | Q(since__lt=models.F("until")),
                name="reflow_since_before_until",
            ),
        ]

    def __str__(self) -> str:
        return f"package {self.pk}"


class ItemKind(models.TextChoices):
    NEW = "new", "新增人员"
    CHANGED = "changed", "信息变化"
    LEFT = "left", "不再属于本社区"


class ReflowItem(Scoped):
    """One person in a package: what a worker looks at and ticks off."""

    # It stays with the community that it was handed to.
    follows_person: ClassVar[bool] = False

    package = models.ForeignKey(ReflowPackage, on_delete=models.CASCADE, related_name="items")
    person = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    name = models.CharField("姓名", max_length=100)
    kind = models.CharField("类别", max_length=8, choices=ItemKind.choices)
    # {"fact", "from", "to", "source", "on"}; values that are encrypted elsewhere are not in it.
    changes = models.JSONField("变化", default=list)
    joined = ArrayField(models.CharField(max_length=40), default=list, verbose_name="进入群体")
    left = ArrayField(models.CharField(max_length=40), default=list, verbose_name="退出群体")
    done_at = models.DateTimeField("核实时间", null=True)
    done_by = models.CharField("核实人", max_length=64, blank=True, default="")
    note = models.CharField("核实情况", max_length=200, blank=True, default="")

    class Meta:
        ordering = ["package_id", "kind", "name", "id"]
        indexes = [models.Index(fields=["unit_path", "package", "kind"], name="reflow_item_area")]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=ItemKind.values), name="reflow_kind_known")
        ]


class ReflowSeen(Scoped):
    """What a community was last told of one person."""

    follows_person: ClassVar[bool] = False

    unit = models.ForeignKey(Unit, on_delete=models.CASCADE, related_name="+")
    # No foreign key: that somebody is gone is just what the next package has to say.
    person_key = models.BigIntegerField()
    name = models.CharField("姓名", max_length=100)
    facts = models.JSONField(default=dict)
    groups = ArrayField(models.CharField(max_length=40), default=list)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["unit", "person_key"], name="reflow_seen_once")
        ]
