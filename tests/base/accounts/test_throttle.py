"""Counting holds when many connections count at the same moment."""

import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connections

from weiye.base.accounts import throttle
from weiye.base.accounts.models import Attempts
from weiye.base.accounts.rules import rules

NOW = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)


@pytest.mark.requirement("ORG-2")
def test_of_many_guesses_at_once_no_more_than_the_limit_are_judged(
    django_db_setup: None, django_db_blocker: Any
) -> None:
    """Each thread is a connection of its own, like a web process, and commits what it counts."""
    limit = rules().lockout["name"].failures
    many = 4 * limit
    judged: list[bool] = []
    gate = threading.Barrier(many)

    def guess() -> None:
        try:
            gate.wait(timeout=30)
            judged.append(throttle.count("name", "somebody", now=NOW).open)
        finally:
            connections.close_all()

    with django_db_blocker.unblock():
        threads = [threading.Thread(target=guess) for _ in range(many)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        stored = Attempts.objects.get(key=throttle.digest("name", "somebody"))
        stored.delete()
    assert len(judged) == many
    assert sum(judged) == limit
    assert stored.locked_until == NOW + rules().lockout["name"].span
