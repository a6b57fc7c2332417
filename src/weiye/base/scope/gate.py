"""The gate: every view is run from here, inside the fence, or not at all."""

import logging
from collections.abc import Callable, Coroutine
from contextlib import nullcontext
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.urls import ResolverMatch

from weiye.base.accounts.queries import actor_of_request
from weiye.base.audit.actions import record

from .access import Access, declared
from .actor import Actor, NotAllowed
from .fence import fence

log = logging.getLogger("weiye.gate")

# A visitor's fence is shut: this range holds nothing.
VISITOR = Actor(account_id=None, name="访客", role="visitor", path="~/")


class Gate:
    """Refuses views that declare no access; sets ``request.actor`` for the others."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponseBase:
        access = declared(view)
        if access is None:
            log.error("view %r declares no access; refused", getattr(view, "__name__", view))
            raise PermissionDenied
        actor = actor_of_request(request)
        request.actor = actor or VISITOR  # type: ignore[attr-defined]
        if access.kind != "public":
            if actor is None:
                if request.user.is_authenticated:
                    raise PermissionDenied
                return redirect_to_login(request.get_full_path(), settings.LOGIN_URL)
            if access.kind == "right" and not actor.can(access.right):
                refuse(request, actor, access)
                raise PermissionDenied
        try:
            with nullcontext() if access.apart else fence(request.actor):  # type: ignore[attr-defined]
                if request.actor.emergency is not None:  # type: ignore[attr-defined]
                    with fence(request.actor):  # type: ignore[attr-defined]
                        opened(request)
                response: HttpResponseBase = view(request, *args, **kwargs)
                if isinstance(response, Coroutine):
                    response.close()
                    raise RuntimeError("no asynchronous view: it would run outside the fence")
                # Rendered inside the fence: templates may still read.
                if hasattr(response, "render") and callable(response.render):
                    response = response.render()
                if getattr(response, "streaming", False):
                    raise RuntimeError("no streaming response: it would run outside the fence")
        except NotAllowed as error:
            refuse(request, actor or VISITOR, access)
            raise PermissionDenied from error
        return response


def opened(request: HttpRequest) -> None:
    """Log what is opened under an emergency access, in the request's transaction."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    match: ResolverMatch | None = request.resolver_match
    record(
        actor=actor,
        verb="emergency.read",
        path=actor.path,
        thing=("emergency", str(actor.emergency)),
        detail={
            "route": match.view_name if match else "",
            **{name: str(value) for name, value in (match.kwargs if match else {}).items()},
        },
        about=match.kwargs.get("person_id") if match else None,
    )


def refuse(request: HttpRequest, actor: Actor, access: Access) -> None:
    """Log a refusal in a transaction of its own: the request's is rolled back."""
    match: ResolverMatch | None = request.resolver_match
    with fence(actor):
        record(
            actor=actor,
            verb="refused",
            path=actor.path,
            detail={"route": match.view_name if match else "", "right": access.right},
        )
