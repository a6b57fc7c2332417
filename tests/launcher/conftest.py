"""Repositories in miniature on which ``./weiye`` is started for real."""

import json
from collections.abc import Iterator

import pytest

from tests.launcher.miniature import READY, Miniature, miniature


@pytest.fixture
def fresh() -> Iterator[Miniature]:
    with miniature() as made:
        yield made


@pytest.fixture(scope="module")
def used() -> Iterator[Miniature]:
    """One that has been started before, for tests that leave it as it was."""
    with miniature() as made:
        assert made.run("run", "--check").status == 0
        made.quiet()
        yield made


@pytest.fixture(scope="module")
def server() -> Iterator[dict[str, str]]:
    """A real database: the addresses of its owner and of weiye_app."""
    with miniature() as made:
        started = made.start("run", "--port", "0")
        started.wait_for(READY)
        secrets = json.loads((made.home / "secrets.json").read_text())
        port = (made.home / "pg" / "port").read_text().strip()
        yield {
            role: f"postgresql://weiye_{role}:{secrets[f'{role}_password']}@127.0.0.1:{port}/weiye"
            for role in ("owner", "app")
        }
        started.end()
