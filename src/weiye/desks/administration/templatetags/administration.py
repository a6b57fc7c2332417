"""Tags of the administration desk's templates."""

from django import template

from ..menu import MENU

register = template.Library()


@register.simple_tag
def administration_menu() -> tuple[tuple[str, str, str, str], ...]:
    return MENU


_VERBS = {
    "emergency.claim": "开始紧急查阅",
    "emergency.end": "提前结束",
    "emergency.read": "打开页面",
    "person.read": "看了居民详情",
    "person.reveal": "看了完整的证件号、电话或住址",
    "person.print": "打印了居民的清单",
    "refused": "想看，被拒绝",
}
_ROUTES = {
    "community:today": "今日",
    "community:ledger": "台账",
    "community:person": "居民详情",
    "community:reveal": "完整信息",
    "community:print": "打印清单",
    "community:summary": "汇总",
    "community:vacancies": "岗位",
    "community:training": "培训",
}


@register.filter
def emergency_verb(verb: str) -> str:
    """What was done under an emergency access, in words."""
    return _VERBS.get(verb, verb)


@register.filter
def route_words(route: str) -> str:
    return _ROUTES.get(route, route)
