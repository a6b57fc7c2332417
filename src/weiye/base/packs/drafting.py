"""The files of a pack, read entry by entry into one draft; then checked as a whole."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from weiye.base.privacy.pack import Purpose, Reader, Retention
from weiye.engine.rules import (
    CONFIRMED,
    SUBJECTS,
    TO_CONFIRM,
    Clause,
    Compiler,
    Kind,
    Node,
    Parameter,
    Period,
    Rule,
    Rulebook,
    RuleError,
    Term,
    parse,
)
from weiye.engine.workdays import Calendar

from .calendar import read_calendar
from .certification import Certification, read_certification
from .figures import scalar, schedule
from .model import Pack, Policy, Quota, Scope, Source
from .reading import Entry, PackError, Table
from .senders import Sender, read_senders
from .surveys import Surveys, read_surveys
from .visits import VisitInterval, read_visits

MATCHING_KEYS = (
    "occupation_exact occupation_small occupation_middle occupation_major skill_each skill_max "
    "near_zero near_per_minute remote fresh_max fresh_per_day wage_over_each_percent wage_over_max"
)
FAMILIES = ("两低两高", "援助台账", "认定", "重点群体")
CONTACT_KINDS = ("policy", "guidance", "vacancy", "training")

_DATES = "valid_from valid_to"
_STATE = "status enabled"
_KINDS = {"number": Kind.INT, "yuan": Kind.MONEY, "date": Kind.DATE, "text": Kind.TEXT}


@dataclass
class Draft:
    """A pack being read; later files replace what earlier ones said under the same id."""

    name: str = ""
    region: str = ""
    sources: dict[str, Source] = field(default_factory=dict)
    book: Rulebook = field(default_factory=Rulebook)
    policies: dict[str, Policy] = field(default_factory=dict)
    quotas: dict[str, Quota] = field(default_factory=dict)
    scopes: dict[str, Scope] = field(default_factory=dict)
    senders: dict[str, Sender] = field(default_factory=dict)
    visits: dict[str, VisitInterval] = field(default_factory=dict)
    matching: dict[str, int] = field(default_factory=dict)
    purposes: dict[str, Purpose] = field(default_factory=dict)
    retention: dict[str, Retention] = field(default_factory=dict)
    calendar: Calendar = field(default_factory=Calendar)
    certification: Certification | None = None
    surveys: Surveys | None = None
    expressions: dict[int, Entry] = field(default_factory=dict)  # id(node) → where it stands
    used: set[str] = field(default_factory=set)  # terms
    later: list[Callable[[], None]] = field(default_factory=list)

    def readers(self) -> dict[str, Callable[[Entry], None]]:
        return {
            "parameters.yaml": self.parameters,
            "terms.yaml": self.terms,
            "groups.yaml": self.groups,
            "scopes.yaml": self.read_scopes,
            "quotas.yaml": self.read_quotas,
            "visits.yaml": self.read_visits,
            "senders.yaml": self.read_senders,
            "matching.yaml": self.read_matching,
            "privacy.yaml": self.read_privacy,
            "surveys.yaml": self.read_surveys,
            "calendar.yaml": self.read_calendar,
            "certification.yaml": self.read_certification,
        }

    def head(self, head: Table) -> None:
        self.name = head["name"].text()
        self.region = head["region"].text()
        for key, entry in head["sources"].table(free=True):
            table = entry.table("cite title confirmed")
            self.sources[key] = Source(
                key, table["cite"].text(), table["title"].text(), table["confirmed"].truth()
            )

    # Shared pieces ---------------------------------------------------------------------------

    def source(self, entry: Entry) -> str:
        """``KEY clause`` → the citation; the key must be one of the pack's sources."""
        key, _, clause = entry.text().partition(" ")
        source = self.sources.get(key)
        if source is None:
            raise entry.error(f"there is no source {key!r} in pack.yaml")
        return f"{source.cite} {clause}".strip()

    def expression(self, entry: Entry, clause: str) -> Node:
        try:
            node = parse(entry.text())
        except RuleError as error:
            raise self.mistake(entry, error, clause) from None
        self.expressions[id(node)] = entry
        return node

    @staticmethod
    def mistake(entry: Entry, error: RuleError, clause: str = "") -> PackError:
        where = entry.where if error.column is None else entry.column(error.column)
        spot = "" if error.column is None else f" (character {error.column})"
        said = f"clause {clause}: " if clause else ""
        return PackError(f"{said}{error.message}{spot}", where=where)

    @staticmethod
    def dates(table: Table) -> tuple[date | None, date | None]:
        first = table["valid_from"].day() if "valid_from" in table else None
        last = table["valid_to"].day() if "valid_to" in table else None
        if first is not None and last is not None and last < first:
            raise table["valid_to"].error("valid_to lies before valid_from")
        return first, last

    @staticmethod
    def state(table: Table) -> tuple[str, bool]:
        status = table["status"].one_of(CONFIRMED, TO_CONFIRM) if "status" in table else CONFIRMED
        enabled = table["enabled"].truth() if "enabled" in table else True
        return status, enabled

    def unique(self, entries: Iterable[tuple[Entry, str]]) -> None:
        seen: set[str] = set()
        for entry, name in entries:
            if name in seen:
                raise entry.error(f"the id {name!r} occurs twice")
            seen.add(name)

    # Parameters and terms --------------------------------------------------------------------

    def parameters(self, root: Entry) -> None:
        self.figures(root.table("parameters")["parameters"])

    def figures(self, entries: Entry) -> None:
        for name, entry in entries.table(free=True):
            table = entry.table("text kind values", "by_sex")
            kind = table["kind"].one_of(*_KINDS, "retirement-schedule")
            by_sex = "by_sex" in table and table["by_sex"].truth()
            periods = tuple(
                self.period(item, kind, by_sex=by_sex) for item in table["values"].items()
            )
            for number, period in enumerate(periods):
                if period.enabled and any(
                    p.enabled and p.overlaps(period) for p in periods[:number]
                ):
                    raise PackError(
                        f"parameter {name}: two values at the same time", where=period.where
                    )
            self.book.parameters[name] = Parameter(
                name, table["text"].text(), _KINDS.get(kind), by_sex, periods, entry.where
            )

    def period(self, entry: Entry, kind: str, *, by_sex: bool) -> Period:
        table = entry.table("valid_from value source", f"valid_to region {_STATE}")
        first, last = self.dates(table)
        assert first is not None
        region = table["region"].text() if "region" in table else self.region
        if not region.startswith(self.region):
            raise table["region"].error(f"{region} does not lie in {self.region}")
        status, enabled = self.state(table)
        value = table["value"]
        read: Any
        if kind == "retirement-schedule":
            read = schedule(value)
        elif by_sex:
            sexes = value.table("男 女")
            read = {sex: scalar(one, kind) for sex, one in sexes}
        else:
            read = scalar(value, kind)
        return Period(
            first, last, region, read, self.source(table["source"]), status, enabled, entry.where
        )

    def terms(self, root: Entry) -> None:
        for name, entry in root.table("terms")["terms"].table(free=True):
            table = entry.table("text source when")
            if any(name in schema.by_name for schema in SUBJECTS.values()):
                raise entry.error(f"{name} is the name of a fact")
            self.book.terms[name] = Term(
                name,
                table["text"].text(),
                self.source(table["source"]),
                self.expression(table["when"], name),
                entry.where,
            )

    # Rules -----------------------------------------------------------------------------------

    def rule(
        self,
        entry: Entry,
        table: Table,
        kind: Literal["group", "policy", "scope"],
        *,
        subject: str,
        name: str,
    ) -> Rule:
        first, last = self.dates(table)
        assert first is not None
        status, enabled = self.state(table)
        clauses = tuple(self.clause(item) for item in table["clauses"].items())
        self.unique(
            (item, clause.id)
            for item, clause in zip(table["clauses"].items(), clauses, strict=True)
        )
        if not any(clause.enabled for clause in clauses):
            raise table["clauses"].error("a rule needs at least one clause that is asked")
        since, amount = table.get("since"), table.get("amount")
        rule = Rule(
            id=table["id"].text(),
            kind=kind,
            subject=subject,
            name=name,
            source=self.source(table["source"]),
            clauses=clauses,
            book=self.book,
            valid_from=first,
            valid_to=last,
            since=None if since is None else self.expression(since, "since"),
            amount=None if amount is None else self.expression(amount, "amount"),
            enabled=enabled,
            status=status,
            where=entry.where,
            family=table["family"].one_of(*FAMILIES) if "family" in table else "",
        )
        self.later.append(lambda: self.check(rule))
        return rule

    def clause(self, entry: Entry, *, part: bool = False) -> Clause:
        either = "" if part else " any_of"
        table = entry.table("id text source", f"when{either} {_DATES} {_STATE}")
        if ("when" in table) == ("any_of" in table):
            raise entry.error("a clause has either 'when' or 'any_of'")
        parts: tuple[Clause, ...] = ()
        if "any_of" in table:
            items = table["any_of"].items()
            parts = tuple(self.clause(item, part=True) for item in items)
            self.unique(zip(items, (one.id for one in parts), strict=True))
            if not any(one.enabled for one in parts):
                raise table["any_of"].error("any_of needs at least one part that is asked")
        first, last = self.dates(table)
        status, enabled = self.state(table)
        name = table["id"].text()
        return Clause(
            name,
            table["text"].text(),
            self.source(table["source"]),
            self.expression(table["when"], name) if "when" in table else None,
            parts,
            first,
            last,
            enabled,
            status,
            entry.where,
        )

    def groups(self, root: Entry) -> None:
        items = root.table("groups")["groups"].items()
        optional = f"since valid_to {_STATE}"
        for item in items:
            table = item.table("id family source valid_from clauses", optional)
            rule = self.rule(item, table, "group", subject="person", name=table["id"].text())
            self.book.groups[rule.id] = rule
        self.unique((item, item.table(free=True)["id"].text()) for item in items)

    def benefit(self, root: Entry) -> None:
        table = root.table(
            "id subject name summary quote amount_text documents decided_by source valid_from "
            "clauses",
            f"amount deadline funds since valid_to {_STATE}",
        )
        subject = table["subject"].one_of("person", "firm")
        rule = self.rule(root, table, "policy", subject=subject, name=table["name"].text())
        self.policies[rule.id] = Policy(
            rule,
            table["summary"].text(),
            table["quote"].text(),
            table["amount_text"].text(),
            tuple(item.text() for item in table["documents"].items()),
            table["decided_by"].text(),
            table["deadline"].text() if "deadline" in table else "",
            table["funds"].text() if "funds" in table else "",
        )

    def read_scopes(self, root: Entry) -> None:
        for item in root.table("scopes")["scopes"].items():
            table = item.table("id name source valid_from clauses", f"urgent valid_to {_STATE}")
            rule = self.rule(item, table, "scope", subject="person", name=table["name"].text())
            urgent = tuple(table["urgent"].items()) if "urgent" in table else ()
            names = tuple(entry.text() for entry in urgent)
            self.scopes[rule.id] = Scope(rule, names)

            def known(urgent: tuple[Entry, ...] = urgent) -> None:
                for entry in urgent:
                    if entry.text() not in self.book.groups:
                        raise entry.error(f"there is no group {entry.text()!r}")

            self.later.append(known)

    def read_quotas(self, root: Entry) -> None:
        for item in root.table("quotas")["quotas"].items():
            table = item.table(
                "id title occasions months once_a_day scope source valid_from", "valid_to"
            )
            first, last = self.dates(table)
            assert first is not None
            kinds = table["occasions"].table(" ".join(CONTACT_KINDS))
            scope = table["scope"]
            quota = Quota(
                table["id"].text(),
                table["title"].text(),
                {kind: count.whole(least=1) for kind, count in kinds},
                table["months"].whole(least=1),
                table["once_a_day"].truth(),
                scope.text(),
                self.source(table["source"]),
                first,
                last,
            )
            self.quotas[quota.id] = quota

            def known(scope: Entry = scope) -> None:
                if scope.text() not in self.scopes:
                    raise scope.error(f"there is no scope {scope.text()!r}")

            self.later.append(known)

    def read_visits(self, root: Entry) -> None:
        visits, known = read_visits(
            root,
            self.source,
            self.dates,
            self.state,
            groups=self.book.groups,
            scopes=self.scopes,
        )
        self.visits |= visits
        self.later.append(known)

    def read_senders(self, root: Entry) -> None:
        self.senders |= read_senders(root, self.source)

    def read_matching(self, root: Entry) -> None:
        table = root.table("source weights")
        self.source(table["source"])
        weights = table["weights"].table(MATCHING_KEYS)
        self.matching = {key: weight.whole() for key, weight in weights}

    def read_privacy(self, root: Entry) -> None:
        purposes, retention = Reader(self.source, self.dates).read(root)
        self.purposes |= purposes
        self.retention |= retention

    def read_calendar(self, root: Entry) -> None:
        self.calendar = read_calendar(root, self.source)

    def read_certification(self, root: Entry) -> None:
        self.certification, known = read_certification(
            root,
            source=self.source,
            state=self.state,
            parameters=self.figures,
            groups=self.book.groups,
        )
        self.later.append(known)

    def read_surveys(self, root: Entry) -> None:
        self.surveys = read_surveys(root, source=self.source)

    # Soundness -------------------------------------------------------------------------------

    def check(self, rule: Rule) -> None:
        """Every name and type of a rule, on the first day on which it holds."""
        compiler = Compiler(
            self.book,
            SUBJECTS[rule.subject],
            as_of=rule.valid_from,
            region=self.region.ljust(12, "0"),
        )
        for clause in rule.clauses:
            for part in clause.parts or (clause,):
                assert part.when is not None
                self.compiled(compiler.condition, part.when, part.id)
                compiler.needs(part)
        if rule.since is not None:
            self.compiled(compiler.day, rule.since, "since")
        if rule.amount is not None:
            self.compiled(compiler.amount, rule.amount, "amount")
        self.used |= compiler.expanded

    def compiled(self, compile_: Callable[[Node], object], node: Node, clause: str) -> None:
        try:
            compile_(node)
        except RuleError as error:
            term = self.book.terms.get(error.inside)
            entry = self.expressions[id(node if term is None else term.when)]
            raise self.mistake(entry, error, clause) from None

    def pack(self, name: str, version: str) -> Pack:
        for check in self.later:
            check()
        for term in self.book.terms.values():
            if term.id not in self.used:
                raise PackError(f"no rule uses the term {term.id}", where=term.where)
        return Pack(
            id=name,
            name=self.name,
            region=self.region,
            groups=tuple(self.book.groups.values()),
            policies=tuple(self.policies.values()),
            quotas=self.quotas,
            senders=self.senders,
            scopes=self.scopes,
            visits=self.visits,
            parameters=self.book.parameters,
            matching=self.matching,
            purposes=self.purposes,
            surveys=self.surveys,
            retention=self.retention,
            calendar=self.calendar,
            certification=self.certification,
            sources=self.sources,
            book=self.book,
            version=version,
        )
