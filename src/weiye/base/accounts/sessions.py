"""Sessions: ended when idle, ended after a day's work, listed and ended by their owner.

The browser holds the key, the database a digest of it: who reads the table cannot sign in with it.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth import SESSION_KEY as ACCOUNT
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.utils import timezone

from .models import Session
from .rules import rules

# In the session's data: since when it is signed in, from where, with what.
SINCE, ADDRESS, BROWSER = "since", "address", "browser"
# A page every second need not write every second.
_WORTH_WRITING = 60


class SessionStore(DatabaseStore):
    """Django's database sessions with both limits of `rules` kept by the row itself."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    @staticmethod
    def now() -> datetime:
        return timezone.now()

    @staticmethod
    def digest(key: str) -> str:
        return hashlib.sha256(f"weiye session/{key}".encode()).hexdigest()[:40]

    def _get_session_from_db(self) -> Session | None:
        key = self.session_key
        now = self.now()
        found = (
            Session.objects.filter(session_key=self.digest(key), expire_date__gt=now).first()
            if key
            else None
        )
        if found is None:
            self._session_key = None
            return None
        if (now - found.seen_at).total_seconds() >= _WORTH_WRITING:
            end = _end(found.started_at, now)
            Session.objects.filter(pk=found.pk).update(seen_at=now, expire_date=end)
        return found

    def exists(self, session_key: str) -> bool:
        return Session.objects.filter(session_key=self.digest(session_key)).exists()

    def create_model_instance(self, data: Mapping[str, Any]) -> Session:
        now = self.now()
        key: str = self._get_or_create_session_key()  # type: ignore[attr-defined]
        since = data.get(SINCE)
        started = datetime.fromisoformat(since) if since else now
        return Session(
            session_key=self.digest(key),
            session_data=self.encode(dict(data)),
            expire_date=_end(started, now),
            account_id=int(data[ACCOUNT]) if ACCOUNT in data else None,
            started_at=started,
            seen_at=now,
            address=str(data.get(ADDRESS, ""))[:45],
            browser=str(data.get(BROWSER, ""))[:60],
        )

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key:
            Session.objects.filter(session_key=self.digest(key)).delete()


def _end(started: datetime, seen: datetime) -> datetime:
    return min(seen + rules().idle, started + rules().session)


def browser_name(agent: str) -> str:
    """A browser and its system in plain words, from the ``User-Agent`` that it sends.

    >>> browser_name("Mozilla/5.0 (Windows NT 10.0) Chrome/120.0 Safari/537.36 Edg/120.0")
    'Edge（Windows）'
    """
    program = next(
        (
            name
            for mark, name in (
                ("MicroMessenger", "微信"),
                ("DingTalk", "钉钉"),
                ("QIHU", "360浏览器"),
                ("360SE", "360浏览器"),
                ("Edg", "Edge"),
                ("Firefox", "Firefox"),
                ("QQBrowser", "QQ浏览器"),
                ("Chrome", "Chrome"),
                ("Safari", "Safari"),
            )
            if mark in agent
        ),
        "其他浏览器",
    )
    system = next(
        (
            name
            for mark, name in (
                ("HarmonyOS", "鸿蒙"),
                ("Android", "安卓"),
                ("iPhone", "苹果手机"),
                ("iPad", "苹果平板"),
                ("Windows", "Windows"),
                ("Mac OS", "苹果电脑"),
                ("Linux", "Linux"),
            )
            if mark in agent
        ),
        "",
    )
    return f"{program}（{system}）" if system else program
