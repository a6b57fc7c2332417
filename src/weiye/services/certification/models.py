"""就业困难人员认定: cases, what was done on them, evidence, notices, numbers, yearly checks."""

from collections.abc import Mapping
from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.db.models import F, Func, Q

from weiye.base.files.models import StoredFile
from weiye.base.privacy.fields import EncryptedTextField
from weiye.base.privacy.masking import mask_phone
from weiye.base.scope.models import Scoped
from weiye.registers.people.models import Person

from .terms import Term, Terms


class CaseState(models.TextChoices):
    DRAFT = "draft", "填写中"
    APPLIED = "applied", "待受理"
    REVIEW = "review", "街道审核"
    DECISION = "decision", "县级认定"
    CORRECTION = "correction", "待补正"
    NOTICE = "notice", "公示中"
    OBJECTED = "objected", "异议核查"
    CERTIFIED = "certified", "已认定"
    CHECK_DUE = "check_due", "待年检"
    SUSPENDED = "suspended", "暂停"
    REFUSED = "refused", "不予认定"
    APPEAL = "appeal", "复核中"
    WITHDRAWN = "withdrawn", "已撤回"
    ENDED = "ended", "已退出"


CLOSED = (CaseState.REFUSED, CaseState.WITHDRAWN, CaseState.ENDED)
HOLDS = (CaseState.CERTIFIED, CaseState.CHECK_DUE, CaseState.SUSPENDED)


class Origin(models.TextChoices):
    SELF = "self", "本人申请"
    WORKER = "worker", "工作人员代办"
    RULE = "rule", "按规则建议"


class Case(Scoped):
    """One application, and what became of it. States change in `states` alone."""

    fence_subjects: ClassVar[Mapping[str, str]] = {"person": "person_id"}

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="certification_cases")
    state = models.CharField(
        "状态", max_length=10, choices=CaseState.choices, default=CaseState.DRAFT
    )
    origin = models.CharField("来由", max_length=6, choices=Origin.choices)
    # The clause of the rule that names the category (pack, certification.yaml).
    category = models.CharField("认定类别", max_length=40)
    category_text = models.CharField("类别名称", max_length=60)
    statement = models.CharField("情况说明", max_length=500, blank=True)
    # Who asked for it to be filed on the person's behalf, and how that is known.
    consent = models.CharField("本人同意的方式", max_length=200, blank=True)
    # The verdict, clause by clause, on the day; with which rules: to be worked out again any time.
    judged_on = models.DateField("判断日期")
    verdict = models.CharField("判断", max_length=8)
    clauses = models.JSONField("逐条判断", default=list)
    pack_version = models.CharField("规则版本", max_length=64)
    # The step's own: until when, and whether that term is anybody's rule yet.
    due_on = models.DateField("办理期限", null=True)
    due_to_confirm = models.BooleanField("期限待确认", default=False)
    # To which state a correction leads back.
    back_to = models.CharField(max_length=10, blank=True)
    reason = models.CharField("意见", max_length=500, blank=True)
    exit_reason = models.CharField("退出原因", max_length=20, blank=True)
    next_check_on = models.DateField("下次年检", null=True)
    opened_on = models.DateField("填表日期")
    opened_by = models.BigIntegerField("填表账号", null=True)
    opened_by_name = models.CharField("填表人", max_length=64)
    # Sent with the form: a double tap files one application.
    token = models.UUIDField(unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["unit_path", "state", "due_on"], name="case_area_state_due")
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=CaseState.values) & Q(origin__in=Origin.values),
                name="case_words_known",
            ),
            models.UniqueConstraint(
                fields=["person"],
                condition=~Q(state__in=["refused", "withdrawn", "ended"]),
                name="case_one_open_per_person",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["refused", "correction", "suspended"]) | ~Q(reason=""),
                name="case_refused_with_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(state="ended", exit_reason__gt="") | ~Q(state="ended"),
                name="case_ended_with_a_reason",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["certified", "check_due", "suspended"])
                | Q(next_check_on__isnull=False),
                name="case_certified_is_checked",
            ),
            models.CheckConstraint(
                condition=~Q(origin="worker") | ~Q(consent=""), name="case_filed_with_consent"
            ),
        ]

    def __str__(self) -> str:
        return f"case {self.pk}"

    @property
    def is_open(self) -> bool:
        return self.state not in CLOSED


class Step(Scoped):
    """One move of a case: who, when, from where to where, what was said."""

    fence_subjects: ClassVar[Mapping[str, str]] = {"person": "case__person_id"}

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="steps")
    verb = models.CharField("办理", max_length=30)
    source = models.CharField(max_length=10)
    target = models.CharField(max_length=10, choices=CaseState.choices)
    on = models.DateField("日期")
    at = models.DateTimeField("时间", auto_now_add=True)
    account_id = models.BigIntegerField("账号", null=True)
    name = models.CharField("办理人", max_length=64)
    unit_name = models.CharField("单位", max_length=100, blank=True)
    note = models.CharField("意见", max_length=500, blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["case", "verb"], name="step_case_verb")]


class EvidenceKind(models.TextChoices):
    HELD = "held", "系统已有"
    FILE = "file", "上传材料"
    SEEN = "seen", "已核对原件"


class Evidence(Scoped):
    """What shows one of the documents that a category asks for."""

    fence_subjects: ClassVar[Mapping[str, str]] = {"person": "case__person_id"}

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="evidence")
    # Of the pack (certification.yaml, documents).
    document = models.CharField("材料", max_length=40)
    title = models.CharField("材料名称", max_length=80)
    kind = models.CharField("方式", max_length=4, choices=EvidenceKind.choices)
    file = models.ForeignKey(StoredFile, null=True, on_delete=models.SET_NULL, related_name="+")
    # For what the ledger knew: whose word it was, and of which day. Never the value itself.
    source = models.CharField("来源", max_length=100, blank=True)
    as_of = models.DateField("日期", null=True)
    added_by = models.CharField("经办人", max_length=64)
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=EvidenceKind.values), name="evidence_kind_known"
            ),
            # One of a kind; pictures may be several.
            models.UniqueConstraint(
                fields=["case", "document", "kind"],
                condition=~Q(kind="file"),
                name="evidence_once",
            ),
        ]


class Posting(Scoped):
    """A public notice (公示) and how many of its working days are behind it.

    ``running_since``: the day after which days count; None while an objection stops the clock.
    """

    fence_subjects: ClassVar[Mapping[str, str]] = {"person": "case__person_id"}

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="postings")
    posted_on = models.DateField("公示起")
    days = models.PositiveSmallIntegerField("工作日")
    days_done = models.PositiveSmallIntegerField("已过工作日", default=0)
    running_since = models.DateField(null=True)
    closed_on = models.DateField("公示止", null=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["case"], condition=Q(closed_on__isnull=True), name="posting_one_open"
            ),
            models.CheckConstraint(condition=Q(days__gte=1), name="posting_has_days"),
        ]

    def ends(self, terms: Terms) -> Term:
        """When the notice ends by a calendar; while it is stopped: if it went on that day."""
        since = self.running_since or terms.on
        left = self.days - self.days_done
        return terms.ending(since, left) if left > 0 else Term(0, since, False, False)


class PublicNotice(Scoped):
    """What everybody may read of a notice, while it runs: nothing that is not needed (PIPL §6).

    Taken away with the notice; ``id`` tells nothing of the case.
    """

    fence_read = "all"

    id = models.UUIDField(primary_key=True)
    # No key into a fenced table: who reads this reads nothing else.
    case_key = models.BigIntegerField(unique=True)
    name = models.CharField("姓名（已隐去部分）", max_length=100)
    community = models.CharField("社区", max_length=100)
    county = models.CharField("认定单位", max_length=100)
    category = models.CharField("认定类别", max_length=60)
    posted_on = models.DateField("公示起")
    ends_on = models.DateField("公示止")
    provisional = models.BooleanField("节假日安排未公布", default=False)
    synthetic = models.BooleanField("演示数据", default=False)

    class Meta:
        ordering = ["ends_on", "community", "id"]


class Objection(Scoped):
    """Somebody objects during a notice. Seen by those who decide alone, not by the person."""

    # Stays with the case wherever it goes.
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="objections")
    name = models.CharField("姓名", max_length=64, blank=True)
    phone = EncryptedTextField("电话", mask=mask_phone)
    text = models.CharField("内容", max_length=500)
    token = models.UUIDField(unique=True)
    at = models.DateTimeField("时间", auto_now_add=True)
    answered_on = models.DateField("答复日期", null=True)
    answered_by = models.CharField("答复人", max_length=64, blank=True)
    answer = models.CharField("核查结果", max_length=500, blank=True)

    class Meta:
        ordering = ["id"]


class Series(Scoped):
    """The running number of one county and year: counted up under its row's lock."""

    county = models.CharField("县级代码", max_length=12)
    year = models.PositiveSmallIntegerField("年份")
    last = models.PositiveIntegerField("最后一个号", default=0)

    class Meta:
        ordering = ["county", "year"]
        constraints = [
            models.UniqueConstraint(fields=["county", "year"], name="series_one_per_county_year")
        ]


class Certificate(Scoped):
    """A number, and from when until when its holder is certified. Numbers are never given again."""

    fence_subjects: ClassVar[Mapping[str, str]] = {"person": "person_id"}

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="certificates")
    case = models.OneToOneField(Case, on_delete=models.CASCADE, related_name="certificate")
    number = models.CharField("认定编号", max_length=32, unique=True)
    county = models.CharField("县级代码", max_length=12)
    year = models.PositiveSmallIntegerField("年份")
    serial = models.PositiveIntegerField("序号")
    issuer = models.CharField("认定单位", max_length=100)
    category_text = models.CharField("类别名称", max_length=60)
    during = DateRangeField("认定期间")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["county", "year", "serial"], name="certificate_serial_once"
            ),
            ExclusionConstraint(
                name="certificate_no_overlap",
                expressions=[
                    (
                        Func(
                            F("person_id"),
                            F("person_id"),
                            models.Value("[]"),
                            function="int8range",
                        ),
                        "&&",
                    ),
                    ("during", "&&"),
                ],
            ),
        ]


class Check(Scoped):
    """A yearly check (年检): what the rule proposes, and what somebody decided."""

    fence_subjects: ClassVar[Mapping[str, str]] = {"person": "case__person_id"}

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="checks")
    due_on = models.DateField("年检日期")
    opened_on = models.DateField("列入日期")
    proposal = models.CharField("规则判断", max_length=8)
    clauses = models.JSONField("逐条判断", default=list)
    pack_version = models.CharField("规则版本", max_length=64)
    kept = models.BooleanField("年检结果", null=True)
    decided_on = models.DateField("办理日期", null=True)
    decided_by = models.CharField("办理人", max_length=64, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["case", "due_on"], name="check_once_per_day_due"),
            models.CheckConstraint(
                condition=Q(kept__isnull=True, decided_on__isnull=True)
                | Q(kept__isnull=False, decided_on__isnull=False),
                name="check_decided_has_a_day",
            ),
        ]
