"""Rows of which it is not certain whom they mean, although the number is sound."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from weiye.base.privacy.fields import blind_indexes
from weiye.base.scope.actor import Actor

from .. import actions
from ..models import Person
from .entry import Entry


def other_name(known: str, said: str | None) -> bool:
    """Whether two names can hardly be one person's.

    Homophones, one wrong character of three, a shortened name with · and characters that a machine
    could not show are put up with.

    >>> other_name("王小明", "王晓明"), other_name("阿依古丽·买买提", "阿依古丽")
    (False, False)
    >>> other_name("王小明", "李四")
    True
    """
    if not said or known == said or not known:
        return False
    pairs = list(zip(known, said, strict=False))
    if len(known) == len(said):
        differing = sum(a != b and not (_lost(a) or _lost(b)) for a, b in pairs)
        if differing == 0 or (differing == 1 and len(known) > 2):
            return False
    if "·" in known + said and (known in said or said in known):
        return False
    return actions.name_key(known) != actions.name_key(said)


def _lost(character: str) -> bool:
    """Private use, replacement, and what stands for a character that was lost on the way."""
    return character in "?？□■*\ufffd" or unicodedata.category(character) == "Co"


def doubles(
    actor: Actor,
    entries: Sequence[Entry],
    people: Mapping[str, dict[str, Any]],
    indexes: Sequence[str],
) -> set[str]:
    """Indexes of new numbers whose bearer is known under another: name, birthday and telephone of
    one person of the ledger.
    """
    asked: dict[tuple[str, Any, str], str] = {}
    for entry, index in zip(entries, indexes, strict=True):
        born = entry.facts.get("birth_date")
        if index not in people and entry.phone and born is not None:
            for phone in blind_indexes(entry.phone):
                asked[(str(entry.facts.get("name")), born, phone)] = index
    if not asked:
        return set()
    rows = Person.objects.visible_to(actor).filter(
        phone_index__in={phone for _name, _born, phone in asked}
    )
    known = rows.values_list("name", "birth_date", "phone_index")
    return {asked[row] for row in known if row in asked}
