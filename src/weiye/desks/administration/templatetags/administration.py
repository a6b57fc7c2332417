"""Tags of the administration desk's templates."""

from django import template

from weiye.base.audit.words import VERBS

from ..menu import MENU
from ..routes import route_words

register = template.Library()


@register.simple_tag
def administration_menu() -> tuple[tuple[str, str, str, str], ...]:
    return MENU


@register.filter
def emergency_verb(verb: str) -> str:
    """What was done under an emergency access, in words."""
    return VERBS[verb].words if verb in VERBS else verb


register.filter(route_words)
