"""What the pack of a place decides about assistance, in the form that this app uses."""

from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from datetime import date

from weiye.base.packs import Pack
from weiye.base.packs.queries import pack_in_force, packs_in_force
from weiye.engine.rules.language import Call, Literal
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
