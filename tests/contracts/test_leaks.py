"""Every route × every account: nobody outside a community's line of units sees or changes its data.

Generated from the URL map. A new route is covered as soon as it exists; one with an argument that
this file cannot fill fails until somebody says which thing it stands for.
"""

import uuid
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.world import SIGNS, A, Sign, actor, path_of, sign_in
from weiye.base.files.actions import keep
from weiye.base.regions.models import Unit
from weiye.base.runs.models import Run
from weiye.base.scope.access import declared
from weiye.base.scope.actor import below, system
from weiye.base.scope.fence import fence
from weiye.base.scope.policies import scoped_models
from weiye.registers.employers.models import Employer, Vacancy
from weiye.registers.people.models import Person
from weiye.services.assistance.models import AssistanceFile, Contact, ListEntry
from weiye.services.exchange import preview
from weiye.services.exchange.models import ImportBatch

pytestmark = pytest.mark.django_db

SENTINEL = "哨兵"
DAY = date(2026, 6, 1)


def routes(
    resolver: URLResolver | None = None, space: str = ""
) -> Iterator[tuple[str, tuple[str, ...], Any]]:
    """(name, argument names, view) of every route."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLPattern):
            yield space + (entry.name or ""), tuple(entry.pattern.converters), entry.callback
        else:
            inner = f"{space}{entry.namespace}:" if entry.namespace else space
            yield from routes(entry, inner)


ROUTES = sorted(routes(), key=lambda route: route[0])
ARGUMENTS = {name: arguments for name, arguments, _ in ROUTES}


@pytest.fixture
def things() -> dict[str, Any]:
    """One of everything in community A, each bearing the sentinel where it bears a text."""
    with fence(system()):
        unit = Unit.objects.get(code=A)
        at = {"unit_path": unit.path}
        person = Person.objects.create(
            **at, unit=unit, name=f"{SENTINEL}居民", source="t", as_of=DAY, birth_date=DAY
        )
        file = AssistanceFile.objects.create(
            **at, person=person, opened_on=DAY, opened_because=SENTINEL, source="t", quota="12333"
        )
        entry = ListEntry.objects.create(
            **at,
            file=file,
            kind="need",
            subject="x",
            rank=1,
            title=f"{SENTINEL}需求",
            reasons=[SENTINEL],
            added_on=DAY,
        )
        contact = Contact.objects.create(
            **at,
            file=file,
            kind="policy",
            way="phone",
            on=DAY,
            worker_name="x",
            note=SENTINEL,
            token=uuid.uuid4(),
        )
        employer = Employer.objects.create(**at, unit=unit, name=f"{SENTINEL}商行")
        vacancy = Vacancy.objects.create(
            **at, unit=unit, employer=employer, title=f"{SENTINEL}岗位", posted_on=DAY
        )
        stored = keep(
            actor=system(),
            path=unit.path,
            name=f"{SENTINEL}.csv",
            content=b"x",
            right="people.import",
        )
        run = Run.objects.create(
            **at,
            kind="test",
            title=f"{SENTINEL}任务",
            right="people.import",
            started_by="x",
            state="done",
            file=stored,
        )
        found = {
            "person_id": person.pk,
            "entry_id": entry.pk,
            "contact_id": contact.pk,
            "vacancy_id": vacancy.pk,
            "run_id": run.pk,
            "field": "phone",
            "community:close": {"file_id": file.pk},
            "community:reopen": {"file_id": file.pk},
            "community:assign": {"file_id": file.pk},
            "community:file": {"file_id": stored.pk},
        }
        found["batch_id"] = ImportBatch.objects.create(
            **at,
            unit=unit,
            kind="roster",
            name=f"{SENTINEL}.xlsx",
            file=stored,
            as_of=DAY,
            page=preview.Page(columns=(), missing=()).dump(),
            started_by="x",
        ).pk
    return found


def address(name: str, arguments: tuple[str, ...], things: dict[str, Any]) -> str:
    special = things.get(name, {})
    missing = [a for a in arguments if a not in special and a not in things]
    assert not missing, f"{name}: say in `things` what {missing} stands for"
    return reverse(name, kwargs={a: special.get(a, things.get(a)) for a in arguments})


def made_up(things: dict[str, Any]) -> dict[str, Any]:
    """The same arguments with ids that belong to nothing."""
    return {
        key: made_up(value)
        if isinstance(value, dict)
        else 10**9
        if isinstance(value, int)
        else uuid.UUID(int=0)
        if isinstance(value, uuid.UUID)
        else value
        for key, value in things.items()
    }


def digest_of_a() -> dict[str, Any]:
    """What every fenced table holds for community A (without the log of refusals)."""
    lo, hi = below(path_of(A))
    found = {}
    with fence(system()), connection.cursor() as cursor:
        for model in scoped_models():
            table = model._meta.db_table
            if table == "audit_auditentry":
                continue
            cursor.execute(
                f"SELECT count(*), md5(string_agg(t::text, chr(10) ORDER BY t::text)) "
                f'FROM "{table}" t WHERE unit_path >= %s AND unit_path < %s',
                [lo, hi],
            )
            found[table] = cursor.fetchone()
    return found


OUTSIDERS = [sign for sign in SIGNS if not path_of(A).startswith(path_of(sign.unit))]


@pytest.mark.requirement("ORG-2")
@pytest.mark.parametrize("sign", OUTSIDERS, ids=lambda sign: sign.username)
def test_no_route_shows_or_changes_what_lies_outside(sign: Sign, things: dict[str, Any]) -> None:
    client = Client(raise_request_exception=True)
    sign_in(client, sign.username)
    before = digest_of_a()
    nobody = made_up(things)
    for name, arguments, _ in ROUTES:
        if name == "components:signout":
            continue
        url = address(name, arguments, things)
        none = address(name, arguments, nobody) if any("_id" in a for a in arguments) else None
        for method in ("get", "post"):
            response = getattr(client, method)(url)
            assert SENTINEL not in response.content.decode(errors="replace"), f"{method} {name}"
            # What lies outside cannot be told from what does not exist.
            if none is not None:
                nothing = getattr(client, method)(none)
                assert response.status_code == nothing.status_code, f"{method} {name}"
                assert response.status_code != 200, f"{method} {name}"
                assert response.headers.get("Location", "").replace(url, none) == (
                    nothing.headers.get("Location", "")
                ), f"{method} {name}"
        sign_in(client, sign.username)
    assert digest_of_a() == before


@pytest.mark.requirement("ORG-2")
def test_signed_out_sees_public_pages_alone(things: dict[str, Any]) -> None:
    client = Client()
    before = digest_of_a()
    for name, arguments, view in ROUTES:
        access = declared(view)
        assert access is not None, name
        url = address(name, arguments, things)
        for method in ("get", "post"):
            response = getattr(client, method)(url)
            assert SENTINEL not in response.content.decode(errors="replace"), f"{method} {name}"
            if access.kind != "public":
                assert response.status_code == 302, f"{method} {name}"
                assert response.headers["Location"].startswith("/signin/"), name
    assert digest_of_a() == before


def test_rights_bind_inside_the_area_too(things: dict[str, Any]) -> None:
    """City and province steer by figures: no page of a person opens for them."""
    for username in ("city", "province"):
        client = Client()
        sign_in(client, username)
        for name, arguments, view in ROUTES:
            access = declared(view)
            if access and access.right and not actor(username).can(access.right):
                response = client.get(address(name, arguments, things))
                assert response.status_code == 403, name
                assert SENTINEL not in response.content.decode(errors="replace")
        # Their own pages name neither a person, nor a file of people, nor the work on one.
        for name in ("community:run", "community:file", "community:import"):
            assert client.get(address(name, ARGUMENTS[name], things)).status_code in (403, 404)


def test_the_test_itself_notices_a_leak(things: dict[str, Any]) -> None:
    """The sentinel is really on the pages of those who may see it."""
    client = Client()
    sign_in(client, "worker-a")
    seen = [
        name
        for name, arguments, _ in ROUTES
        if SENTINEL in client.get(address(name, arguments, things)).content.decode(errors="replace")
    ]
    assert {"community:ledger", "community:person", "community:vacancies"} <= set(seen)
