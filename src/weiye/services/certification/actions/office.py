"""What the actions share: the case locked, by whoever may see it."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from weiye.base.scope.actor import Actor, NotAllowed, system
from weiye.base.scope.fence import fence
from weiye.registers.people.models import Person

from ..models import Case


@contextmanager
def locked(actor: Actor, case_id: int) -> Iterator[Case]:
    """The case, locked, in a transaction. ``Case.DoesNotExist`` outside the actor's area or rows.

    A resident's own login writes nothing: what they may do is done as the office of their unit,
    under their own name.
    """
    with transaction.atomic():
        path = (Case.objects.visible_to(actor).order_by().values_list("unit_path", flat=True)).get(
            pk=case_id
        )
        with fence(system(path)) if actor.subject is not None else transaction.atomic():
            found = Case.objects.select_for_update(of=("self",)).select_related("person__unit")
            yield found.defer("person__id_number", "person__phone", "person__address").get(
                pk=case_id
            )


@contextmanager
def person_locked(actor: Actor, person_id: int) -> Iterator[Person]:
    """The person, locked; ``Person.DoesNotExist`` outside the actor's area or rows."""
    if actor.subject is not None and actor.subject != ("person", person_id):
        raise NotAllowed("a resident applies for themself alone")
    with transaction.atomic():
        rows = Person.objects.visible_to(actor).filter(anonymised_on__isnull=True)
        path = rows.order_by().values_list("unit_path", flat=True).get(pk=person_id)
        with fence(system(path)) if actor.subject is not None else transaction.atomic():
            found = Person.objects.select_for_update(of=("self",)).select_related("unit")
            yield found.get(pk=person_id)
