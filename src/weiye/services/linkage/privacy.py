"""What linkage keeps of people and rows, and what goes with them."""

from collections.abc import Sequence
from datetime import date

from django.db.models import Q

from weiye.base.privacy.retention import along_with
from weiye.base.scope.actor import Actor, system
from weiye.base.scope.fence import fence

from .models import DoubtState, Pair, RowDoubt


def _forget(actor: Actor, things: Sequence[str], as_of: date) -> None:
    """Pairs and rows name the people, and lie where others look at them too."""
    people = [int(thing) for thing in things]
    with fence(system(name="到期去除身份信息")):
        Pair.objects.filter(Q(one__in=people) | Q(other__in=people)).delete()
        RowDoubt.objects.filter(person__in=people).delete()


def _with_their_file(actor: Actor, things: Sequence[str], as_of: date) -> None:
    """Rows of an import that has ended: nobody decides them any more; of those that were decided
    only the digest stays, by which they are known again."""
    rows = RowDoubt.objects.filter(batch_id__in=[int(thing) for thing in things])
    rows.filter(state=DoubtState.OPEN).delete()
    rows.update(said=None)


along_with("people", _forget)
along_with("imports", _with_their_file)
