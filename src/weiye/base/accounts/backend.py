"""Django's sign-in, inside the fence."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from weiye.base.scope.fence import fence, own

from .models import Account


class FencedBackend(ModelBackend):
    """Finds accounts under row-level security: by the name that was typed, or the session's own."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> Account | None:
        with fence(own(None), username=username or ""):
            return super().authenticate(request, username=username, password=password, **kwargs)

    def get_user(self, user_id: int) -> Account | None:
        with fence(own(user_id)):
            return super().get_user(user_id)
