"""Views are refused unless they declare who may enter."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver

from tests.world import A, account, actor
from weiye.base.accounts.models import Account
from weiye.base.accounts.roles import rights, roles
from weiye.base.audit.models import AuditEntry
from weiye.base.regions.models import Unit
from weiye.base.scope.access import Access, declared, public, right, signed_in
from weiye.base.scope.actor import NotAllowed, system
from weiye.base.scope.fence import fence
from weiye.base.scope.gate import Gate

pytestmark = pytest.mark.django_db


def views(resolver: URLResolver | None = None) -> Iterator[tuple[str, object]]:
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLPattern):
            yield str(entry.pattern), entry.callback
        else:
            yield from views(entry)


def test_every_route_declares_its_access() -> None:
    undeclared = [route for route, view in views() if declared(view) is None]  # type: ignore[arg-type]
    assert undeclared == []
    asked = {
        access.right
        for _, view in views()
        if isinstance(access := declared(view), Access) and access.right  # type: ignore[arg-type]
    }
    assert asked <= rights()


def request(username: str | None) -> HttpRequest:
    made = RequestFactory().get("/x/")
    made.user = account(username) if username else AnonymousUser()
    made.session = {}  # type: ignore[assignment]
    made.resolver_match = None
    return made


def enter(view: object, username: str | None) -> HttpResponse:
    gate = Gate(lambda r: HttpResponse())
    return gate.process_view(request(username), view, (), {})  # type: ignore[return-value]


def shown_range(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('weiye.lo', true)")
        return HttpResponse(cursor.fetchone()[0])


@pytest.mark.requirement("ORG-2")
def test_undeclared_view_is_refused() -> None:
    def bare(request: HttpRequest) -> HttpResponse:
        raise AssertionError("must not run")

    with pytest.raises(PermissionDenied):
        enter(bare, "worker-a")


def test_a_declaration_is_not_inherited_through_a_wrapper() -> None:
    import functools

    @right("people.list")
    def inner(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    def outer(request: HttpRequest) -> HttpResponse:
        return inner(request)

    outer.__wrapped__ = inner  # type: ignore[attr-defined]
    assert declared(inner) is not None
    assert declared(outer) is None
    assert declared(functools.partial(inner)) is None

    @functools.wraps(inner)
    def copied(request: HttpRequest) -> HttpResponse:
        return inner(request)

    assert vars(copied).keys() == vars(inner).keys() | {"__wrapped__"}
    assert declared(copied) is None
    with pytest.raises(PermissionDenied):
        enter(copied, "worker-a")
    declaration = declared(signed_in(copied))
    assert declaration is not None
    assert declaration.kind == "signed_in"
    assert declared(inner) == Access("right", right="people.list")


def test_the_view_runs_inside_the_actors_range() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        return shown_range(request)

    assert enter(right("people.list")(view), "worker-a").content.decode() == actor("worker-a").path


def test_a_view_that_stands_apart_sees_nothing_until_it_opens_a_fence() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        return shown_range(request)

    assert enter(signed_in(apart=True)(view), "worker-a").content.decode() == ""
    assert enter(signed_in(apart=True)(view), None).status_code == 302


def test_a_visitor_sees_an_empty_range() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        return shown_range(request)

    lo = enter(public("test")(view), None).content.decode()
    assert lo > "9"


def test_signed_out_is_sent_to_sign_in() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        raise AssertionError("must not run")

    response = enter(signed_in(view), None)
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/signin/?next=/x/")


def test_a_missing_right_is_refused_and_logged() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        raise AssertionError("must not run")

    with pytest.raises(PermissionDenied):
        enter(right("accounts.manage")(view), "worker-a")
    with fence(actor("worker-a")):
        entry = AuditEntry.objects.get(verb="refused")
    assert entry.detail["right"] == "accounts.manage"


def test_not_allowed_inside_the_view_becomes_a_refusal() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        raise NotAllowed("outside")

    with pytest.raises(PermissionDenied):
        enter(right("people.list")(view), "worker-a")


def test_an_account_without_membership_enters_nothing() -> None:
    with fence(system()):
        unit = Unit.objects.get(code=A)
        Account.objects.create(
            username="nobody", name="无岗", password="x" * 12, unit=unit, unit_path=unit.path
        )

    def view(request: HttpRequest) -> HttpResponse:
        raise AssertionError("must not run")

    with pytest.raises(PermissionDenied):
        enter(signed_in(view), "nobody")


def test_streaming_is_refused() -> None:
    def view(request: HttpRequest) -> StreamingHttpResponse:
        return StreamingHttpResponse(iter([b"x"]))

    with pytest.raises(RuntimeError, match="outside the fence"):
        enter(public("test")(view), None)


def test_roles_are_data_and_whole() -> None:
    assert {"grid_worker", "station_worker", "street_clerk", "county_agency"} <= set(roles())
    assert "people.read" not in roles()["province_manager"].rights


def test_an_asynchronous_view_is_refused() -> None:
    async def view(request: HttpRequest) -> HttpResponse:
        raise AssertionError("must not run")

    with pytest.raises(RuntimeError, match="outside the fence"):
        enter(public("test")(view), None)


@pytest.mark.requirement("ORG-2")
def test_class_based_views_inherit_no_declaration() -> None:
    from django.utils.decorators import method_decorator
    from django.views import View

    class Page(View):
        @method_decorator(signed_in)
        def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
            return HttpResponse("page")

        def get(self, request: HttpRequest) -> HttpResponse:
            return HttpResponse("page")

    class Child(Page):
        pass

    # `as_view` copies what stands on dispatch; that was made for another function.
    for made in (Page.as_view(), Child.as_view()):
        assert declared(made) is None
        with pytest.raises(PermissionDenied):
            enter(made, "worker-a")
    view = right("people.list")(Page.as_view())
    assert enter(view, "worker-a").content == b"page"
    assert declared(Child.as_view()) is None
    with pytest.raises(PermissionDenied):
        enter(view, "city")


def test_decorators_outside_the_declaration_take_it_away() -> None:
    from django.views.decorators.cache import never_cache
    from django.views.decorators.csrf import csrf_exempt
    from django.views.decorators.http import require_GET

    for decorator in (never_cache, csrf_exempt, require_GET):

        def view(request: HttpRequest) -> HttpResponse:
            return HttpResponse()

        assert declared(decorator(signed_in(view))) is None
        assert declared(signed_in(decorator(view))) == Access("signed_in")


def test_included_addresses_declare_for_themselves(client: Client, settings: Any) -> None:
    """A declared view beside it, or an include around it, opens nothing."""
    import sys
    from types import ModuleType

    from django.urls import include, path

    def bare(request: HttpRequest) -> HttpResponse:
        raise AssertionError("must not run")

    def said(request: HttpRequest) -> HttpResponse:
        return HttpResponse("said")

    made = ModuleType("made_urls")
    inner = [path("bare/", bare), path("said/", public("test")(said))]
    made.urlpatterns = [path("in/", include((inner, "in")))]  # type: ignore[attr-defined]
    made.handler403 = "weiye.desks.components.views.forbidden"  # type: ignore[attr-defined]
    sys.modules["made_urls"] = made
    settings.ROOT_URLCONF = "made_urls"
    try:
        from weiye.desks.components import views

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(views, "forbidden", lambda request, exception: HttpResponse(status=403))
            assert client.get("/in/said/").content == b"said"
            assert client.get("/in/bare/").status_code == 403
    finally:
        del sys.modules["made_urls"]


@pytest.mark.requirement("ORG-2")
def test_error_pages_read_no_fenced_row(client: Client) -> None:
    """They run outside any fence: what they show must not depend on rows."""
    from django.test.utils import CaptureQueriesContext

    from weiye.base.scope.policies import scoped_models
    from weiye.desks.components import views as handlers

    tables = {model._meta.db_table for model in scoped_models()}
    for handler, extra in (
        (handlers.bad_request, (ValueError(),)),
        (handlers.forbidden, (PermissionDenied(),)),
        (handlers.not_found, (Http404(),)),
        (handlers.server_error, ()),
    ):
        made = request("worker-a")
        made.actor = actor("worker-a")  # type: ignore[attr-defined]
        with CaptureQueriesContext(connection) as queries:
            assert handler(made, *extra).status_code >= 400
        asked = [q["sql"] for q in queries if any(f'"{table}"' in q["sql"] for table in tables)]
        assert asked == []


def test_nothing_is_served_but_views_and_the_products_own_static_files(
    client: Client, settings: Any
) -> None:
    assert settings.MEDIA_ROOT == ""
    assert settings.STORAGES["default"]["BACKEND"].endswith("InMemoryStorage")
    assert not any(str(pattern).startswith(("media", "static")) for pattern, _ in views())
    for path in ("/media/x.xlsx", "/static/../settings.py", "/static/%2e%2e/secret"):
        assert client.get(path).status_code in (400, 404)
