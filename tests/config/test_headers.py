"""What every response says to browsers, and the cookies behind HTTPS."""

import json
import os
import subprocess
import sys

import pytest
from django.test import Client, override_settings

from tests.world import sign_in

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/", "/signin/", "/healthz", "/nowhere/", "/community/"])
def test_no_response_goes_without(path: str) -> None:
    answer = Client().get(path)
    if path == "/healthz":
        assert answer.headers["Cache-Control"] == "no-store"
        return
    told = answer.headers
    assert told["X-Content-Type-Options"] == "nosniff"
    assert told["Referrer-Policy"] == "same-origin"
    assert told["Cross-Origin-Opener-Policy"] == "same-origin"
    assert told["Cross-Origin-Resource-Policy"] == "same-origin"
    assert told["X-Frame-Options"] == "DENY"
    assert "camera=()" in told["Permissions-Policy"]
    assert "geolocation=(self)" in told["Permissions-Policy"]
    policy = told["Content-Security-Policy"]
    for wanted in ("default-src 'self'", "script-src 'self'", "style-src 'self'",
                   "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'",
                   "form-action 'self'"):  # fmt: skip
        assert wanted in policy
    assert "unsafe" not in policy and "*" not in policy
    assert "Strict-Transport-Security" not in told


def test_https_is_remembered_where_there_is_https() -> None:
    with override_settings(HTTPS=True):
        told = Client().get("/signin/").headers
    assert told["Strict-Transport-Security"] == "max-age=31536000"


def test_pages_of_somebody_signed_in_are_kept_by_no_browser() -> None:
    client = Client()
    sign_in(client, "worker-a")
    answer = client.get("/community/", follow=True)
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    assert "no-store" not in Client().get("/").headers.get("Cache-Control", "")


def settings_with(**environ: str) -> dict[str, object]:
    script = (
        "import json; from weiye.config import settings as s\n"
        "print(json.dumps({k: getattr(s, k, None) for k in ('SESSION_COOKIE_NAME', "
        "'CSRF_COOKIE_NAME', 'SESSION_COOKIE_SECURE', 'CSRF_COOKIE_SECURE', "
        "'SESSION_COOKIE_HTTPONLY', 'CSRF_COOKIE_HTTPONLY', 'SESSION_COOKIE_SAMESITE', 'DEBUG')}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=os.environ | environ, capture_output=True, text=True
    )
    told: dict[str, object] = json.loads(done.stdout)
    return told


def test_cookies_behind_https_bear_the_host_prefix() -> None:
    told = settings_with(WEIYE_HTTPS="1")
    assert told["SESSION_COOKIE_NAME"] == "__Host-weiye"
    assert told["CSRF_COOKIE_NAME"] == "__Host-weiye-csrf"
    assert told["SESSION_COOKIE_SECURE"] and told["CSRF_COOKIE_SECURE"]
    plain = settings_with(WEIYE_HTTPS="0")
    assert plain["SESSION_COOKIE_NAME"] is None and plain["SESSION_COOKIE_SECURE"] is False
    for each in (told, plain):
        assert each["SESSION_COOKIE_HTTPONLY"] and each["CSRF_COOKIE_HTTPONLY"]
        assert each["SESSION_COOKIE_SAMESITE"] == "Lax" and each["DEBUG"] is False
