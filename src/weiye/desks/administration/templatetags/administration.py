"""Tags of the administration desk's templates."""

from dataclasses import dataclass

from django import template
from django.template.context import RequestContext
from django.urls import reverse

from weiye.base.audit.words import VERBS

from ..menu import MENU
from ..routes import route_words

register = template.Library()


Entries = tuple[tuple[str, str, str, str], ...]

# What a phone's bar holds: five targets, the last of them 更多 where there are more.
BAR = 5


@dataclass(frozen=True)
class Menu:
    """What the viewer may open: ``bar`` always in sight, ``rest`` behind 更多 on a phone."""

    bar: Entries
    rest: Entries
    in_rest: bool
    """The page is one of ``rest``."""


@register.simple_tag(takes_context=True)
def administration_menu(context: RequestContext) -> Menu:
    actor = context.get("actor")
    shown = tuple(
        entry for entry in MENU if not entry[3] or (actor is not None and actor.can(entry[3]))
    )
    cut = len(shown) if len(shown) <= BAR else BAR - 1
    here = context["request"].path
    return Menu(
        shown[:cut], shown[cut:], any(here.startswith(reverse(entry[0])) for entry in shown[cut:])
    )


@register.filter
def emergency_verb(verb: str) -> str:
    """What was done under an emergency access, in words."""
    return VERBS[verb].words if verb in VERBS else verb


register.filter(route_words)
