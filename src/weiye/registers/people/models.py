"""The human-resource ledger (人力资源台账): persons, households, statuses over time, wishes.

Column names are the fact names of the engine's file contract, so that frames need no translation.
NULL means unknown; a fact *known to be none* is named in ``known_none``.
"""

from collections.abc import Mapping
from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField
from django.db import models
from django.db.models import F, Func, Q

from weiye.base.privacy.fields import BlindIndexField, EncryptedTextField, NextIndexField
from weiye.base.privacy.masking import mask_address, mask_id_number, mask_phone
from weiye.base.regions.models import Unit
from weiye.base.scope.models import Scoped

from . import search


class Sex(models.TextChoices):
    MALE = "男", "男"
    FEMALE = "女", "女"


class EmploymentStatus(models.TextChoices):
    EMPLOYED = "就业", "就业"
    UNEMPLOYED = "失业", "失业"
    FLEXIBLE = "灵活就业", "灵活就业"
    AT_SCHOOL = "在校", "在校"
    RETIRED = "退休", "退休"
    SERVING = "服役", "服役"
    OTHER = "其他", "其他"


class MinimumLiving(models.TextChoices):
    MINIMUM = "低保", "低保"
    BORDERLINE = "低保边缘", "低保边缘"
    DESTITUTE = "特困", "特困"
    NONE = "无", "无"


class PovertyAlleviation(models.TextChoices):
    ALLEVIATED = "脱贫享受政策", "脱贫享受政策"
    MONITORED = "防止返贫监测", "防止返贫监测"
    NONE = "无", "无"


# GB/T 4658-2006, first digits.
EDUCATION = {
    10: "研究生",
    20: "大学本科",
    30: "大学专科",
    40: "中等职业教育",
    60: "普通高中",
    70: "初中",
    80: "小学",
    90: "其他",
}


class IdKind(models.TextChoices):
    """Documents that may name a person; see `base.privacy.documents`."""

    CITIZEN = "居民身份证", "居民身份证"
    RESIDENCE = "港澳台居民居住证", "港澳台居民居住证"
    PASSPORT = "护照", "护照"
    HONG_KONG_MACAO = "港澳居民来往内地通行证", "港澳居民来往内地通行证"
    TAIWAN = "台湾居民来往大陆通行证", "台湾居民来往大陆通行证"
    PERMANENT = "外国人永久居留身份证", "外国人永久居留身份证"


class Household(Scoped):
    """People who live together and run one budget."""

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    # 户号 of the sender, unique within the community.
    number = models.CharField("户号", max_length=64)
    address = EncryptedTextField("住址", mask=mask_address)
    synthetic = models.BooleanField("演示数据", default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["unit", "number"], name="household_number_in_unit")
        ]


class Person(Scoped):
    """A resident. The residence (常住地) owns the row: ``unit`` is the lowest known unit of it."""

    fence_subjects: ClassVar[Mapping[str, str]] = {"person": "id"}

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    household = models.ForeignKey(
        Household, null=True, on_delete=models.SET_NULL, related_name="members"
    )
    household_role = models.CharField("与户主关系", max_length=20, blank=True)

    name = models.CharField("姓名", max_length=100)
    # Pinyin, for sorting: no Chinese collation can be assumed in the database.
    name_key = models.CharField(max_length=200, blank=True)
    # For the search by name; see `search`.
    name_2, name_3, name_4 = search.tail(2), search.tail(3), search.tail(4)
    name_dot = search.after_dot()
    pinyin = search.without_blanks()
    id_kind = models.CharField(
        "证件类别",
        max_length=12,
        choices=IdKind.choices,
        default=IdKind.CITIZEN,
        db_default=IdKind.CITIZEN.value,
    )
    # Normalised; the index is over the number alone, whatever its kind.
    id_number = EncryptedTextField("证件号码", mask=mask_id_number)
    id_index = BlindIndexField(of="id_number", unique=True)
    id_index_next = NextIndexField(of="id_number", unique=True)
    phone = EncryptedTextField("电话", mask=mask_phone)
    phone_index = BlindIndexField(of="phone", db_index=True)
    phone_index_next = NextIndexField(of="phone")
    address = EncryptedTextField("住址", mask=mask_address)

    birth_date = models.DateField("出生日期", null=True)
    sex = models.CharField("性别", max_length=1, null=True, choices=Sex.choices)
    retirement_base = models.PositiveSmallIntegerField("退休基准年龄", null=True)
    hukou_unit = models.CharField("户籍地代码", max_length=12, null=True)
    resident_since = models.DateField("常住起", null=True)

    education = models.PositiveSmallIntegerField("学历", null=True)
    graduated_on = models.DateField("毕业日期", null=True)
    continuing_school = models.BooleanField("继续升学", null=True)
    # What the engine reads of these is `code` and `level`; the rest see `biography`.
    skill_certificates = models.JSONField("技能证书", null=True)
    education_history = models.JSONField("学习经历", null=True)
    work_history = models.JSONField("工作经历", null=True)
    # Of the pack's closed list; sensitive (个人信息保护法 §28): in no list, no export.
    health_limits = ArrayField(models.CharField(max_length=20), null=True, verbose_name="健康限制")

    labour_capacity = models.BooleanField("有劳动能力", null=True)
    work_wish = models.BooleanField("有就业意愿", null=True)
    disability_grade = models.PositiveSmallIntegerField("残疾等级", null=True)
    minimum_living = models.CharField(
        "低保情况", max_length=8, null=True, choices=MinimumLiving.choices
    )
    poverty_alleviation = models.CharField(
        "脱贫监测", max_length=12, null=True, choices=PovertyAlleviation.choices
    )
    single_parent_of_minor = models.BooleanField("单亲抚养未成年人", null=True)
    land_lost = models.BooleanField("失地", null=True)
    veteran = models.BooleanField("退役军人", null=True)
    children = ArrayField(models.DateField(), null=True, verbose_name="子女出生日期")

    contract_months = models.PositiveSmallIntegerField("合同月数", null=True)
    monthly_income = models.PositiveIntegerField("月收入（元）", null=True)
    pension_drawn = models.BooleanField("领取养老金", null=True)
    insured_months_local = models.PositiveSmallIntegerField("本地参保月数", null=True)
    certified_difficult_since = models.DateField("就业困难人员认定日期", null=True)
    benefits_received = models.JSONField("已享受待遇", null=True)
    # Names of facts that are known to be none or never (JSON null of the file contract).
    known_none = ArrayField(models.CharField(max_length=40), default=list)

    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    point_source = models.CharField(max_length=40, blank=True)

    source = models.CharField("数据来源", max_length=100)
    as_of = models.DateField("数据日期")
    # Fact → ISO day, for facts that are of another day than ``as_of``; see ``said``.
    fact_dates = models.JSONField("各项日期", default=dict)
    # Source → facts, for facts that are from another source than ``source``.
    fact_sources = models.JSONField("各项来源", default=dict, db_default={})
    synthetic = models.BooleanField("演示数据", default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    # As a department's roster says; who died is in no group and on no list.
    died_on = models.DateField("死亡日期", null=True)
    # From this day on nobody can be told from the row: it is kept for the statistics alone.
    anonymised_on = models.DateField("匿名化日期", null=True)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["unit_path", "name_key", "id"], name="person_area_name"),
            models.Index(fields=["unit_path", "birth_date", "id"], name="person_area_birth"),
            # Counts of an area: row-level security and all, it is a range of this index.
            models.Index(
                fields=["unit_path"], name="person_area", condition=Q(anonymised_on__isnull=True)
            ),
            # By age, in an area too wide for the one above.
            models.Index(fields=["birth_date"], name="person_birth"),
            *search.indexes(),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(disability_grade__isnull=True) | Q(disability_grade__lte=4),
                name="person_disability_grade_0_to_4",
            ),
            models.CheckConstraint(
                condition=Q(retirement_base__isnull=True) | Q(retirement_base__in=(50, 55, 60)),
                name="person_retirement_base_known",
            ),
            models.CheckConstraint(
                condition=Q(education__isnull=True) | Q(education__range=(10, 99)),
                name="person_education_two_digits",
            ),
            models.CheckConstraint(
                condition=Q(id_number__isnull=True, id_index__isnull=True)
                | Q(id_number__isnull=False, id_index__isnull=False),
                name="person_id_with_index",
            ),
        ]

    def __str__(self) -> str:
        return f"person {self.pk}"


class PeriodKind(models.IntegerChoices):
    """What a period says. The kinds run side by side; two of one kind never overlap."""

    EMPLOYMENT = 0, "就业状态"
    EMPLOYMENT_REGISTRATION = 1, "就业登记"
    UNEMPLOYMENT_REGISTRATION = 2, "失业登记"
    JOB_SEEKING_REGISTRATION = 3, "求职登记"


class StatusPeriod(Scoped):
    """One person's status or registration from a day until before another.

    Current facts derive from these: ``employment_status`` and ``unemployed_since`` /
    ``employed_since`` from EMPLOYMENT, ``registered_unemployed_since`` from
    UNEMPLOYMENT_REGISTRATION.
    """

    fence_subjects: ClassVar[Mapping[str, str]] = {"person": "person_id"}

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="periods")
    kind = models.PositiveSmallIntegerField("类别", choices=PeriodKind.choices)
    # For EMPLOYMENT a value of `EmploymentStatus`, else empty.
    status = models.CharField("状态", max_length=8, blank=True)
    during = DateRangeField("期间")
    # False: the first day is only the first on which the status is known to have held.
    start_known = models.BooleanField("起始日期已知", default=True)
    # Of a registration: its number and why; of any period why it ended.
    number = models.CharField("登记编号", max_length=40, blank=True, default="", db_default="")
    reason = models.CharField("原因", max_length=60, blank=True, default="", db_default="")
    end_reason = models.CharField("结束原因", max_length=60, blank=True, default="", db_default="")
    source = models.CharField("数据来源", max_length=100)

    class Meta:
        ordering = ["person_id", "kind", "during"]
        indexes = [
            models.Index(fields=["person", "kind"], name="period_person_kind"),
            # Who of an area had a status on a day, without the table.
            models.Index(
                fields=["kind", "status", "unit_path"],
                include=["person", "during"],
                name="period_holders",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=PeriodKind.values), name="period_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(kind=0, status__in=EmploymentStatus.values) | Q(kind__gt=0, status=""),
                name="period_status_fits_kind",
            ),
            models.CheckConstraint(
                condition=Q(during__isempty=False, during__startswith__isnull=False),
                name="period_has_a_first_day",
            ),
            # btree_gist is not at hand: person and kind become one int8 range.
            ExclusionConstraint(
                name="period_no_overlap",
                expressions=[
                    (
                        Func(
                            F("person_id") * 4 + F("kind"),
                            F("person_id") * 4 + F("kind"),
                            models.Value("[]"),
                            function="int8range",
                        ),
                        "&&",
                    ),
                    ("during", "&&"),
                ],
            ),
        ]


class WishPlace(models.TextChoices):
    NEAR = "家门口", "家门口"
    STREET = "本街道", "本街道"
    COUNTY = "本县区", "本县区"
    CITY = "本市", "本市"
    PROVINCE = "省内", "省内"
    ANYWHERE = "不限", "不限"


class WorkWish(Scoped):
    """What work a person wants, as last said (求职意愿)."""

    fence_subjects: ClassVar[Mapping[str, str]] = {"person": "person_id"}

    person = models.OneToOneField(
        Person, on_delete=models.CASCADE, related_name="wish", primary_key=True
    )
    # 职业分类大典 codes of any level.
    occupation_codes = ArrayField(models.CharField(max_length=10), default=list)
    skills = ArrayField(models.CharField(max_length=40), default=list)
    min_wage = models.PositiveIntegerField("期望月薪（元）", null=True)
    # 1 weekday morning, 2 afternoon, 4 evening, 8 night, 16/32/64 weekend morning/afternoon/evening
    hours = models.PositiveSmallIntegerField("可工作时段", default=127)
    needs_accessible = models.BooleanField("需要无障碍", default=False)
    max_walk_minutes = models.PositiveSmallIntegerField("可步行分钟", default=15)
    training_wishes = ArrayField(models.CharField(max_length=40), default=list)
    # How far from home, beyond walking; "" = not said.
    place = models.CharField(
        "意向地点",
        max_length=8,
        blank=True,
        choices=WishPlace.choices,
        default="",
        db_default="",
    )
    remote = models.BooleanField("愿意居家或远程工作", null=True)
    said_on = models.DateField("登记日期", null=True)
    source = models.CharField("数据来源", max_length=100, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(hours__lte=127), name="wish_hours_seven_bits")
        ]


# Last: rooms of their own that refer to the tables above.
from .merging.models import Merge as Merge  # noqa: E402
from .merging.models import OtherNumber as OtherNumber  # noqa: E402
from .sensitive.models import SensitiveRecord as SensitiveRecord  # noqa: E402
from .surveys.models import SurveyAnswer as SurveyAnswer  # noqa: E402
from .surveys.models import SurveyConflict as SurveyConflict  # noqa: E402
from .surveys.models import SurveyVisit as SurveyVisit  # noqa: E402
from .transfers.models import TransferRequest as TransferRequest  # noqa: E402
