"""What a pack holds once it is read and found sound."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from weiye.base.privacy.pack import Purpose, Retention
from weiye.engine.rules import Parameter, Rule, Rulebook
from weiye.engine.workdays import Calendar

from .certification import Certification
from .senders import Sender
from .surveys import Surveys
from .visits import VisitInterval


@dataclass(frozen=True, slots=True)
class Source:
    """A document that clauses cite. ``confirmed``: its text has been read."""

    id: str
    cite: str
    title: str
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Policy:
    """A benefit: its rule and what a resident or firm wants to know about it."""

    rule: Rule
    summary: str  # plain words for residents
    quote: str  # the source's own words
    amount_text: str
    documents: tuple[str, ...]
    decided_by: str
    deadline: str  # "" where it is not known
    funds: str

    @property
    def id(self) -> str:
        return self.rule.id


@dataclass(frozen=True, slots=True)
class Quota:
    """So many occasions of each kind within ``months`` of opening, and again each ``months``."""

    id: str
    title: str
    occasions: Mapping[str, int]  # policy, guidance, vacancy, training
    months: int
    once_a_day: bool
    scope: str
    source: str
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class Scope:
    """Whom something applies to. ``urgent``: groups in order of urgency, most urgent first."""

    rule: Rule
    urgent: tuple[str, ...]

    @property
    def id(self) -> str:
        return self.rule.id


@dataclass(frozen=True)
class Pack:
    """What one jurisdiction decides, its province's decisions included.

    ``groups`` and ``policies`` stand in the pack's order. ``region`` is the first digits of the
    area codes it covers. ``version`` is a digest of every file that went into it.
    """

    id: str
    name: str
    region: str
    groups: tuple[Rule, ...]
    policies: tuple[Policy, ...]
    quotas: Mapping[str, Quota]
    scopes: Mapping[str, Scope]
    senders: Mapping[str, Sender]
    visits: Mapping[str, VisitInterval]
    parameters: Mapping[str, Parameter]
    matching: Mapping[str, int]
    purposes: Mapping[str, Purpose]
    retention: Mapping[str, Retention]
    surveys: Surveys | None
    calendar: Calendar
    certification: Certification | None
    sources: Mapping[str, Source]
    book: Rulebook
    version: str

    def policy(self, policy_id: str) -> Policy | None:
        return next((policy for policy in self.policies if policy.id == policy_id), None)

    def policy_rules(self, subject: str) -> tuple[Rule, ...]:
        """The policies for ``person`` or ``firm``, as rules to evaluate."""
        return tuple(p.rule for p in self.policies if p.rule.subject == subject)

    def scope_rules(self) -> tuple[Rule, ...]:
        return tuple(scope.rule for scope in self.scopes.values())
