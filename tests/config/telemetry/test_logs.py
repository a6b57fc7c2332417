"""What ends up in the log files when requests and jobs carry or hit personal data."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path

from tests.world import sign_in
from weiye.base.scope.access import public, signed_in
from weiye.config.telemetry import logs

pytestmark = pytest.mark.django_db

PLANTED = ["379902199001011234", "20000123456", "张三丰", "ZhangSanfeng"]


@public("for this test")
def breaks(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE planted (id_index text UNIQUE, name text)")
        cursor.execute("INSERT INTO planted VALUES ('379902199001011234', '张三丰')")
        cursor.execute("INSERT INTO planted VALUES ('379902199001011234', '张三丰')")
    return HttpResponse()


@public("for this test")
def raises(request: HttpRequest, word: str) -> HttpResponse:
    row = {"name": "ZhangSanfeng", "phone": "20000123456"}
    try:
        raise ValueError(f"cannot read {row} of 张三丰 {word}")
    except ValueError as error:
        raise RuntimeError("row 17 of 379902199001011234 is bad") from error


@signed_in
def fine(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


urlpatterns = [
    path("breaks/", breaks, name="breaks"),
    path("raises/<str:word>/", raises, name="raises"),
    path("fine/", fine, name="fine"),
]
handler404 = handler500 = "tests.config.telemetry.test_logs.plain"


def plain(request: HttpRequest, *_: object, **__: object) -> HttpResponse:
    return HttpResponse(status=500)


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """All that the root handler writes, as the web process does."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.formatter(json=True))
    for name in ("quiet", "event"):
        handler.addFilter({"quiet": logs.Quiet, "event": logs.Event}[name]())
    root = logging.getLogger()
    root.addHandler(handler)
    yield stream
    root.removeHandler(handler)


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@override_settings(ROOT_URLCONF=__name__)
@pytest.mark.parametrize(
    "address",
    ["/breaks/?q=张三丰", "/raises/20000123456/?id=379902199001011234", "/张三丰/20000123456/"],
)
def test_errors_are_told_without_the_data_that_they_hit(written: io.StringIO, address: str) -> None:
    answer = Client(raise_request_exception=False).get(address)
    said = written.getvalue()
    assert not [word for word in PLANTED if word in said]
    (line,) = [each for each in lines(written) if each["event"] == "request"]
    assert line["request"] == answer.headers["X-Request-ID"]
    assert line["status"] == answer.status_code
    if "breaks" in address:
        assert "sqlstate=23505" in said and "planted_id_index_key" in said
    if "raises" in address:
        (failed,) = [each for each in lines(written) if "error" in each]
        kinds = [each["type"] for each in failed["error"]]  # type: ignore[attr-defined]
        assert kinds == ["RuntimeError", "ValueError"]
        assert "test_logs.py" in str(failed["error"])
        assert failed["request"] == line["request"]


@override_settings(ROOT_URLCONF=__name__)
def test_one_line_for_a_request_says_who_where_and_how_long(written: io.StringIO) -> None:
    client = Client()
    sign_in(client, "worker-a")
    number = "0" * 31 + "a"
    client.get("/fine/?name=张三丰", headers={"X-Request-ID": number})
    (line,) = [each for each in lines(written) if each["event"] == "request"]
    assert line["route"] == "fine" and line["method"] == "GET" and line["status"] == 200
    assert line["role"] == "station_worker" and line["unit"] == "37/10/02/001/001/"
    assert isinstance(line["account"], int) and isinstance(line["ms"], float)
    assert line["request"] == number
    assert "worker-a" not in written.getvalue()


@pytest.mark.parametrize("given", ["379902199001011234", "a" * 33, "x\nforged", "../../etc"])
def test_a_request_id_that_is_none_is_replaced(given: str) -> None:
    answer = Client().get("/signin/", headers={"X-Request-ID": given.replace("\n", " ")})
    assert answer.headers["X-Request-ID"] != given
    assert len(answer.headers["X-Request-ID"]) == 32


def test_what_libraries_say_takes_the_same_way(written: io.StringIO) -> None:
    logging.getLogger("some.library").warning("row %s of %s", {"name": "ZhangSanfeng"}, "张三丰")
    logging.getLogger("some.library").error("x", extra={"request": "379902199001011234"})
    assert not [word for word in PLANTED if word in written.getvalue()]
    assert lines(written)[0]["logger"] == "some.library"


def test_an_error_outside_everything_is_told_the_same_way(written: io.StringIO) -> None:
    try:
        raise ValueError("张三丰 379902199001011234")
    except ValueError as error:
        logs.last_words(type(error), error, error.__traceback__)
    assert not [word for word in PLANTED if word in written.getvalue()]
    assert "ValueError" in written.getvalue()


def test_at_a_terminal_it_is_plain_and_scrubbed_too() -> None:
    record = logging.LogRecord("x", logging.ERROR, "f", 1, "id 379902199001011234", None, None)
    line = logs.formatter(json=False).format(record)
    assert "379902199001011234" not in line and "error x id" in line
