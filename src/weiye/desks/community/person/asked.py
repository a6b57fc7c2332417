from dataclasses import dataclass
from datetime import date
from functools import cached_property

from django.http import QueryDict

from weiye.base.scope.actor import Actor
from weiye.registers.people.transfers import queries as transfers
from weiye.registers.people.transfers.models import TransferRequest
from weiye.services.assistance.models import AssistanceFile, FileState
from weiye.services.assistance.queries import PersonPage
from weiye.services.assistance.visits import queries as visits
from weiye.services.assistance.visits.models import VisitDue
from weiye.services.certification import queries as certification
from weiye.services.certification.queries import OfPerson

from ..forms import ContactForm


@dataclass(frozen=True)
class Asked:
    """What a section may ask: who looks, at whom, on which day, and with what in the address."""

    actor: Actor
    found: PersonPage
    day: date
    params: QueryDict
    form: ContactForm | None = None
    """The contact form as it was sent, when it came back with errors."""

    @property
    def open_file(self) -> AssistanceFile | None:
        file = self.found.file
        return file if file is not None and file.state == FileState.OPEN else None

    @cached_property
    def transfer(self) -> TransferRequest | None:
        return transfers.open_for(self.actor, self.found.person.pk)

    @cached_property
    def visit_due(self) -> VisitDue | None:
        return visits.due_of(self.actor, self.found.person.pk)

    @cached_property
    def certification(self) -> OfPerson:
        return certification.of_person(self.actor, self.found.person.pk)

    def can(self, right: str) -> bool:
        return self.actor.can(right)
