"""Every route × every role: nobody outside a community's line of units sees or changes its data.

Generated from the URL map and the tables: new ones are covered as soon as they exist. `things.py`
says in its first lines how to extend; `walk.py` and `raw.py` hold the checks themselves, which
`test_mutations.py` proves to notice each fence that is taken away.
"""

import pytest

from tests.contracts import raw, walk
from tests.contracts.things import SENTINEL, plant
from tests.world import SIGNS, Sign
from weiye.base.accounts.roles import roles

pytestmark = pytest.mark.django_db


def ids(sign: Sign) -> str:
    return sign.username


@pytest.mark.requirement("ORG-2")
@pytest.mark.parametrize("sign", walk.OUTSIDERS, ids=ids)
def test_no_route_shows_or_changes_what_lies_outside(sign: Sign) -> None:
    walk.nothing_shows(sign)


@pytest.mark.requirement("ORG-2")
def test_signed_out_sees_public_pages_alone() -> None:
    walk.nothing_shows(None)
    walker = walk.Walker(None)
    things = plant()
    for route in walk.ROUTES:
        assert route.access is not None, route.name
        if route.access.kind != "public":
            for method in ("get", "head", "post"):
                response = walker.ask(method, route.url(things))
                assert response.status_code == 302, f"{method} {route.name}"
                assert response.headers["Location"].startswith("/signin/"), route.name


@pytest.mark.requirement("ORG-2")
@pytest.mark.parametrize("sign", walk.INSIDERS, ids=ids)
def test_rights_bind_inside_the_area_too(sign: Sign) -> None:
    walk.rights_bind(sign)


def test_the_test_itself_notices_a_leak() -> None:
    """The sentinel is really on the pages of those who may see it."""
    walker = walk.Walker(next(sign for sign in SIGNS if sign.username == "worker-a"))
    things = plant()
    seen = {
        route.name
        for route in walk.ROUTES
        if SENTINEL.encode() in walker.ask("get", route.url(things)).content
    }
    assert {"community:ledger", "community:person", "community:vacancies"} <= seen
    assert {"community:run", "community:import", "community:file"} & seen


def test_every_role_has_an_account_in_the_world_and_most_an_outsider() -> None:
    assert {sign.role for sign in SIGNS} == set(roles())
    assert {sign.role for sign in walk.OUTSIDERS} == set(roles()) - {"province_manager"}


@pytest.mark.requirement("ORG-2")
@pytest.mark.parametrize("sign", [*walk.OUTSIDERS, *filter(walk.owns, SIGNS)], ids=ids)
def test_raw_sql_reads_and_changes_nothing_outside(sign: Sign) -> None:
    raw.fence_holds(sign)


@pytest.mark.requirement("ORG-2")
def test_without_a_fence_nothing_is_seen() -> None:
    raw.shut_without_fence()


@pytest.mark.requirement("ORG-2")
@pytest.mark.parametrize("sign", [*walk.OUTSIDERS, *filter(walk.owns, SIGNS)], ids=ids)
def test_the_first_fence_holds_alone(sign: Sign) -> None:
    raw.first_fence_holds(sign)
