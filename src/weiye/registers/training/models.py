"""The published catalogue of training programmes (职业技能培训项目清单)."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from weiye.base.regions.models import Unit
from weiye.base.scope.models import Scoped


class Programme(Scoped):
    """One programme of a county's catalogue: content, hours, requirement, subsidy (A11)."""

    # A11: the catalogue is published, so everybody reads it; only the owner's area writes.
    fence_read = "all"

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    code = models.CharField("项目编号", max_length=40)
    title = models.CharField("项目名称", max_length=120)
    content = models.TextField("培训内容", max_length=2000, blank=True)
    hours = models.PositiveSmallIntegerField("学时", null=True)
    audience = models.CharField("培训对象", max_length=200, blank=True)
    requirement = models.CharField("参训要求", max_length=200, blank=True)
    subsidy = models.CharField("补贴标准", max_length=200, blank=True)
    provider = models.CharField("培训机构", max_length=120, blank=True)
    place = models.CharField("地点", max_length=200, blank=True)
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    starts_on = models.DateField("开班日期", null=True)
    ends_on = models.DateField("结束日期", null=True)
    seats = models.PositiveSmallIntegerField("名额", null=True)
    min_education = models.PositiveSmallIntegerField("最低学历", null=True)
    skills = ArrayField(models.CharField(max_length=40), default=list)
    occupation_codes = ArrayField(models.CharField(max_length=10), default=list)
    synthetic = models.BooleanField("演示数据", default=False)

    class Meta:
        ordering = ["unit_path", "code"]
        constraints = [
            models.UniqueConstraint(fields=["unit", "code"], name="programme_code_in_unit")
        ]

    def __str__(self) -> str:
        return self.title
