"""The tree of units: 省 → 市 → 县 → 街道 → 社区 → 网格 → 楼栋."""

from typing import Self

from django.db import models

from weiye.base.scope.actor import Actor
from weiye.base.scope.models import UnitPathField

from .levels import LEVELS


class Level(models.TextChoices):
    PROVINCE = "province", "省"
    CITY = "city", "市"
    COUNTY = "county", "县（市、区）"
    STREET = "street", "街道（乡镇）"
    COMMUNITY = "community", "社区（村）"
    GRID = "grid", "网格"
    BUILDING = "building", "楼栋"


class UnitQuerySet(models.QuerySet["Unit"]):
    def visible_to(self, actor: Actor) -> Self:
        lo, hi = actor.range
        return self.filter(path__gte=lo, path__lt=hi)

    def below(self, path: str) -> Self:
        """The unit at ``path`` and everything below it: one index range."""
        return self.filter(path__gte=path, path__lt=path[:-1] + "0")


class Unit(models.Model):
    """One unit of the tree. The tree is public: it carries no row-level security.

    ``path`` holds the segments of the official code, each followed by ``/``
    (``37/10/02/001/001/``), then ``g01/`` for a grid and ``b012/`` for a building.
    """

    # 统计用区划代码; grids and buildings have none and carry code + suffix.
    code = models.CharField("代码", max_length=24, unique=True)
    name = models.CharField("名称", max_length=100)
    level = models.CharField("层级", max_length=10, choices=Level.choices)
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="children")
    path = UnitPathField(unique=True)
    initials = models.CharField("拼音首字母", max_length=100, blank=True)
    # WGS 84. Official codes come without coordinates below the county.
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    point_source = models.CharField(max_length=40, blank=True)
    synthetic = models.BooleanField("演示数据", default=False)

    objects = UnitQuerySet.as_manager()

    class Meta:
        ordering = ["path"]
        indexes = [models.Index(fields=["level", "path"], name="unit_level_path")]
        constraints = [
            models.CheckConstraint(condition=models.Q(level__in=LEVELS), name="unit_level_known"),
            models.CheckConstraint(
                condition=models.Q(lon__isnull=True, lat__isnull=True)
                | models.Q(lon__range=(-180, 180), lat__range=(-90, 90)),
                name="unit_point_on_earth",
            ),
        ]

    def __str__(self) -> str:
        return self.name
