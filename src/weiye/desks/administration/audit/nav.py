"""Menu entries: (route, icon, label, right)."""

NAV: tuple[tuple[str, str, str, str], ...] = (
    ("administration:audit", "history", "操作记录", "audit.read"),
)
