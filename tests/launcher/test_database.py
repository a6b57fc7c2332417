"""DATABASE_URL: each thing that can be wrong is one sentence, without the password."""

from typing import Any

import pytest

from weiye.launcher import database
from weiye.launcher.keys import Keys
from weiye.launcher.trouble import Trouble

URL = "postgresql://owner:s%40cret@db.example:5433/weiye?sslmode=require"


@pytest.mark.parametrize(
    "url",
    [
        "mysql://a:b@c/d",
        "postgresql://a:secret@c",
        "postgresql://a:secret@c/",
        "postgresql:///weiye",
        "postgresql://host/weiye",
        "postgresql://a:secret@c:port/weiye",
        "postgresql://a:secret@[::1/weiye",
        "host=localhost dbname=weiye password=secret",
        "nonsense",
    ],
)
def test_a_wrong_form_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(Trouble) as caught:
        database.check_form(url)
    assert database.FORM in str(caught.value)
    assert "secret" not in str(caught.value)


def test_both_names_of_the_scheme_pass() -> None:
    database.check_form(URL)
    database.check_form("postgres://owner@db/weiye")


def test_the_product_logs_in_as_weiye_app_on_the_same_database() -> None:
    keys = Keys(app_password="p/w")
    assert database.app_url(URL, keys, {}) == (
        "postgresql://weiye_app:p%2Fw@db.example:5433/weiye?sslmode=require"
    )
    assert database.app_url(URL, keys, {"WEIYE_APP_URL": "postgresql://x"}) == "postgresql://x"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"error": 'password authentication failed for user "owner"', "state": None}, "refuses"),
        ({"error": "FATAL:  何か", "state": "28P01"}, "refuses"),
        ({"error": 'database "weiye" does not exist', "state": None}, "no database named weiye"),
        ({"error": 'role "owner" does not exist', "state": None}, "no user named owner"),
        ({"error": "connection failed: Connection refused", "state": None}, "nothing listens"),
        ({"error": "failed to resolve host 'db.example'", "state": None}, "no machine of that"),
        ({"error": "connection timeout expired", "state": None}, "in time"),
        ({"error": "fe_sendauth: no password supplied", "state": None}, "wants a password"),
        ({"error": 'no pg_hba.conf entry for host "1.2.3.4"', "state": None}, "pg_hba.conf"),
        ({"error": "FATAL: sorry, too many clients already", "state": None}, "no connection left"),
        ({"error": "something new about s@cret", "state": None}, "something new about …"),
        ({"version": 140009}, "PostgreSQL 14.9; 15 or newer is needed"),
        ({"version": 90624}, "15 or newer is needed"),
    ],
)
def test_each_failure_is_one_sentence(answer: dict[str, Any], words: str) -> None:
    with pytest.raises(Trouble) as caught:
        database.judge(URL, answer)
    said = str(caught.value)
    assert words in said
    assert "db.example:5433" in said
    assert "s@cret" not in said and "s%40cret" not in said
    assert "\n" not in said


@pytest.mark.parametrize("version", [150000, 150018, 180004])
def test_fifteen_and_newer_will_do(version: int) -> None:
    database.judge(URL, {"version": version})
