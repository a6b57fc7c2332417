"""How rows that move along are said."""

from collections.abc import Mapping

# What people count; everything else is summed up.
_SAID = {
    "people.Person": ("居民", "人"),
    "assistance.AssistanceFile": ("援助档案", "份"),
    "employers.Employer": ("用人单位", "家"),
    "employers.Vacancy": ("岗位", "个"),
    "accounts.Account": ("账号", "个"),
    "accounts.Membership": ("授权", "项"),
}


def rows_words(rows: Mapping[str, int]) -> list[str]:
    """ "居民 12 人", "账号 2 个", …, and the rest in one."""
    said = [
        f"{words} {rows[label]:,} {measure}"
        for label, (words, measure) in _SAID.items()
        if rows.get(label)
    ]
    rest = sum(number for label, number in rows.items() if label not in _SAID)
    return [*said, f"其他记录 {rest:,} 条"] if rest else said
