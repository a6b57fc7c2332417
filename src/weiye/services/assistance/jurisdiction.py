"""What the pack of a place decides about assistance, in the form that this app uses."""

from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from datetime import date

from weiye.base.packs import Pack
from weiye.base.packs.queries import pack_in_force, packs_in_force
from weiye.engine.rules import TO_CONFIRM, Rule
from weiye.engine.rules.language import Call, Field, Literal, Name
from weiye.registers.people.frames import community_code

from .quota import KINDS, Standard

# The scope of this id says who gets a file (鲁就办[2023]13号 第16项); packs share stable ids.
FILE_SCOPE = "assistance-file"


def pack_of(path: str, day: date | None = None) -> Pack:
    """The pack in force at ``path`` on a day (today); the whole tree (``""``): the province's."""
    return pack_in_force(community_code(path or "37/"), day)


def standards(path: str) -> dict[str, Standard]:
    """The quotas in force at ``path`` by id."""
    return standards_of(pack_of(path))


def standards_at(paths: Iterable[str]) -> dict[str, dict[str, Standard]]:
    """The quotas in force at each path: however many paths, the versions are asked for once."""
    packs = sorted(packs_in_force(), key=lambda pack: -len(pack.region))
    known = {pack.id: standards_of(pack) for pack in packs}
    found = {}
    for path in set(paths):
        code = community_code(path)
        pack = next((pack for pack in packs if code.startswith(pack.region)), None)
        found[path] = {} if pack is None else known[pack.id]
    return found


def standards_of(pack: Pack) -> dict[str, Standard]:
    """The quotas of a pack by id."""
    return {
        quota.id: Standard(
            name=quota.id,
            title=quota.title,
            occasions={kind: quota.occasions.get(kind, 0) for kind in KINDS},
            months=quota.months,
            once_a_day=quota.once_a_day,
            source=quota.source,
        )
        for quota in pack.quotas.values()
    }


def file_groups() -> frozenset[str]:
    """Groups that some pack opens a file for. In none of them, and owed no quota: time to close."""
    found: set[str] = set()
    for pack in packs_in_force():
        if (scope := pack.scopes.get(FILE_SCOPE)) is not None:
            for clause in scope.rule.clauses:
                for part in (clause, *clause.parts):
                    found |= set(_groups(part.when))
    return frozenset(found)


def _groups(node: object) -> Iterator[str]:
    """The names in ``group('…')`` anywhere in an expression."""
    if isinstance(node, Call) and node.function == "group":
        yield from (str(one.value) for one in node.arguments if isinstance(one, Literal))
    if isinstance(node, tuple):
        for part in node:
            yield from _groups(part)
    elif is_dataclass(node):
        for field in fields(node):
            yield from _groups(getattr(node, field.name))


def figures_of(rule: Rule, pack: Pack, path: str, day: date) -> list[tuple[str, str, bool]]:
    """The dated figures that a rule's clauses use: text, value at ``path`` on the day in words,
    whether it is 待确认. A figure that the pack has not got reads 未填写."""
    names: dict[str, None] = {}
    for clause in rule.clauses:
        for part in (clause, *clause.parts):
            if part.enabled:
                names |= dict.fromkeys(_figures(part.when, pack, frozenset()))
    region = community_code(path or "37/")
    found = []
    for name in names:
        parameter = pack.parameters[name]
        if parameter.kind is None:
            continue
        period = next((p for p in parameter.on(day) if region.startswith(p.region)), None)
        if period is None:
            found.append((parameter.text, "未填写", True))
            continue
        value = period.value
        words = (
            "，".join(f"{sex}{one}" for sex, one in value.items())
            if isinstance(value, dict)
            else str(value)
        )
        found.append((parameter.text, words, period.status == TO_CONFIRM))
    return found


def _figures(node: object, pack: Pack, seen: frozenset[str]) -> Iterator[str]:
    """The parameters in an expression and in the terms that it names."""
    if isinstance(node, Field) and node.owner == "param":
        yield node.name
    elif isinstance(node, Name | Field):
        term = pack.book.terms.get(node.name)
        if term is not None and term.id not in seen:
            yield from _figures(term.when, pack, seen | {term.id})
    elif isinstance(node, tuple):
        for part in node:
            yield from _figures(part, pack, seen)
    elif is_dataclass(node):
        for field in fields(node):
            yield from _figures(getattr(node, field.name), pack, seen)
