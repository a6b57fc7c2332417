def makemigrations(argv: list[str]) -> int:
    from django.core.management import execute_from_command_line
    execute_from_command_line(["weiye", "makemigrations", *argv])
    return 0
def migrate(argv: list[str]) -> int:
    from django.core.management import execute_from_command_line
    execute_from_command_line(["weiye", "migrate", "--database", "owner", *argv])
    return 0
