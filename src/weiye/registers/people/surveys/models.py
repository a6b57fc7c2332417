"""A doorstep visit (敲门入户调查), what was answered, and what an answer left to decide."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from weiye.base.privacy.fields import EncryptedTextField
from weiye.base.privacy.masking import mask_address
from weiye.base.regions.models import Unit
from weiye.base.scope.models import Scoped


class Outcome(models.TextChoices):
    SURVEYED = "surveyed", "已入户"
    NOBODY = "nobody", "家中无人"
    REFUSED = "refused", "不愿配合"
    GONE = "gone", "已搬走或空置"


class Answerer(models.TextChoices):
    SELF = "self", "本人"
    FAMILY = "family", "家里人"
    OTHER = "other", "邻居或其他人"


class SurveyVisit(Scoped):
    """One visit to one door, kept whether or not anybody answered.

    ``client`` is made up by the device on which the form was filled: the same form sent again is
    the same visit. ``at`` is when the form was filled, ``received_at`` when it arrived.
    """

    # What was done at a door stays with the community that did it.
    follows_person: ClassVar[bool] = False

    client = models.UUIDField(unique=True)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    household = models.ForeignKey(
        "people.Household", null=True, on_delete=models.SET_NULL, related_name="visits"
    )
    address = EncryptedTextField("住址", mask=mask_address)
    outcome = models.CharField("结果", max_length=8, choices=Outcome.choices)
    answered_by = models.CharField("回答人", max_length=6, blank=True, choices=Answerer.choices)
    at = models.DateTimeField("入户时间")
    on = models.DateField("入户日期")
    received_at = models.DateTimeField("收到时间", auto_now_add=True)
    # The pack's edition of the questions.
    questionnaire = models.CharField("问卷版本", max_length=64, blank=True)
    note = EncryptedTextField("备注")
    by = models.BigIntegerField("入户账号", null=True)
    by_name = models.CharField("入户人员", max_length=64, blank=True)
    # Of the form as it was sent: one that comes again with other content is refused.
    digest = models.CharField(max_length=64)

    class Meta:
        indexes = [
            models.Index(fields=["household", "-on"], name="survey_household_day"),
            models.Index(fields=["unit_path", "-on"], name="survey_area_day"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome__in=Outcome.values), name="survey_outcome_known"
            ),
        ]


class Part(models.TextChoices):
    """What became of one person of the household."""

    MEMBER = "member", "在住"
    NEW = "new", "新来的"
    LEFT = "left", "已搬走"
    DEAD = "dead", "已去世"


class Todo(models.TextChoices):
    """What a worker still has to do about an answer."""

    NOTHING = "", "无"
    LEFT = "left", "已搬走，待办理迁出"
    DEAD = "dead", "已去世，待核实"
    ELSEWHERE = "elsewhere", "在其他社区登记，待办理迁入"
    UNPLACED = "unplaced", "没有对上人，待核对"


class SurveyAnswer(Scoped):
    """What one visit said of one person: which facts were taken, which are left to decide.

    The values themselves stand in the ledger, with the visit as their source. Kept here is only
    what was not taken: single facts as `SurveyConflict`, and everything (``content``, JSON) of
    somebody who is not in this ledger.
    """

    visit = models.ForeignKey(SurveyVisit, on_delete=models.CASCADE, related_name="answers")
    person = models.ForeignKey(
        "people.Person", null=True, on_delete=models.CASCADE, related_name="survey_answers"
    )
    part = models.CharField("情况", max_length=6, choices=Part.choices)
    name = models.CharField("姓名", max_length=100, blank=True)
    content = EncryptedTextField("回答")
    todo = models.CharField("待办", max_length=9, blank=True, choices=Todo.choices)
    taken = models.JSONField("已采用", default=list)
    kept = models.JSONField("待核对", default=list)

    class Meta:
        indexes = [
            models.Index(fields=["unit_path"], name="survey_answer_todo", condition=~Q(todo="")),
        ]
        constraints = [
            models.UniqueConstraint(fields=["visit", "person"], name="survey_answer_once")
        ]


class Decision(models.TextChoices):
    OPEN = "", "待核对"
    KEEP = "keep", "保留台账"
    REPLACE = "replace", "采用入户"


class SurveyConflict(Scoped):
    """One answer that the ledger knows otherwise since the form was filled: a person decides."""

    answer = models.ForeignKey(SurveyAnswer, on_delete=models.CASCADE, related_name="conflicts")
    person = models.ForeignKey(
        "people.Person", on_delete=models.CASCADE, related_name="survey_conflicts"
    )
    fact = models.CharField("项目", max_length=40)
    # JSON: what the ledger held, with its source, and what was answered.
    held = EncryptedTextField("台账")
    held_on = models.DateField("台账日期")
    held_source = models.CharField("台账来源", max_length=100, blank=True)
    answered = EncryptedTextField("入户回答")
    answered_on = models.DateField("回答日期")
    decision = models.CharField("决定", max_length=7, blank=True, choices=Decision.choices)
    decided_by = models.BigIntegerField("办理账号", null=True)
    decided_by_name = models.CharField("办理人", max_length=64, blank=True)
    decided_at = models.DateTimeField("办理时间", null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["unit_path"], name="survey_conflict_open", condition=Q(decision="")
            )
        ]
        constraints = [
            models.UniqueConstraint(fields=["answer", "fact"], name="survey_conflict_once"),
            models.CheckConstraint(
                condition=Q(decision="", decided_at__isnull=True)
                | Q(decision__in=("keep", "replace"), decided_at__isnull=False),
                name="survey_decided_when",
            ),
        ]
