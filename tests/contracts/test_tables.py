"""Every table is fenced or openly named; nothing else reads past the fence."""

import pytest

from tests.contracts import raw, tables

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("ORG-2")]


def test_every_table_is_fenced_or_named_with_its_reason() -> None:
    assert tables.open_tables() == set(), "make it Scoped, or name it in tables.py with a reason"
    assert tables.stale_names() == set()


def test_policies_are_as_the_models_declare() -> None:
    raw.as_declared()


def test_no_view_reads_past_the_fence() -> None:
    assert tables.views_past_the_fence() == []


def test_functions_that_run_as_the_owner_are_few_and_known() -> None:
    assert tables.functions_past_the_fence() == set(tables.OPEN_FUNCTIONS)


def test_jobs_carry_ids_and_paths_alone() -> None:
    """The queue is not fenced: what a job is about stands in its `Run`, which is."""
    assert tables.task_parameters() == {}
