"""Menu entries: (route, icon, label, right)."""

NAV: tuple[tuple[str, str, str, str], ...] = (
    ("administration:integrity", "checks", "数据检查", "integrity.read"),
)
