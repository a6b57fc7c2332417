"""How facts are said on a page: hours, pay, walking, education."""

from weiye.registers.people.models import EDUCATION

# Bit of the hours mask → words, in the order of a week.
HOURS = {
    1: "工作日上午",
    2: "工作日下午",
    4: "工作日晚上",
    8: "夜间",
    16: "周末上午",
    32: "周末下午",
    64: "周末晚上",
}
_WHOLE = [
    (1 | 2 | 4, "工作日全天"),
    (1 | 2, "工作日白天"),
    (16 | 32 | 64, "周末全天"),
    (16 | 32, "周末白天"),
]


def hours_words(mask: int) -> str:
    """Say a mask of hours.

    >>> hours_words(3), hours_words(127), hours_words(4 | 48)
    ('工作日白天', '时间不限', '工作日晚上、周末白天')
    """
    if mask == 127:
        return "时间不限"
    parts: list[tuple[int, str]] = []
    for bits, words in _WHOLE:
        if mask & bits == bits:
            parts.append((bits & -bits, words))
            mask &= ~bits
    parts += [(bit, words) for bit, words in HOURS.items() if mask & bit]
    return "、".join(words for _, words in sorted(parts))


def wage_words(low: int | None, high: int | None) -> str:
    """Say a monthly pay in yuan.

    >>> wage_words(3200, 4500), wage_words(3000, None), wage_words(None, None)
    ('3,200–4,500元/月', '3,000元/月起', '面议')
    """
    if low and high:
        return f"{low:,}元/月" if low == high else f"{low:,}–{high:,}元/月"
    if low:
        return f"{low:,}元/月起"
    return f"最高{high:,}元/月" if high else "面议"


def education_words(code: int | None) -> str:
    """The name of a GB/T 4658 code, by its first digit."""
    if code is None:
        return "未登记"
    return EDUCATION.get(code // 10 * 10, "未登记")


def age_words(low: int | None, high: int | None) -> str:
    if low and high:
        return f"{low}–{high}周岁"
    if low:
        return f"{low}周岁以上"
    return f"{high}周岁以下" if high else "不限（年满16周岁）"


def distance_words(metres: float) -> str:
    """Say a distance: 850米, 1.2公里."""
    return f"{round(metres / 10) * 10}米" if metres < 1000 else f"{metres / 1000:.1f}公里"
