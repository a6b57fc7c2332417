"""The table of roles and rights is whole: nothing is asked for that is not in it, nothing idle."""

import re
from pathlib import Path

import pytest

from weiye.base.accounts.roles import (
    reserved_rights,
    right_titles,
    rights,
    roles,
    system_rights,
)

pytestmark = pytest.mark.requirement("ORG-2")
SOURCE = Path(__file__).parents[3] / "src" / "weiye"
# `can("x.y")`, `require("x.y", path)`, `@right("x.y")`, `right="x.y"`, `right: str = "x.y"`
_ASKED = re.compile(
    r'(?:\.can|\.require|\bright)\(\s*"([a-z_]+\.[a-z_]+)"'
    r'|\bright(?:: str)?\s*=\s*"([a-z_]+\.[a-z_]+)"'
)


def sources() -> list[str]:
    return [
        path.read_text(encoding="utf-8")
        for path in sorted(SOURCE.rglob("*"))
        if path.suffix in (".py", ".html", ".yaml") and path.name != "roles.yaml"
    ]


def test_every_right_asked_for_is_in_the_table() -> None:
    asked = {a or b for text in sources() for a, b in _ASKED.findall(text)}
    assert len(asked) > 15
    assert asked - set(right_titles()) - set(system_rights()) == set()


def test_every_right_of_the_table_is_asked_for_or_reserved_with_a_reason() -> None:
    text = "\n".join(sources())
    named = {right for right in right_titles() if re.search(rf"\b{re.escape(right)}\b", text)}
    assert set(right_titles()) - named - set(reserved_rights()) == set()
    # A reserve that is used by now is no reserve.
    assert set(reserved_rights()) & named == set()
    assert all(reserved_rights().values())


def test_every_right_has_words_and_a_role() -> None:
    assert rights() == set(right_titles())
    assert all(re.search("[一-鿿]", title) for title in right_titles().values())
    assert not rights() & set(system_rights())


def test_granting_never_leads_upwards() -> None:
    """No chain of grants from below reaches administration, and nobody below the city names it."""
    reach: dict[str, set[str]] = {key: set(role.grants) for key, role in roles().items()}
    for _ in reach:
        for key in reach:
            reach[key] |= set().union(*(reach[other] for other in reach[key]), set())
    for key in set(reach) - {"administrator"}:
        assert not reach[key] & {"administrator", "auditor", "province_manager"}, key
        assert key not in reach[key], key


def test_roles_that_others_exclude_exclude_them_too() -> None:
    for key, role in roles().items():
        for other in role.excludes:
            assert key in roles()[other].excludes
