"""The desks that there are, so that one leads to another."""

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse

from weiye.base.accounts.roles import roles
from weiye.base.scope.actor import Actor


@dataclass(frozen=True)
class Desk:
    """``home`` gives the address of the first page that an actor may open there, or ''."""

    key: str
    title: str
    drawing: str
    home: Callable[[Actor], str]


_DESKS: dict[str, Desk] = {}


def open_desk(desk: Desk) -> None:
    """Make a desk known; it calls this when its app is ready."""
    _DESKS[desk.key] = desk


def desks_of(actor: Actor) -> list[tuple[Desk, str]]:
    """The desks that an actor works at, each with its address."""
    return [(desk, url) for desk in _DESKS.values() if (url := desk.home(actor))]


def home_of(actor: Actor) -> str:
    """The address of the page that the role's work begins at."""
    desk = roles()[actor.role].desk
    address = next((url for each, url in desks_of(actor) if each.key == desk), "")
    return address or reverse("components:account")
