"""The leak test as functions: each raises ``AssertionError`` when something shows that must not.

The mutation test runs the same functions with one fence removed and expects them to raise.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any

from django.db import connection, transaction
from django.test import Client

from tests.contracts.routes import Route, all_routes
from tests.contracts.things import PERSONAL, SENTINEL, plant, plant_public
from tests.world import INSTITUTION_1, PERSON_1, SIGNS, A, Sign, actor, path_of, sign_in
from weiye.base.scope.actor import below, system
from weiye.base.scope.fence import fence
from weiye.base.scope.policies import scoped_models

ROUTES = all_routes()

# (route, how) → what the response told.
Seen = dict[tuple[str, str], tuple[Any, ...]]

# Pages that differ from one moment to the next, and why: there only the sentinel is looked for.
VOLATILE: dict[str, str] = {
    "metrics": "counts requests and seconds",
    "administration:audit": "the log grows with every page that is asked for",
    "administration:audit-chain": "counts what the log has grown by",
    "administration:audit-unusual": "counts one's own refusals",
    "components:account": "lists one's own open browsers and sign-ins",
    "components:enrol": "shows a secret that is made on the spot",
}
# Pages that show names of colleagues of other units on purpose, and to whom.
COLLEAGUES = {"community:cover": "whoever is away names one of the same street"}
_NAME_OF_STAFF = re.compile(rf"<(option|label)\b[^>]*>[^<]*{SENTINEL}账号[^<]*</\1>".encode())
_STREET = path_of(A)[: path_of(A)[:-1].rfind("/") + 1]
# Ends the session that the walk needs.
_ENDS_SESSION = {"components:signout"}

_MOVING = [
    (re.compile(rb'(csrfmiddlewaretoken" value=|csrf-token" content=|nonce=)"[^"]*"'), rb"\1"),
    (re.compile(rb"X-CSRFToken[^}]*"), b"token"),
    (re.compile(rb"\b\d\d:\d\d(:\d\d)?\b"), b"time"),
]
_UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def owns(sign: Sign) -> bool:
    """Whether the planted person or institution is the sign's own."""
    return sign.subject in (("person", PERSON_1), ("institution", INSTITUTION_1))


def is_outsider(sign: Sign) -> bool:
    """Nothing of community A is for this sign."""
    if sign.subject is not None:
        return not owns(sign)
    return not path_of(A).startswith(path_of(sign.unit))


# A third and a fourth station elsewhere look and do not write: that is a matter of seconds.
LOOK_ONLY = {"worker-c", "worker-d"}
OUTSIDERS = [sign for sign in SIGNS if is_outsider(sign)]
INSIDERS = [sign for sign in SIGNS if not is_outsider(sign)]


@contextmanager
def undone() -> Iterator[None]:
    """Whatever happens inside is rolled back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@dataclass
class Walker:
    """One browser, signed in or not."""

    sign: Sign | None

    def __post_init__(self) -> None:
        self.client = Client(raise_request_exception=True)
        self.actor = actor(self.sign.username) if self.sign else None
        self.enter()

    @property
    def unit(self) -> str:
        return self.sign.unit if self.sign else "370000000000"

    def is_shut(self, route: Route) -> bool:
        """Whether the sign's role lacks the right that the route asks for."""
        access = route.access
        return bool(self.actor and access and access.right and not self.actor.can(access.right))

    def enter(self) -> None:
        self.client.cookies = SimpleCookie()
        if self.sign is not None:
            sign_in(self.client, self.sign.username)
        self.cookies = {name: morsel.value for name, morsel in self.client.cookies.items()}

    def ask(self, method: str, url: str, data: dict[str, Any] | None = None) -> Any:
        self.client.cookies = SimpleCookie(self.cookies)
        response = getattr(self.client, method)(url, data)
        if self.sign and response.headers.get("Location", "").startswith("/signin/"):
            # The step before ended the session.
            self.enter()
            response = getattr(self.client, method)(url, data)
        return response


def forged(things: dict[str, Any]) -> dict[str, Any]:
    """What somebody might send who knows the ids of A: every id under every likely name."""
    found: dict[str, Any] = {
        "unit": A,
        "below": path_of(A),
        "path": path_of(A),
        "unit_path": path_of(A),
        "q": "居民",
        "pick": [str(PERSON_1)],
        "query": f"unit={A}",
        "reason": "x",
        "password": "x",
        "on": "2026-06-02",
    }
    for name, value in things.items():
        if name.endswith("_id") and len(name) > len("xxx_id"):
            found[name] = found[name.removesuffix("_id")] = str(value)
    return found | {"unit": A}


def _plain(content: bytes, things: dict[str, Any]) -> bytes:
    for pattern, put in _MOVING:
        content = pattern.sub(put, content)
    known = {str(value).encode() for value in things.values() if not isinstance(value, dict)}
    content = re.sub(rb"\s+", b" ", content)
    return _UUID.sub(lambda m: m[0] if m[0] in known else b"uuid", content)


def _seen(response: Any, things: dict[str, Any]) -> tuple[Any, ...]:
    """What a response tells: status, where to, kind, length, and the page without what moves."""
    return (
        response.status_code,
        response.headers.get("Location"),
        response.headers.get("Content-Type"),
        _plain(response.content, things),
    )


def _told(response: Any) -> tuple[Any, ...]:
    """The same of a change: new rows have new numbers."""
    return response.status_code, re.sub(r"\d+", "N", response.headers.get("Location", ""))


def looks(walker: Walker, things: dict[str, Any], *, planted: bool) -> Seen:
    """GET and HEAD of every route, plain and with forged parameters."""
    found: Seen = {}
    extra = forged(things)
    for route in ROUTES:
        url = route.url(things)
        if walker.is_shut(route):
            # What is refused before the view runs cannot depend on rows.
            if planted:
                response = walker.ask("get", url)
                assert response.status_code == 403, route.name
                assert SENTINEL.encode() not in response.content, route.name
            continue
        for method, data in (("get", None), ("get", extra)):
            response = walker.ask(method, url, data)
            if response.status_code == 405:
                break
            key = (route.name, "forged" if data else method)
            if route.name in COLLEAGUES and path_of(walker.unit).startswith(_STREET):
                response.content = _NAME_OF_STAFF.sub(b"", response.content)
            assert SENTINEL.encode() not in response.content, key
            if route.name not in VOLATILE:
                found[key] = _seen(response, things)
            if response.status_code != 200:
                # What is refused or led elsewhere looks at no parameter.
                break
        if planted and (plain := found.get((route.name, "get"))):
            assert walker.ask("head", url).status_code in (plain[0], 405), route.name
    return found


def sends(walker: Walker, things: dict[str, Any], *, planted: bool) -> Seen:
    """POST to every route, with forged parameters."""
    found: Seen = {}
    extra = forged(things)
    for route in ROUTES:
        if route.name in _ENDS_SESSION or (walker.is_shut(route) and not planted):
            continue
        response = walker.ask("post", route.url(things), extra)
        if route.name in COLLEAGUES and path_of(walker.unit).startswith(_STREET):
            response.content = _NAME_OF_STAFF.sub(b"", response.content)
        assert SENTINEL.encode() not in response.content, (route.name, "post")
        if walker.is_shut(route):
            assert response.status_code == 403, (route.name, "post")
        else:
            found[route.name, "post"] = _told(response)
    return found


def digest_of_a(own: int = 0) -> dict[str, Any]:
    """What every fenced table holds for community A (the log apart, which tells of refusals).

    Apart from what the account ``own`` may change of itself: its password, its second factor.
    """
    lo, hi = below(path_of(A))
    found = {}
    with fence(system()), connection.cursor() as cursor:
        for model in scoped_models():
            table = model._meta.db_table
            if model.fence_write == "append":
                continue
            others = f"{model.fence_account} <> %s" if model.fence_account_writes else "%s >= 0"
            cursor.execute(
                f"SELECT count(*), md5(string_agg(t::text, chr(10) ORDER BY t::text)) "
                f'FROM "{table}" t WHERE unit_path >= %s AND unit_path < %s AND {others}',
                [lo, hi, own],
            )
            found[table] = cursor.fetchone()
    return found


def nothing_shows(sign: Sign | None) -> None:
    """For an outsider the product is the same whether A's rows are there or not, byte for byte.

    And nothing that an outsider sends changes them.
    """
    writes = sign is None or sign.username not in LOOK_ONLY
    with undone():
        walker, public = Walker(sign), plant_public()
        with undone():
            things = plant(public)
            own = walker.actor.account_id if walker.actor else 0
            before = digest_of_a(own)
            with undone():
                there = looks(walker, things, planted=True)
            if writes:
                there |= sends(walker, things, planted=True)
            assert digest_of_a(own) == before, "A's rows were changed"
        with undone():
            gone = looks(walker, things, planted=False)
        if writes:
            gone |= sends(walker, things, planted=False)
    for key, seen in there.items():
        assert seen == gone[key], f"{key} tells that A has rows: {_where(seen, gone[key])}"


def _where(one: tuple[Any, ...], other: tuple[Any, ...]) -> str:
    """The first difference, with a little around it."""
    if one[:3] != other[:3] or len(one) < 4:
        return f"{one[:3]} / {other[:3]}"
    a, b = one[3], other[3]
    at = next(
        (i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b))
    )
    cut = slice(max(0, at - 60), at + 60)
    return f"{a[cut].decode(errors='replace')!r} / {b[cut].decode(errors='replace')!r}"


def rights_bind(sign: Sign) -> None:
    """Above or inside A: pages without the right are refused, and nobody personal shows."""
    walker = Walker(sign)
    with undone():
        things = plant()
        personal = walker.actor.can("people.list") or walker.actor.can("people.read") or owns(sign)
        for route in ROUTES:
            url = route.url(things)
            if walker.is_shut(route):
                for method in ("get", "head", "post"):
                    response = walker.ask(method, url)
                    assert response.status_code == 403, (route.name, method)
                    assert SENTINEL.encode() not in response.content, (route.name, method)
            elif not personal:
                response = walker.ask("get", url)
                assert PERSONAL.encode() not in response.content, route.name
