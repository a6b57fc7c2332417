"""``./weiye retention``: end what has been kept long enough, or say what would end."""

import argparse
import sys
from datetime import date

from django.utils import timezone

from weiye.base.regions.models import Unit
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence

from .retention import sweep


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./weiye retention", description=__doc__)
    parser.add_argument(
        "--as-of", type=date.fromisoformat, help="the day that counts (YYYY-MM-DD); today"
    )
    parser.add_argument("--dry-run", action="store_true", help="change nothing, only say")
    options = parser.parse_args(argv)
    as_of = options.as_of or timezone.localdate()
    if as_of > timezone.localdate() and not options.dry_run:
        sys.stderr.write("weiye: a day to come needs --dry-run\n")
        return 2
    with fence(system()):
        tops = list(
            Unit.objects.filter(parent=None).order_by("path").values_list("path", flat=True)
        )
    for path in tops:
        actor = system(path)
        with fence(actor):
            done = sweep(actor=actor, as_of=as_of, dry_run=options.dry_run).as_dict()
        for name, counts in done.items():
            for rule, count in sorted(counts.items()):
                sys.stdout.write(f"{path}\t{rule}\t{name}\t{count}\n")
    return 0
