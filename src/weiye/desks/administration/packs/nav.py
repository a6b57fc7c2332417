"""Menu entries: (route, icon, label, right)."""

NAV: tuple[tuple[str, str, str, str], ...] = ()
