"""Pages by name, for those who read the log."""

from .menu import MENU

_WORDS = {
    "administration": "管理台",
    "community": "社区工作台",
    "components": "公用功能",
    "resident": "居民页面",
    "community:today": "今日",
    "community:ledger": "台账",
    "community:person": "居民详情",
    "community:person-edit": "核实信息",
    "community:reveal": "完整信息",
    "community:print": "打印清单",
    "community:summary": "辖区概况",
    "community:vacancies": "岗位",
    "community:training": "培训",
    "community:imports": "导入",
    "community:transfers": "迁移",
    "community:emergency": "申请紧急查阅",
    "community:emergency-end": "结束紧急查阅",
    "community:cover": "请人代班",
    "components:units": "查找单位",
    "components:export": "导出",
    "resident:mine": "居民本人的信息",
} | {route: label for route, _, label, _ in MENU}


def route_words(route: str) -> str:
    """The page that a route leads to; its desk, where the page has no name of its own here."""
    return _WORDS.get(route) or _WORDS.get(route.partition(":")[0], route)
