"""Requests to move a person from one unit to another (迁移申请)."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from weiye.base.privacy.fields import EncryptedTextField
from weiye.base.regions.models import Unit
from weiye.base.scope.models import Scoped


class Side(models.TextChoices):
    OUT = "out", "迁出"
    IN = "in", "迁入"


class Kind(models.TextChoices):
    """Who began: the unit that the person came to, or the one that the person left."""

    ASK = "ask", "迁入申请"
    SEND = "send", "迁出登记"


class TransferState(models.TextChoices):
    ASKED = "asked", "待确认"
    ESCALATED = "escalated", "上级协调中"
    ACCEPTED = "accepted", "已迁移"
    REFUSED = "refused", "未同意"
    WITHDRAWN = "withdrawn", "已撤回"
    EXPIRED = "expired", "已失效"


OPEN = (TransferState.ASKED, TransferState.ESCALATED)


class TransferRequest(Scoped):
    """One side's copy of a request; the two share ``request``.

    Two rows, one per unit, so that the ordinary range policy shows each side its own and the units
    above both of them: no policy of its own, no row of two units. It also keeps what one side may
    not know off its row: until the move the side that asks for a person by ID number has neither
    ``person`` nor ``other_unit``.
    """

    # Stays with its unit when the person moves (see `moving`).
    follows_person: ClassVar[bool] = False

    request = models.UUIDField()
    side = models.CharField("方向", max_length=3, choices=Side.choices)
    kind = models.CharField("类别", max_length=4, choices=Kind.choices)
    state = models.CharField(
        "状态", max_length=10, choices=TransferState.choices, default=TransferState.ASKED
    )
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    # Empty where this side may not know.
    other_unit = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(
        "people.Person", null=True, on_delete=models.SET_NULL, related_name="transfers"
    )
    # As the side that began wrote them.
    name = models.CharField("姓名", max_length=100)
    masked_id = models.CharField("身份证号", max_length=30, blank=True)
    id_index = models.CharField(max_length=64, null=True)
    household = models.BooleanField("全户迁移", default=False)
    reason = models.CharField("原因", max_length=300)
    evidence = models.CharField("依据材料", max_length=300, blank=True)
    address = EncryptedTextField("新住址")

    asked_by = models.BigIntegerField("申请账号", null=True)
    asked_by_name = models.CharField("申请人", max_length=64, blank=True)
    asked_at = models.DateTimeField("申请时间")
    escalates_at = models.DateTimeField("转上级时间")
    expires_at = models.DateTimeField("失效时间")
    # The unit that may decide besides, once it took too long; told to those who know both sides.
    escalated_to = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT, related_name="+")
    decided_by = models.BigIntegerField("办理账号", null=True)
    decided_by_name = models.CharField("办理人", max_length=64, blank=True)
    decided_at = models.DateTimeField("办理时间", null=True)
    decision = models.CharField("办理意见", max_length=300, blank=True)
    people = models.PositiveSmallIntegerField("迁移人数", default=0)

    class Meta:
        ordering = ["-asked_at", "-id"]
        indexes = [models.Index(fields=["unit_path", "state"], name="transfer_area_state")]
        constraints = [
            models.UniqueConstraint(fields=["request", "side"], name="transfer_once_per_side"),
            # Asking twice is one request.
            models.UniqueConstraint(
                fields=["unit", "id_index"],
                condition=Q(side="in", kind="ask", state__in=["asked", "escalated"]),
                name="transfer_asked_once",
            ),
            models.UniqueConstraint(
                fields=["person", "other_unit"],
                condition=Q(side="out", state__in=["asked", "escalated"]),
                name="transfer_open_once",
            ),
            models.CheckConstraint(
                condition=Q(side__in=Side.values)
                & Q(kind__in=Kind.values)
                & Q(state__in=TransferState.values),
                name="transfer_words_known",
            ),
            models.CheckConstraint(
                condition=Q(escalates_at__gte=F("asked_at")) & Q(expires_at__gte=F("escalates_at")),
                name="transfer_times_in_order",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["asked", "escalated"], decided_at__isnull=True)
                | ~Q(state__in=["asked", "escalated"]) & Q(decided_at__isnull=False),
                name="transfer_decided_has_a_time",
            ),
            # What the fence hides from whoever asks by ID number.
            models.CheckConstraint(
                condition=~Q(kind="ask", side="in")
                | Q(state="accepted")
                | Q(person__isnull=True, other_unit__isnull=True, escalated_to__isnull=True),
                name="transfer_ask_tells_nothing",
            ),
        ]

    def __str__(self) -> str:
        return f"transfer {self.pk}"

    @property
    def began(self) -> bool:
        """Whether this is the row of the side that began."""
        return (self.kind == Kind.ASK) == (self.side == Side.IN)

    @property
    def open(self) -> bool:
        return self.state in OPEN
