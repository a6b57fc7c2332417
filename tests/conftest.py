"""What every test stands on: the real database with both logins, strict from the start."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# Kernels compile once for the whole run.
os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(tempfile.gettempdir()) / "weiye-numba-cache"))

# The same examples every time, so that a red run is a broken change; WEIYE_HYPOTHESIS=explore looks
# for new ones.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("WEIYE_HYPOTHESIS", "same"))


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    from django.conf import settings

    if "owner" not in settings.DATABASES:
        pytest.exit("WEIYE_OWNER_URL is not set: run the tests with ./weiye test", returncode=2)


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest, django_test_environment: None, django_db_blocker
) -> Iterator[None]:
    """Create the test database as its owner; the tests then log in as ``weiye_app``."""
    from django.db import connections
    from django.test.utils import setup_databases, teardown_databases

    with django_db_blocker.unblock():
        created = setup_databases(verbosity=0, interactive=False, serialized_aliases=[])
        assert connections["default"].settings_dict["NAME"].startswith("test_")
        from tests.world import plant

        plant()
    yield
    with django_db_blocker.unblock():
        for connection in connections.all():
            connection.close()
        teardown_databases(created, verbosity=0)


@pytest.fixture(autouse=True)
def shuffled_without_order(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """A queryset without an order comes shuffled, so that no test leans on luck."""
    if "django_db" not in {m.name for m in request.node.iter_markers()}:
        return
    from django.db.models.query import ModelIterable, QuerySet

    plain = ModelIterable.__iter__
    import random

    dice = random.Random(request.node.nodeid)

    def shuffled(self):  # type: ignore[no-untyped-def]
        queryset: QuerySet = self.queryset
        if queryset.ordered or queryset.query.is_sliced:
            yield from plain(self)
            return
        rows = list(plain(self))
        dice.shuffle(rows)
        yield from rows

    monkeypatch.setattr(ModelIterable, "__iter__", shuffled)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Every database test uses both logins; slow tests wait for ``--slow``."""
    for item in items:
        marker = item.get_closest_marker("django_db")
        if marker is not None and "databases" not in marker.kwargs:
            item.add_marker(
                pytest.mark.django_db(databases=["default", "owner"], **marker.kwargs),
                append=False,
            )
