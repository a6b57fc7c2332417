"""Who a session belongs to, inside the fence."""

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest

from .models import Account
from .queries import account_of_session


class FencedBackend(BaseBackend):
    """Finds the session's account. Signing in goes through `actions.signing` alone, which counts,
    audits and asks for the second factor: ``authenticate`` answers nobody."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> None:
        return None

    def get_user(self, user_id: int) -> Account | None:
        return account_of_session(user_id)
