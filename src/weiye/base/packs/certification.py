"""certification.yaml → how a jurisdiction certifies 就业困难人员."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from weiye.engine.rules import CONFIRMED, SUBJECTS, Rule

from .reading import Entry, Table

State = Callable[[Table], tuple[str, bool]]

# Facts that are no columns of the rules' own.
_MORE = ("id_number", "household")


@dataclass(frozen=True, slots=True)
class Document:
    """What shows something. Known ``facts`` stand for it; ``enabled``: it is asked for."""

    id: str
    text: str
    facts: tuple[str, ...]
    source: str
    status: str
    enabled: bool

    @property
    def confirmed(self) -> bool:
        return self.status == CONFIRMED


@dataclass(frozen=True, slots=True)
class Category:
    """One of the cases that the rule's clause lists."""

    id: str
    text: str
    documents: tuple[Document, ...]


@dataclass(frozen=True, slots=True)
class Exit:
    id: str
    text: str
    source: str
    status: str

    @property
    def confirmed(self) -> bool:
        return self.status == CONFIRMED


@dataclass(frozen=True, slots=True)
class Numbering:
    """Digits of the county's code and of the running number; ``check``: a check digit follows."""

    county: int
    serial: int
    check: bool

    def number(self, county_code: str, year: int, serial: int) -> str:
        """The certificate number; ``OverflowError`` when the running number has no room.

        >>> Numbering(6, 6, True).number("371002000000", 2026, 1)
        '37100220260000015'
        """
        if not 0 < serial < 10**self.serial:
            raise OverflowError(serial)
        digits = f"{county_code[: self.county]}{year:04}{serial:0{self.serial}}"
        return digits + check_digit(digits) if self.check else digits


def check_digit(digits: str) -> str:
    """The check digit of GB/T 17710-2008 MOD 11,10 (ISO/IEC 7064).

    Functional areas have codes with letters: each counts as the last digit of its place in 0–9a–z.

    >>> check_digit("0794")
    '5'
    """
    product = 10
    for digit in digits:
        product = ((product + int(digit, 36)) % 10 or 10) * 2 % 11
    return str((11 - product) % 10)


@dataclass(frozen=True)
class Certification:
    """``rule``, ``clause``: whose parts are the categories."""

    source: str
    rule: str
    clause: str
    categories: Mapping[str, Category]
    exits: Mapping[str, Exit]
    numbering: Numbering


def read_certification(
    root: Entry,
    *,
    source: Callable[[Entry], str],
    state: State,
    parameters: Callable[[Entry], None],
    groups: Mapping[str, Rule],
) -> tuple[Certification, Callable[[], None]]:
    """The whole file, and what to check once all files were read. Raises `PackError`."""
    table = root.table("source rule clause documents common categories exits number", "parameters")
    if "parameters" in table:
        parameters(table["parameters"])
    documents = {}
    for item in table["documents"].items():
        one = item.table("id text facts source", "status enabled")
        name = one["id"].text()
        if name in documents:
            raise item.error(f"the id {name!r} occurs twice")
        status, enabled = state(one)
        facts = one["facts"].items()
        for fact in facts:
            if fact.text() not in SUBJECTS["person"].by_name and fact.text() not in _MORE:
                raise fact.error(f"there is no fact {fact.text()!r}")
        documents[name] = Document(
            name,
            one["text"].text(),
            tuple(fact.text() for fact in facts),
            source(one["source"]),
            status,
            enabled,
        )

    def listed(entries: Iterable[Entry]) -> tuple[Document, ...]:
        found = []
        for entry in entries:
            if entry.text() not in documents:
                raise entry.error(f"there is no document {entry.text()!r}")
            found.append(documents[entry.text()])
        return tuple(found)

    common = listed(table["common"].items())
    categories: dict[str, Category] = {}
    for item in table["categories"].items():
        one = item.table("clause text documents")
        name = one["clause"].text()
        if name in categories:
            raise item.error(f"the clause {name!r} occurs twice")
        own = listed(one["documents"].items())
        categories[name] = Category(name, one["text"].text(), common + own)
    exits: dict[str, Exit] = {}
    for item in table["exits"].items():
        one = item.table("id text source", "status")
        name = one["id"].text()
        if name in exits:
            raise item.error(f"the id {name!r} occurs twice")
        exits[name] = Exit(name, one["text"].text(), source(one["source"]), state(one)[0])
    shape = table["number"].table("county serial check source", "status")
    source(shape["source"])
    state(shape)
    rule, clause = table["rule"], table["clause"]
    found = Certification(
        source(table["source"]),
        rule.text(),
        clause.text(),
        categories,
        exits,
        Numbering(
            shape["county"].whole(least=2),
            shape["serial"].whole(least=3),
            shape["check"].truth(),
        ),
    )

    def known() -> None:
        group = groups.get(found.rule)
        if group is None:
            raise rule.error(f"there is no group {found.rule!r}")
        parts = next((c.parts for c in group.clauses if c.id == found.clause), ())
        if not parts:
            raise clause.error(f"{found.rule} has no clause {found.clause!r} with parts")
        for part in parts:
            if part.enabled and part.id not in found.categories:
                raise table["categories"].error(f"the clause {part.id!r} has no category")

    return found, known
