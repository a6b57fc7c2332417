"""``./weiye static``: what a web machine serves by itself; needs no database."""

from weiye.config.setup import static_files


def main(argv: list[str]) -> int:
    static_files()
    return 0
