"""Pairs of people, and rows of rosters, that wait for somebody to decide."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Greatest, Least

from weiye.base.privacy.fields import EncryptedTextField
from weiye.base.regions.models import Unit
from weiye.base.scope.models import Scoped
from weiye.registers.people.models import Person


class PairState(models.TextChoices):
    OPEN = "open", "待核对"
    LATER = "later", "先放着"
    SAME = "same", "同一个人"
    DIFFERENT = "different", "不是同一个人"


DECIDED = (PairState.SAME, PairState.DIFFERENT)


class Pair(Scoped):
    """Two people who may be one (疑似同一人). Once decided it is never asked again.

    It lies with the lowest unit that holds both, where somebody may look at either.
    """

    follows_person: ClassVar[bool] = False

    one = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    other = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    probability = models.FloatField("可能性")
    # In words, ID numbers masked (`engine.linkage`); names stand in it.
    evidence = EncryptedTextField("依据")
    state = models.CharField(
        "状态", max_length=10, choices=PairState.choices, default=PairState.OPEN
    )
    found_on = models.DateField("发现日期")
    decided_at = models.DateTimeField("核对时间", null=True)
    decided_by = models.CharField("核对人", max_length=64, blank=True, default="")
    reason = models.CharField("理由", max_length=300, blank=True, default="")

    class Meta:
        ordering = ["-probability", "id"]
        indexes = [models.Index(fields=["unit_path", "state"], name="pair_area_state")]
        constraints = [
            models.UniqueConstraint(
                Least("one", "other"), Greatest("one", "other"), name="pair_once"
            ),
            models.CheckConstraint(condition=~Q(one=F("other")), name="pair_of_two"),
            models.CheckConstraint(
                condition=Q(probability__gte=0, probability__lte=1), name="pair_probability"
            ),
            models.CheckConstraint(
                condition=Q(state__in=DECIDED, decided_at__isnull=False)
                | Q(state__in=(PairState.OPEN, PairState.LATER)),
                name="pair_decided_has_a_time",
            ),
        ]


class DoubtState(models.TextChoices):
    OPEN = "open", "待核对"
    LINKED = "linked", "已对上"
    NOBODY = "nobody", "不是台账里的人"


class RowDoubt(Scoped):
    """A row of a roster without a valid number of identity: who is meant is for a person to say.

    What was decided holds for the same words in every later roster of the unit (``words``).
    """

    follows_person: ClassVar[bool] = False

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    batch_id = models.BigIntegerField("导入批次", db_index=True)
    sheet = models.CharField("工作表", max_length=100, blank=True, default="")
    line = models.PositiveIntegerField("行")
    source = models.CharField("来源", max_length=100)
    # Sealed JSON: what the row says, keys of the engine's records.
    said = EncryptedTextField("名册上的内容")
    # Keyed digest of what the row says; the same words are the same question.
    words = models.CharField(max_length=64)
    state = models.CharField(
        "状态", max_length=8, choices=DoubtState.choices, default=DoubtState.OPEN
    )
    person = models.ForeignKey(Person, null=True, on_delete=models.CASCADE, related_name="+")
    decided_at = models.DateTimeField("核对时间", null=True)
    decided_by = models.CharField("核对人", max_length=64, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["unit_path", "state"], name="doubt_area_state")]
        constraints = [
            models.UniqueConstraint(fields=["unit", "words"], name="doubt_once_in_a_unit"),
            models.CheckConstraint(
                condition=Q(state="linked", person__isnull=False)
                | Q(state__in=("open", "nobody"), person__isnull=True),
                name="doubt_linked_to_somebody",
            ),
        ]
