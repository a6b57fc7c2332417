"""Menu entries: (route, icon, label, right)."""

NAV: tuple[tuple[str, str, str, str], ...] = (
    ("administration:units", "sitemap", "区划与单位", ""),
)
