"""Employers and vacancies (用工主体与岗位)."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from weiye.base.regions.models import Unit
from weiye.base.scope.models import Scoped


class Employer(Scoped):
    """A firm, shop, social organisation or household that employs."""

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    name = models.CharField("名称", max_length=120)
    # 统一社会信用代码, GB 32100; a household has none.
    uscc = models.CharField("统一社会信用代码", max_length=18, null=True, unique=True)
    kind = models.CharField("类型", max_length=20, blank=True)
    address = models.CharField("地址", max_length=200, blank=True)
    contact = models.CharField("联系人", max_length=64, blank=True)
    phone = models.CharField("招聘电话", max_length=30, blank=True)
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    headcount = models.PositiveIntegerField("用工人数", null=True)
    synthetic = models.BooleanField("演示数据", default=False)

    class Meta:
        ordering = ["id"]
        constraints = [
            # Without a credit code the name within the unit tells employers apart.
            models.UniqueConstraint(
                fields=["unit", "name"],
                condition=Q(uscc__isnull=True),
                name="employer_name_in_unit",
            )
        ]

    def __str__(self) -> str:
        return self.name


class VacancyState(models.TextChoices):
    DRAFT = "draft", "草稿"
    PUBLISHED = "published", "已发布"
    CLOSED = "closed", "已下架"


class VacancyKind(models.TextChoices):
    FULL_TIME = "全职", "全职"
    PART_TIME = "兼职", "兼职"
    FLEXIBLE = "灵活就业", "灵活就业"
    TEMPORARY = "临时", "临时"
    AUXILIARY = "辅助性", "辅助性"
    PUBLIC_WELFARE = "公益性岗位", "公益性岗位"


LABELS = ("爱心岗", "助残岗", "妈妈岗", "银龄岗", "远程岗")


class VacancyFields(models.Model):
    """What a vacancy says; shared by the working copy and the public one.

    山东省人力资源市场条例 §32 names what a post must state.
    """

    title = models.CharField("岗位名称", max_length=100)
    occupation_code = models.CharField("职业代码", max_length=10, blank=True)
    kind = models.CharField(
        "用工形式", max_length=8, choices=VacancyKind.choices, default=VacancyKind.FULL_TIME
    )
    openings = models.PositiveIntegerField("招聘人数", default=1)
    duties = models.TextField("工作内容", max_length=2000, blank=True)
    conditions = models.TextField("招用条件", max_length=2000, blank=True)
    place = models.CharField("工作地点", max_length=200, blank=True)
    contract_type = models.CharField("合同类型", max_length=40, blank=True)
    social_insurance = models.CharField("社会保险", max_length=100, blank=True)
    protection = models.CharField("劳动保护与职业危害", max_length=200, blank=True)
    wage_min = models.PositiveIntegerField("月薪下限（元）", null=True, blank=True)
    wage_max = models.PositiveIntegerField("月薪上限（元）", null=True, blank=True)
    hours = models.PositiveSmallIntegerField("工作时段", default=3)
    min_age = models.PositiveSmallIntegerField("最低年龄", null=True, blank=True)
    max_age = models.PositiveSmallIntegerField("最高年龄", null=True, blank=True)
    min_education = models.PositiveSmallIntegerField("最低学历", null=True, blank=True)
    skills = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    labels = ArrayField(models.CharField(max_length=10), default=list, blank=True)
    accessible = models.BooleanField("无障碍", default=False)
    remote = models.BooleanField("可远程", default=False)
    lon = models.FloatField(null=True, blank=True)
    lat = models.FloatField(null=True, blank=True)
    posted_on = models.DateField("发布日期")
    expires_on = models.DateField("截止日期", null=True, blank=True)
    synthetic = models.BooleanField("演示数据", default=False)

    class Meta:
        abstract = True


class Vacancy(VacancyFields, Scoped):
    """A vacancy as its community works on it."""

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    employer = models.ForeignKey(Employer, on_delete=models.PROTECT, related_name="vacancies")
    state = models.CharField(
        "状态", max_length=10, choices=VacancyState.choices, default=VacancyState.DRAFT
    )

    class Meta:
        ordering = ["-posted_on", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=VacancyState.values), name="vacancy_state_known"
            ),
            models.CheckConstraint(
                condition=Q(wage_min__isnull=True)
                | Q(wage_max__isnull=True)
                | Q(wage_min__lte=F("wage_max")),
                name="vacancy_wage_range_in_order",
            ),
            # 暂行条例 and 山东省人力资源市场条例 §28: nobody under 16.
            models.CheckConstraint(
                condition=Q(min_age__isnull=True) | Q(min_age__gte=16),
                name="vacancy_nobody_under_16",
            ),
            models.CheckConstraint(
                condition=Q(min_age__isnull=True)
                | Q(max_age__isnull=True)
                | Q(min_age__lte=F("max_age")),
                name="vacancy_age_bounds_in_order",
            ),
            models.CheckConstraint(
                condition=Q(hours__gte=1, hours__lte=127), name="vacancy_hours_seven_bits"
            ),
            models.CheckConstraint(condition=Q(openings__lte=100000), name="vacancy_openings_sane"),
        ]

    def __str__(self) -> str:
        return self.title


class PublicVacancy(VacancyFields, Scoped):
    """A published vacancy as everybody may read it and its own area may write it; public data only.

    Kept by `actions.publish` and `actions.close`; ``id`` is the vacancy's id. Matching reads this
    table: a neighbour community's vacancies are near too.
    """

    fence_read = "all"

    id = models.BigIntegerField(primary_key=True)
    unit_code = models.CharField(max_length=24)
    unit_name = models.CharField(max_length=100)
    employer_name = models.CharField("单位", max_length=120)
    contact = models.CharField("联系人", max_length=64, blank=True)
    phone = models.CharField("招聘电话", max_length=30, blank=True)

    class Meta:
        ordering = ["-posted_on", "id"]
        indexes = [models.Index(fields=["lon", "lat"], name="public_vacancy_point")]
