"""Tags of the administration desk's templates."""

from django import template

from weiye.base.audit.words import VERBS

from ..menu import MENU

register = template.Library()


@register.simple_tag
def administration_menu() -> tuple[tuple[str, str, str, str], ...]:
    return MENU


_ROUTES = {
    "community:today": "今日",
    "community:ledger": "台账",
    "community:person": "居民详情",
    "community:reveal": "完整信息",
    "community:print": "打印清单",
    "community:summary": "汇总",
    "community:vacancies": "岗位",
    "community:training": "培训",
    "community:emergency-end": "结束紧急查阅",
}


@register.filter
def emergency_verb(verb: str) -> str:
    """What was done under an emergency access, in words."""
    return VERBS[verb].words if verb in VERBS else verb


@register.filter
def route_words(route: str) -> str:
    return _ROUTES.get(route, route)
