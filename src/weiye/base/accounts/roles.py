"""Roles as data: `roles.yaml` read once and checked."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from weiye.base.regions.levels import LEVELS

DESKS = ("community", "administration", "resident", "own")


@dataclass(frozen=True)
class Role:
    """A role: ``levels`` it may act for, ``rights`` it holds (see `roles.yaml`)."""

    key: str
    title: str
    levels: tuple[str, ...]
    rights: frozenset[str]
    # What a membership in this role must say besides: which department, what kind of collector.
    capacities: tuple[str, ...] = ()
    # Whom it acts for, if not for a unit: "person" or "institution".
    subject: str = ""
    # The desk that its holder starts at; "own": the account's own page.
    desk: str = "own"
    # The roles that its holder may grant, and the right that granting this one asks for.
    grants: tuple[str, ...] = ()
    granted_with: str = "accounts.manage"
    # Roles that the same account may not hold besides.
    excludes: frozenset[str] = frozenset()

    @property
    def staff(self) -> bool:
        """Whether it opens other people's data, so that a second factor is asked for."""
        return not self.subject


@cache
def _file() -> dict[str, Any]:
    text = Path(__file__).with_name("roles.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


@cache
def roles() -> dict[str, Role]:
    """All roles by key. Raises `ValueError` for a role that names what does not exist."""
    entries: dict[str, dict[str, Any]] = _file()["roles"]
    excludes: dict[str, set[str]] = {key: set() for key in entries}
    for key, entry in entries.items():
        named = {*entry.get("grants", ()), *entry.get("excludes", ())}
        unknown = (set(entry["levels"]) - set(LEVELS)) | (named - set(entries))
        unknown |= {entry.get("desk", "own")} - set(DESKS)
        if unknown or not entry["rights"]:
            raise ValueError(f"roles.yaml: role {key}: unknown {sorted(unknown)} or no rights")
        for other in entry.get("excludes", ()):
            excludes[key].add(other)
            excludes[other].add(key)
    return {
        key: Role(
            key,
            entry["title"],
            tuple(entry["levels"]),
            frozenset(entry["rights"]),
            tuple(entry.get("capacities", ())),
            entry.get("subject", ""),
            entry.get("desk", "own"),
            tuple(entry.get("grants", ())),
            entry.get("granted_with", "accounts.manage"),
            frozenset(excludes[key]),
        )
        for key, entry in entries.items()
    }


def rights() -> frozenset[str]:
    """Every right that some role holds."""
    return frozenset().union(*(role.rights for role in roles().values()))


def right_titles() -> dict[str, str]:
    """Right → what it allows, in Chinese, in the order of the page."""
    return dict(_file()["rights"])


def reserved_rights() -> dict[str, str]:
    """Rights that nothing asks for yet → why they are there."""
    return dict(_file()["reserved"])


def system_rights() -> dict[str, str]:
    """Rights that no role holds, with their words: what the system does when it is set up."""
    return dict(_file()["system"])
