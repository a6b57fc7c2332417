"""Tags of the administration desk's templates."""

from django import template

from ..menu import MENU

register = template.Library()


@register.simple_tag
def administration_menu() -> tuple[tuple[str, str, str, str], ...]:
    return MENU
