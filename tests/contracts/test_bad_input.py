"""What strangers send: refused or answered plainly, never an error of ours, nothing leaked.

Every route is tried, by what the URL map says of its arguments; a new route is covered as soon as
it exists.
"""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.world import PASSWORD, A, account, actor, path_of, sign_in
from weiye.base.accounts.models import Membership
from weiye.base.files.models import StoredFile
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence
from weiye.registers.employers.models import Vacancy
from weiye.registers.people.models import Person

pytestmark = pytest.mark.django_db

NUL = "\0"
WEIRD = ("'", '"><script>alert(1)</script>', "%00", "${7*7}", "{{7*7}}", "\u202e", "é" * 5000)


def routes(resolver: URLResolver | None = None, space: str = "") -> Iterator[tuple[str, Any]]:
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLPattern):
            yield space + (entry.name or ""), entry.pattern.converters
        else:
            inner = f"{space}{entry.namespace}:" if entry.namespace else space
            yield from routes(entry, inner)


SIGNING_OUT = {"components:signout"}
ROUTES = sorted((r for r in routes() if r[0] not in SIGNING_OUT), key=lambda route: route[0])


def addresses(number: int = 1, text: str = "x") -> Iterator[tuple[str, str]]:
    """Every route's address with the same made-up arguments."""
    for name, converters in ROUTES:
        arguments: dict[str, Any] = {}
        for key, converter in converters.items():
            kind = type(converter).__name__
            arguments[key] = {
                "IntConverter": number,
                "UUIDConverter": uuid.UUID(int=number % 2**128),
            }.get(kind, text)
        yield name, reverse(name, kwargs=arguments)


@pytest.fixture
def worker() -> Client:
    client = Client()
    sign_in(client, "worker-a")
    return client


@pytest.fixture
def person(db: None) -> Person:
    from weiye.base.regions.models import Unit

    with fence(system()):
        unit = Unit.objects.get(code=A)
        return Person.objects.create(
            unit=unit, unit_path=unit.path, name="张三", source="t", as_of="2026-01-01"
        )


def plainly(answer: Any, name: str) -> None:
    assert answer.status_code < 500, name
    assert "Traceback" not in answer.content.decode(errors="replace"), name


@pytest.mark.parametrize("number", [0, 1, 2**31, 2**63, 10**30], ids=str)
def test_numbers_that_name_nothing(worker: Client, number: int) -> None:
    for name, url in addresses(number):
        for method in ("get", "post"):
            plainly(getattr(worker, method)(url), f"{method} {name}")


@pytest.mark.parametrize("username", ["worker-a", "county", "admin"])
def test_odd_parameters(username: str) -> None:
    client = Client()
    sign_in(client, username)
    keys = ("q", "page", "sort", "unit", "col", "next", "as_of", "from", "to", "id", "step")
    for name, url in addresses():
        for value in (NUL, "-1", "9" * 40, WEIRD[1], "2026-02-30"):
            answer = client.get(url, dict.fromkeys(keys, value))
            plainly(answer, f"{name} {value!r}")
            assert WEIRD[1] not in answer.content.decode(errors="replace"), name


@pytest.mark.parametrize("value", [NUL, *WEIRD[:3]], ids=repr)
def test_odd_forms(worker: Client, value: str) -> None:
    keys = ("q", "name", "title", "username", "password", "reason", "note", "unit", "on", "kind",
            "membership", "ids", "version", "field", "file", "next")  # fmt: skip
    for name, url in addresses():
        answer = worker.post(url, dict.fromkeys(keys, value))
        plainly(answer, name)
        assert WEIRD[1] not in answer.content.decode(errors="replace"), name
        sign_in(worker, "worker-a")


def test_bytes_that_are_no_text(worker: Client) -> None:
    for name, url in addresses():
        plainly(worker.get(f"{url}?q=%ff%fe&page=%c0%af"), name)
        plainly(
            worker.generic(
                "POST", url, b"\xff\xfe=%ff", content_type="application/x-www-form-urlencoded"
            ),
            name,
        )
        plainly(
            worker.generic("POST", url, b"--x\r\nrubbish", "multipart/form-data; boundary=y"), name
        )


def test_ten_megabytes_of_json(worker: Client) -> None:
    body = b'{"a": "' + b"x" * (10 * 2**20) + b'"}'
    for name, url in addresses():
        plainly(worker.generic("POST", url, body, content_type="application/json"), name)
        sign_in(worker, "worker-a")


def test_more_fields_than_a_form_can_have(worker: Client) -> None:
    body = "&".join(f"f{n}=1" for n in range(settings.DATA_UPLOAD_MAX_NUMBER_FIELDS + 10))
    for name, url in addresses():
        answer = worker.generic("POST", url, body, "application/x-www-form-urlencoded")
        plainly(answer, name)
        sign_in(worker, "worker-a")


def test_methods_that_nobody_asked_for(worker: Client) -> None:
    for name, url in addresses():
        for method in ("PUT", "DELETE", "PATCH", "TRACE", "PROPFIND", "QUERY"):
            answer = worker.generic(method, url)
            assert 400 <= answer.status_code < 500, f"{method} {name}: {answer.status_code}"


def test_a_tampered_cookie_is_nobodys(worker: Client) -> None:
    name = settings.SESSION_COOKIE_NAME
    key = worker.cookies[name].value
    swapped = ("b" if key[0] == "a" else "a") + key[1:]
    for forged in (swapped, key[:-1], key + "x", "", "'; --", "../../etc", "x" * 5000):
        worker.cookies[name] = forged
        answer = worker.get("/community/people/")
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/signin/")


def test_what_is_inside_a_session_cannot_be_written_from_outside(worker: Client) -> None:
    """The cookie is a random key; forged contents under a key of one's own are nobody's either."""
    from django.core import signing

    worker.cookies[settings.SESSION_COOKIE_NAME] = signing.dumps(
        {"_auth_user_id": "1"}, key="another key"
    )
    assert worker.get("/community/people/").status_code == 302


def test_a_session_of_before_signing_out_is_nobodys(worker: Client) -> None:
    name = settings.SESSION_COOKIE_NAME
    key = worker.cookies[name].value
    assert worker.get("/community/people/").status_code == 200
    worker.post("/signout/")
    replayed = Client()
    replayed.cookies[name] = key
    assert replayed.get("/community/people/").status_code == 302


def test_a_csrf_token_of_another_session_or_none_is_refused(person: Person) -> None:
    mine, theirs = Client(enforce_csrf_checks=True), Client(enforce_csrf_checks=True)
    for client, username in ((mine, "worker-a"), (theirs, "worker-b")):
        sign_in(client, username)
        client.get("/community/people/")
    token = theirs.cookies["csrftoken"].value
    for name, url in addresses():
        for sent in ({}, {"csrfmiddlewaretoken": token}, {"csrfmiddlewaretoken": "x"}):
            answer = mine.post(url, sent)
            assert answer.status_code in (403, 405), f"{name}: {answer.status_code}"


def test_a_session_of_before_the_sign_in_is_not_taken_over() -> None:
    """Session fixation: the key that a stranger planted is another one after signing in."""
    client = Client()
    client.get("/signin/")
    planted = client.session
    planted["planted"] = "1"
    planted.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = planted.session_key
    sent = {"username": "worker-a", "password": PASSWORD}
    assert client.post("/signin/", sent).status_code == 302
    assert client.cookies[settings.SESSION_COOKIE_NAME].value != planted.session_key


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_nobody_is_sent_elsewhere(target: str) -> None:
    client = Client()
    sent = {"username": "worker-a", "password": PASSWORD, "next": target}
    assert "evil" not in client.post("/signin/", sent).headers["Location"]
    for name, url in addresses():
        for answer in (client.get(url, {"next": target}), client.post(url, {"next": target})):
            assert "evil.example" not in answer.headers.get("Location", "").split("?")[0], name
            assert not answer.headers.get("Location", "").startswith(("//", "java")), name
        sign_in(client, "worker-a")


def test_a_host_that_is_not_ours() -> None:
    assert Client().get("/", headers={"host": "evil.example"}).status_code == 400


def test_someone_elses_membership_is_not_taken(worker: Client) -> None:
    with fence(system()):
        theirs = Membership.objects.get(account=account("county")).pk
    worker.post("/account/switch/", {"membership": str(theirs)})
    assert worker.get("/community/people/").context["actor"].role == "station_worker"


def test_extra_fields_have_no_effect(worker: Client, person: Person) -> None:
    """Mass assignment: a form takes its own fields and nothing else."""
    other = path_of("371002001002")
    extra = {
        "unit": "2", "unit_id": "2", "unit_path": other, "id": "1", "pk": "1", "synthetic": "1",
        "id_index": "0" * 64, "role": "administrator", "account": "1", "is_active": "1",
        "state": "published", "right": "*", "actor": "system",
    }  # fmt: skip
    for name, url in addresses(person.pk):
        worker.post(url, extra)
        if name.startswith("components:"):
            sign_in(worker, "worker-a")
    with fence(system()):
        row = Person.objects.get(pk=person.pk)
        assert (row.unit_path, row.synthetic, row.id_index) == (path_of(A), False, None)
        assert not Person.objects.filter(unit_path=other).exists()
        assert not Vacancy.objects.filter(unit_path=other).exists()
        mine = Membership.objects.filter(account=account("worker-a"))
        assert set(mine.values_list("role", flat=True)) == {"station_worker"}
    assert actor("worker-a").path == path_of(A)


@pytest.mark.parametrize(
    "name",
    [
        "../../../etc/passwd.csv",
        "..\\..\\win.ini.csv",
        "/etc/shadow.csv",
        "a\r\nSet-Cookie: x=1.csv",
    ],
)
def test_a_path_in_a_file_name_leads_nowhere(worker: Client, name: str) -> None:
    content = "姓名\n张三\n".encode()
    upload = SimpleUploadedFile("x.csv", content, "text/csv")
    upload._name = name
    worker.post("/community/imports/", {"file": upload, "kind": "roster", "as_of": "2026-01-01"})
    with fence(system()):
        for stored in StoredFile.objects.order_by("pk"):
            assert not {"/", "\\", "\r", "\n"} & set(stored.name), stored.name


@pytest.mark.parametrize(
    "path",
    [
        "/static/../weiye/config/settings.py",
        "/static/%2e%2e/%2e%2e/etc/passwd",
        "/static/..%2f..%2fetc%2fpasswd",
        "/static//etc/passwd",
        "/community/downloads/../../etc/passwd/",
        "/.git/config",
        "/var/secrets.json",
    ],
)
def test_no_path_leads_out_of_the_static_files(worker: Client, path: str) -> None:
    answer = worker.get(path)
    assert answer.status_code in (301, 302, 404)
    text = b"".join(answer) if answer.streaming else answer.content
    assert b"root:" not in text
    assert b"SECRET_KEY" not in text
