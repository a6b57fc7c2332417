"""Employment assistance (就业援助): groups, files, the four lists, contacts."""

from collections.abc import Mapping
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from weiye.base.accounts.models import Account
from weiye.base.scope.models import Scoped
from weiye.registers.people.models import Person


class GroupMembership(Scoped):
    """A person belongs to a group from a day on, by which rule, and why.

    One row is one stay; leaving closes it, coming back opens another (history is kept).
    """

    fence_subjects: ClassVar[Mapping[str, str]] = {"person": "person_id"}

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="groups")
    group = models.CharField("群体", max_length=40)
    # The day from which the facts put the person in the group, if the rule can tell.
    since = models.DateField("符合条件起", null=True)
    reason = models.TextField("理由")
    source = models.TextField("依据")
    to_confirm = models.BooleanField("待确认口径", default=False)
    found_on = models.DateField("发现日期")
    left_on = models.DateField("退出日期", null=True)
    left_reason = models.TextField("退出理由", blank=True)
    pack_version = models.CharField("规则版本", max_length=64)
    # Which clause turned, and which fact turned it, in words: "目前失业（就业状态：就业→失业）".
    joined_change = models.TextField("进入的原因", blank=True, default="", db_default="")
    left_change = models.TextField("退出的原因", blank=True, default="", db_default="")

    class Meta:
        ordering = ["person_id", "group", "found_on"]
        indexes = [
            models.Index(fields=["unit_path", "group"], name="membership_area_group"),
            models.Index(fields=["unit_path", "found_on"], name="membership_area_joined"),
            models.Index(
                fields=["unit_path", "left_on"],
                name="membership_area_left",
                condition=Q(left_on__isnull=False),
            ),
            # Who of an area is in a group now, without the table.
            models.Index(
                fields=["group", "unit_path"],
                include=["person"],
                condition=Q(left_on__isnull=True),
                name="membership_open",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "group"],
                condition=Q(left_on__isnull=True),
                name="group_one_open_stay",
            )
        ]


class Standing(Scoped):
    """What the rules knew of a person when they last looked: tells what has changed since.

    ``facts``: lines ``name=value`` of the facts that were known (`standing`).
    """

    fence_subjects: ClassVar[Mapping[str, str]] = {"person": "person_id"}

    person = models.OneToOneField(
        Person, on_delete=models.CASCADE, related_name="standing", primary_key=True
    )
    facts = models.TextField("已知情况")
    as_of = models.DateField("数据日期")


class FactChange(Scoped):
    """A fact that was another when the rules last looked; kept for the next visit.

    ``before`` and ``after`` are values as in `Standing`: NULL unknown, empty known to be none.
    """

    fence_subjects: ClassVar[Mapping[str, str]] = {"person": "person_id"}

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="fact_changes")
    fact = models.CharField("项目", max_length=40)
    before = models.TextField("原来", null=True)
    after = models.TextField("现在", null=True)
    seen_on = models.DateField("发现日期")
    seen_at = models.DateTimeField(auto_now_add=True, db_default=Now())

    class Meta:
        ordering = ["person_id", "seen_at", "id"]
        indexes = [models.Index(fields=["person", "seen_on"], name="factchange_person_day")]


class FileState(models.TextChoices):
    OPEN = "open", "在册"
    CLOSED = "closed", "已结案"


class AssistanceFile(Scoped):
    """One-to-one assistance file (就业援助档案): opened by rule, closed with a reason (AID-1)."""

    fence_subjects: ClassVar[Mapping[str, str]] = {"person": "person_id"}

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="files")
    state = models.CharField(
        "状态", max_length=8, choices=FileState.choices, default=FileState.OPEN
    )
    opened_on = models.DateField("建档日期")
    opened_because = models.TextField("建档理由")
    source = models.TextField("依据")
    worker = models.ForeignKey(
        Account, null=True, on_delete=models.SET_NULL, related_name="+", verbose_name="责任人"
    )
    # Kept by the database (migration 0002): the account may be one that the fence hides.
    worker_name = models.CharField(
        "责任人姓名", max_length=64, blank=True, default="", db_default="", editable=False
    )
    urgent = models.BooleanField("急难", default=False)
    # "12333" is owed to 登记失业人员 and 就业困难人员 only (A16).
    quota = models.CharField("服务标准", max_length=20, blank=True)
    closed_on = models.DateField("结案日期", null=True)
    closed_because = models.TextField("结案理由", blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["unit_path", "state"], name="file_area_state")]
        constraints = [
            models.UniqueConstraint(
                fields=["person"], condition=Q(state="open"), name="file_one_open_per_person"
            ),
            models.CheckConstraint(
                condition=Q(state="open", closed_on__isnull=True)
                | Q(state="closed", closed_on__isnull=False) & ~Q(closed_because=""),
                name="file_closed_with_a_reason",
            ),
        ]


class ListKind(models.TextChoices):
    """The four lists (四张清单)."""

    NEED = "need", "需求清单"
    JOB = "job", "岗位清单"
    POLICY = "policy", "政策清单"
    TRAINING = "training", "培训清单"


class ListEntry(Scoped):
    """One entry of one of the four lists, and why it is there (AID-2).

    ``subject`` identifies what the entry is about within its kind (a vacancy's id, a policy's id, a
    programme's code, a need's key); an open entry of the same subject is the same entry.
    """

    fence_subjects: ClassVar[Mapping[str, str]] = {"person": "file__person_id"}

    file = models.ForeignKey(AssistanceFile, on_delete=models.CASCADE, related_name="entries")
    kind = models.CharField("清单", max_length=8, choices=ListKind.choices)
    subject = models.CharField(max_length=64)
    rank = models.PositiveSmallIntegerField("次序")
    title = models.CharField("名称", max_length=200)
    # What a worker says at the door, e.g. pay, place, amount, hours.
    summary = models.CharField("要点", max_length=300, blank=True)
    reasons = ArrayField(models.CharField(max_length=300), verbose_name="理由")
    source = models.TextField("依据", blank=True)
    # met / unknown for policies; empty elsewhere.
    verdict = models.CharField(max_length=8, blank=True)
    detail = models.JSONField("明细", default=dict)
    added_on = models.DateField("列入日期")
    ended_on = models.DateField("移出日期", null=True)
    hidden_because = models.CharField("不再推荐的原因", max_length=200, blank=True)
    comment = models.CharField("备注", max_length=300, blank=True)

    class Meta:
        ordering = ["file_id", "kind", "rank", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=ListKind.values), name="entry_kind_known"),
            models.UniqueConstraint(
                fields=["file", "kind", "subject"],
                condition=Q(ended_on__isnull=True),
                name="entry_once_while_open",
            ),
        ]


class ContactKind(models.TextChoices):
    """What "12333" counts (A16)."""

    POLICY = "policy", "政策对接"
    GUIDANCE = "guidance", "职业指导"
    VACANCY = "vacancy", "岗位推荐"
    TRAINING = "training", "培训信息"


class ContactWay(models.TextChoices):
    VISIT = "visit", "上门"
    PHONE = "phone", "电话"
    STATION = "station", "来站"
    MESSAGE = "message", "短信微信"


class Contact(Scoped):
    """One contact with a person: when, who, what about, and what shows it (AID-3)."""

    fence_subjects: ClassVar[Mapping[str, str]] = {"person": "file__person_id"}

    file = models.ForeignKey(AssistanceFile, on_delete=models.CASCADE, related_name="contacts")
    kind = models.CharField("内容", max_length=8, choices=ContactKind.choices)
    way = models.CharField("方式", max_length=8, choices=ContactWay.choices)
    on = models.DateField("日期")
    worker = models.ForeignKey(Account, null=True, on_delete=models.SET_NULL, related_name="+")
    worker_name = models.CharField("经办人", max_length=64)
    note = models.CharField("记录", max_length=500)
    entries = ArrayField(models.BigIntegerField(), default=list)
    # Sent with the form: a double tap or a retry records the contact once.
    token = models.UUIDField(unique=True)
    recorded_at = models.DateTimeField(auto_now_add=True)
    withdrawn_because = models.CharField("作废原因", max_length=200, blank=True)

    class Meta:
        ordering = ["-on", "-id"]
        indexes = [models.Index(fields=["file", "kind", "on"], name="contact_file_kind_on")]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=ContactKind.values), name="contact_kind_known"
            )
        ]


# Last: a room of its own that refers to the tables above.
from .visits.models import Visit as Visit  # noqa: E402
from .visits.models import VisitDue as VisitDue  # noqa: E402
