"""Browse and search the tree, and change it."""

from typing import cast

from django.http import HttpRequest

from weiye.base.scope.actor import Actor


def actor_of(request: HttpRequest) -> Actor:
    """The one who asks; the gate has set it."""
    return cast(Actor, request.actor)  # type: ignore[attr-defined]
