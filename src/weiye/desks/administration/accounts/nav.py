"""Menu entries: (route, icon, label, right)."""

NAV: tuple[tuple[str, str, str, str], ...] = (
    ("administration:accounts", "users", "账号", "accounts.manage"),
    ("administration:accounts-review", "user-check", "入职、调动和离职", "accounts.manage"),
    ("administration:institutions", "building-store", "用人单位和机构", "accounts.manage"),
    ("administration:roles", "table", "谁能做什么", "accounts.manage"),
)
