"""The tree of units: 省 → 市 → 县 → 街道 → 社区 → 网格 → 楼栋, as it is and as it was."""

from datetime import date
from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.db.models import F, Func, Q

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


class Kind(models.TextChoices):
    """Where a unit comes from: a 7x code or none at all makes a functional area."""

    OFFICIAL = "official", "行政区划"
    FUNCTIONAL = "functional", "功能区"
    LOCAL = "local", "自设单位"


class UrbanRural(models.TextChoices):
    """城乡分类代码 (国家统计局《统计用区划代码和城乡划分代码编制规则》)."""

    MAIN_CITY = "111", "主城区"
    CITY_EDGE = "112", "城乡结合区"
    TOWN_CENTRE = "121", "镇中心区"
    TOWN_EDGE = "122", "镇乡结合区"
    SPECIAL = "123", "特殊区域"
    TOWNSHIP_CENTRE = "210", "乡中心区"
    VILLAGE = "220", "村庄"


class UnitQuerySet(models.QuerySet["Unit"]):
    def visible_to(self, actor: Actor) -> Self:
        lo, hi = actor.range
        return self.filter(path__gte=lo, path__lt=hi)

    def below(self, path: str) -> Self:
        """The unit at ``path`` and everything below it: one index range."""
        return self.filter(path__gte=path, path__lt=path[:-1] + "0")

    def open(self) -> Self:
        """Units in force: what may be chosen for anything new."""
        return self.filter(ended_on__isnull=True)


class Unit(models.Model):
    """One unit of the tree. The tree is public: it carries no row-level security.

    A unit keeps its identity (``id``) when its name, code or place changes; earlier versions are
    `UnitPast`. ``path`` holds the segments of the official code, each followed by ``/``
    (``37/10/02/001/001/``), then ``g01/`` for a grid and ``b012/`` for a building; whose code does
    not nest below its parent has a segment of its own (``u5k/``). A closed unit stays as a remnant
    ``x5k/`` below the one that took its place (``parent``), so that rows which name it stay below
    somebody; its code is freed by a ``~`` and its id.
    """

    # 统计用区划代码; grids and buildings have none and carry code + suffix.
    code = models.CharField("代码", max_length=40, unique=True)
    name = models.CharField("名称", max_length=100)
    level = models.CharField("层级", max_length=10, choices=Level.choices)
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="children")
    path = UnitPathField(unique=True)
    kind = models.CharField(
        "类别", max_length=12, choices=Kind.choices, default=Kind.OFFICIAL, db_default=Kind.OFFICIAL
    )
    # Blank where the source has none.
    urban_rural = models.CharField(
        "城乡分类代码",
        max_length=3,
        blank=True,
        choices=UrbanRural.choices,
        default="",
        db_default="",
    )
    # NULL: from the beginning of the data.
    since = models.DateField("设立日期", null=True)
    # The first day on which it is no more; NULL: in force.
    ended_on = models.DateField("撤销日期", null=True)
    # What it was split off from or merged of.
    origins = models.ManyToManyField("self", symmetrical=False, related_name="offshoots")
    initials = models.CharField("拼音首字母", max_length=100, blank=True)
    # WGS 84. Official codes come without coordinates below the county.
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    point_source = models.CharField(max_length=40, blank=True)
    synthetic = models.BooleanField("演示数据", default=False)

    objects = UnitQuerySet.as_manager()

    class Meta:
        ordering = ["path"]
        indexes = [
            models.Index(fields=["level", "path"], name="unit_level_path"),
            models.Index(
                fields=["initials"], name="unit_initials_like", opclasses=["varchar_pattern_ops"]
            ),
            models.Index(fields=["name"], name="unit_name_like", opclasses=["varchar_pattern_ops"]),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(level__in=LEVELS), name="unit_level_known"),
            models.CheckConstraint(
                condition=Q(lon__isnull=True, lat__isnull=True)
                | Q(lon__range=(-180, 180), lat__range=(-90, 90)),
                name="unit_point_on_earth",
            ),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="unit_kind_known"),
            models.CheckConstraint(
                condition=Q(urban_rural__in=["", *UrbanRural.values]), name="unit_urban_rural_known"
            ),
            models.CheckConstraint(
                condition=Q(ended_on__isnull=True)
                | Q(since__isnull=True)
                | Q(ended_on__gt=F("since")),
                name="unit_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=Q(path__regex=r"^([0-9a-z]+/)+$"), name="unit_path_of_segments"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        return self.ended_on is None

    @property
    def plain_code(self) -> str:
        """The code as offices know it, of a closed unit too."""
        return self.code.split("~", 1)[0]


class UnitPast(models.Model):
    """How a unit was, from a day until before another. No lower bound: from the beginning."""

    unit = models.ForeignKey(Unit, on_delete=models.CASCADE, related_name="past")
    during = DateRangeField("期间")
    code = models.CharField("代码", max_length=40)
    name = models.CharField("名称", max_length=100)
    parent = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT, related_name="+")
    path = UnitPathField()
    urban_rural = models.CharField("城乡分类代码", max_length=3, blank=True, default="")
    # A time between closing and reopening.
    closed = models.BooleanField("已撤销", default=False)
    # What ended this version: `Verb`.
    verb = models.CharField("变更", max_length=12)

    class Meta:
        ordering = ["unit_id", "during"]
        indexes = [models.Index(fields=["unit"], name="unitpast_unit")]
        constraints = [
            models.CheckConstraint(
                condition=Q(during__isempty=False, during__endswith__isnull=False),
                name="unitpast_has_an_end",
            ),
            # btree_gist is not at hand: the unit becomes an int8 range.
            ExclusionConstraint(
                name="unitpast_no_overlap",
                expressions=[
                    (
                        Func(
                            F("unit_id"),
                            F("unit_id"),
                            models.Value("[]"),
                            function="int8range",
                        ),
                        "&&",
                    ),
                    ("during", "&&"),
                ],
            ),
        ]

    @property
    def first_day(self) -> date | None:
        return self.during.lower  # type: ignore[no-any-return]

    @property
    def end(self) -> date:
        """The first day of the version after it."""
        return self.during.upper  # type: ignore[no-any-return]


class Verb(models.TextChoices):
    """What may happen to a unit."""

    ADD = "add", "设立"
    AMEND = "amend", "改名或变更代码"
    MOVE = "move", "迁移"
    ALONG = "along", "随上级变更"
    SPLIT = "split", "拆分"
    MERGE = "merge", "合并"
    CLOSE = "close", "撤销"
    REOPEN = "reopen", "恢复"
