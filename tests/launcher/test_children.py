"""What our own programs are told, and what is kept from them."""

from pathlib import Path

import pytest

from weiye.launcher.installation import Installation
from weiye.launcher.keys import load


def test_children_write_bytecode_and_never_see_the_owners_login(tmp_path: Path) -> None:
    owner = "postgresql://boss:secret@db.example/weiye"
    given = {
        "WEIYE_HOME": str(tmp_path),
        "DATABASE_URL": owner,
        "WEIYE_OWNER_URL": owner,
        "PYTHONDONTWRITEBYTECODE": "1",
        "LANG": "zh_CN.UTF-8",
    }
    installation = Installation(given)
    installation.keys = load(tmp_path)
    told = installation.for_children(demo=False)
    assert told["LANG"] == "zh_CN.UTF-8"
    assert not {"DATABASE_URL", "WEIYE_OWNER_URL", "PYTHONDONTWRITEBYTECODE"} & set(told)
    assert "secret" not in " ".join(told.values())
    assert "weiye_app" in told["WEIYE_APP_URL"]


@pytest.mark.parametrize("owner", [True, False])
def test_only_who_makes_tables_gets_the_owner(tmp_path: Path, owner: bool) -> None:
    address = "postgresql://boss:secret@db.example/weiye"
    installation = Installation({"WEIYE_HOME": str(tmp_path), "DATABASE_URL": address})
    installation.keys = load(tmp_path)
    assert ("WEIYE_OWNER_URL" in installation.for_children(demo=False, owner=owner)) is owner
