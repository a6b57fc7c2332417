"""Menu entries: (route, icon, label, right)."""

NAV: tuple[tuple[str, str, str, str], ...] = (
    ("administration:transfers", "walk", "迁移申请", "transfers.decide"),
    ("administration:emergencies", "lock", "紧急查阅", "emergency.review"),
    ("administration:covers", "user-check", "代班", "accounts.cover"),
)
