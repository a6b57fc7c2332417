"""Settings of the tests: strict, quick hashing, and two real logins as in production.

``default`` is the fenced login ``weiye_app`` on the test database that ``owner`` creates: with one
alias the login would own the tables and row-level security would be off.
"""

import os
from urllib.parse import urlsplit

for _name, _value in {
    "WEIYE_SECRET_KEY": "test-only-not-a-secret",
    "WEIYE_FIELD_KEY": "00" * 31 + "01",
    "WEIYE_INDEX_KEY": "00" * 31 + "02",
}.items():
    os.environ.setdefault(_name, _value)

# Two runs side by side (pytest-xdist): a database for each, told to what they start as well.
_worker = os.environ.get("PYTEST_XDIST_WORKER", "")
if _worker and os.environ.get("WEIYE_TEST_WORKER") != _worker:
    os.environ["WEIYE_TEST_WORKER"] = _worker
    for _name in ("WEIYE_OWNER_URL", "WEIYE_APP_URL"):
        if _name in os.environ:
            _url = urlsplit(os.environ[_name])
            os.environ[_name] = _url._replace(path=f"{_url.path}_{_worker}").geturl()

from weiye.config.settings import *  # noqa: E402, F403
from weiye.config.settings import DATABASES, STATIC_ROOT, TEMPLATES  # noqa: E402

DATABASES["default"]["TEST"] = {"MIRROR": "owner"}
for _database in DATABASES.values():
    _database["CONN_MAX_AGE"] = 0

# Static files come from the finders; the folder itself must be there, or it is warned about.
STATIC_ROOT.mkdir(parents=True, exist_ok=True)

# Tests of signing in set it; the others sign in by name and password alone.
TOTP = "optional"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
TEMPLATES[0]["OPTIONS"]["string_if_invalid"] = "‼ missing variable %s ‼"
