"""Characters that are typed for one another."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Characters:
    """For each character the others of its syllable, and those that look alike."""

    homophones: Mapping[str, str]
    look_alikes: Mapping[str, str]

    @classmethod
    def of(cls, tables: Mapping[str, str]) -> "Characters":
        """From the groups of a pack's `characters.yaml`, in which blanks part the groups."""
        return cls(_others(tables["homophones"]), _others(tables["look_alikes"]))


def _others(groups: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for group in groups.split():
        for letter in group:
            others = found.get(letter, "") + group
            found[letter] = "".join(dict.fromkeys(others.replace(letter, "")))
    return {letter: others for letter, others in found.items() if others}
