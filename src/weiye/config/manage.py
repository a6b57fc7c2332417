"""Django's own commands that a developer needs, on the right connection."""

from django.core.management import call_command


def makemigrations(argv: list[str]) -> int:
    call_command("makemigrations", *argv)
    return 0


def migrate(argv: list[str]) -> int:
    call_command("migrate", *argv, database="owner", interactive=False)
    return 0


def shell(argv: list[str]) -> int:
    call_command("shell", *argv)
    return 0
