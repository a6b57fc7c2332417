"""A past for the demonstration: files that were opened months ago, and what was done since.

Played through the same actions that a worker uses, so that today's page has somebody on track,
somebody behind and somebody new.
"""

import uuid
from datetime import date, timedelta
from typing import Final

import numpy as np

from weiye.base.accounts.models import Membership
from weiye.base.accounts.queries import actor_of
from weiye.base.audit.actions import record
from weiye.base.audit.models import AuditEntry
from weiye.base.regions.models import Unit
from weiye.base.regions.reading import path_end
from weiye.base.scope.actor import Actor
from weiye.base.scope.fence import fence
from weiye.services.assistance import actions as assistance
from weiye.services.assistance.models import AssistanceFile, ContactWay
from weiye.services.exchange.reflow.actions import hand_over

from . import certifications

PLAYED: Final = "demonstration.history"
_DAYS: Final = 150
_WEEK: Final = 7
# What a worker would write, by kind of contact.
_NOTES: Final = {
    "policy": "讲解了可以申请的补贴和要准备的材料。（演示）",
    "guidance": "聊了求职方向和顾虑，商定先从家附近的岗位试起。（演示）",
    "vacancy": "推荐了清单里的岗位，本人愿意去看看。（演示）",
    "training": "介绍了近期开班的培训，本人考虑中。（演示）",
}


def play(*, actor: Actor, unit_path: str, as_of: date, seed: int = 12333) -> int:
    """Open the files of a unit as of months ago, record contacts since, refresh the lists today.

    Returns how many contacts were recorded; called again it does nothing. One transaction.
    """
    actor.require("demonstration.load", unit_path)
    opened = as_of - timedelta(days=_DAYS)
    unit = Unit.objects.get(path=unit_path)
    with fence(actor):
        if AuditEntry.objects.visible_to(actor).filter(verb=PLAYED, unit_path=unit_path).exists():
            return 0
        assistance.run_pipeline(actor=actor, path=unit_path, as_of=opened)
        hand_over(actor=actor, unit=unit, as_of=as_of - timedelta(days=_WEEK))
        owed = list(
            AssistanceFile.objects.visible_to(actor)
            .filter(unit_path__gte=unit_path, unit_path__lt=path_end(unit_path))
            .filter(worker__isnull=False)
            .exclude(quota="")
            .order_by("pk")
        )
        workers = {
            membership.account_id: actor_of(membership)
            for membership in Membership.objects.active().filter(
                account_id__in={file.worker_id for file in owed}
            )
        }
        dice = np.random.default_rng([seed, int(unit_path.replace("/", ""))])
        recorded = 0
        for file in owed:
            # Some are served as planned, some are forgotten.
            pace = dice.choice([0, 1, 2], p=[0.25, 0.35, 0.4])
            for kind, note in _NOTES.items():
                for day in sorted(dice.choice(_DAYS, size=pace, replace=False)):
                    assistance.record_contact(
                        actor=workers[file.worker_id or 0],
                        file_id=file.pk,
                        kind=kind,
                        way=str(dice.choice(ContactWay.values)),
                        on=opened + timedelta(days=int(day)),
                        note=note,
                        token=uuid.UUID(bytes=dice.bytes(16), version=4),
                        today=as_of,
                    )
                    recorded += 1
        assistance.run_pipeline(actor=actor, path=unit_path, as_of=as_of)
        hand_over(actor=actor, unit=unit, as_of=as_of)
        certifications.play(actor=actor, unit_path=unit_path, as_of=as_of)
        record(
            actor=actor, verb=PLAYED, path=unit_path, detail={"contacts": recorded, "seed": seed}
        )
    return recorded
