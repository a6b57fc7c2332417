"""Menu entries: (route, icon, label, right)."""

NAV: tuple[tuple[str, str, str, str], ...] = (
    ("administration:integrity", "checks", "数据检查", "integrity.read"),
    ("administration:retention", "clock", "数据保留", "retention.manage"),
)
