"""Roles as data: `roles.yaml` read once and checked."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from weiye.base.regions.levels import LEVELS


@dataclass(frozen=True)
class Role:
    """A role: ``levels`` it may act for, ``rights`` it grants (see `roles.yaml`)."""

    key: str
    title: str
    levels: tuple[str, ...]
    rights: frozenset[str]
    # What a membership in this role must say besides: which department, what kind of collector.
    capacities: tuple[str, ...] = ()
    # Whom it acts for, if not for a unit: "person" or "institution".
    subject: str = ""


@cache
def roles() -> dict[str, Role]:
    """All roles by key. Raises `ValueError` for a role with an unknown level or no right."""
    text = Path(__file__).with_name("roles.yaml").read_text(encoding="utf-8")
    found = {}
    for key, entry in yaml.safe_load(text)["roles"].items():
        unknown = set(entry["levels"]) - set(LEVELS)
        if unknown or not entry["rights"]:
            raise ValueError(f"roles.yaml: role {key}: unknown levels {unknown} or no rights")
        found[key] = Role(
            key,
            entry["title"],
            tuple(entry["levels"]),
            frozenset(entry["rights"]),
            tuple(entry.get("capacities", ())),
            entry.get("subject", ""),
        )
    return found


def rights() -> frozenset[str]:
    """Every right that some role grants."""
    return frozenset().union(*(role.rights for role in roles().values()))
