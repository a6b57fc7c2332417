"""``./weiye pipeline --unit CODE --as-of DATE [--json]``."""

import argparse
import json
import sys
from datetime import date


class Watch:
    """Progress on standard error."""

    def report(self, done: int, total: int, message: str) -> None:
        print(f"[{done}/{total}] {message}", file=sys.stderr)


def main(argv: list[str]) -> int:
    """Exit status 0 when done, 2 for a unit or day that cannot be."""
    parser = argparse.ArgumentParser(prog="weiye pipeline", description=__doc__)
    parser.add_argument("--unit", required=True, metavar="CODE", help="code of the unit")
    parser.add_argument(
        "--as-of", type=date.fromisoformat, metavar="DATE", help="the day (default: today)"
    )
    parser.add_argument("--json", action="store_true", help="totals as JSON on the last line")
    parser.add_argument("--threads", type=int, default=2, help="threads for matching (default: 2)")
    args = parser.parse_args(argv)

    from django.utils import timezone

    from weiye.base.packs import PackError
    from weiye.base.regions.models import Unit
    from weiye.base.scope.actor import system
    from weiye.base.scope.fence import fence

    from .actions import run_pipeline

    as_of = args.as_of or timezone.localdate()
    unit = Unit.objects.filter(code=args.unit).first()
    if unit is None:
        print(f"weiye pipeline: there is no unit with the code {args.unit}", file=sys.stderr)
        return 2
    actor = system(unit.path)
    try:
        with fence(actor):
            outcome = run_pipeline(
                actor=actor, path=unit.path, as_of=as_of, progress=Watch(), threads=args.threads
            )
    except PackError as error:
        print(f"weiye pipeline: {error}", file=sys.stderr)
        return 2
    for name, seconds in outcome.seconds.items():
        print(f"{seconds:7.2f} s  {name}", file=sys.stderr)
    changes = ", ".join(f"{name} {count}" for name, count in outcome.changes.items() if count)
    print(f"changes: {changes or 'none'}", file=sys.stderr)
    totals = {"unit": unit.code, "as_of": as_of.isoformat(), **outcome.totals}
    if args.json:
        print(json.dumps(totals, ensure_ascii=False))
    else:
        print(json.dumps(totals, ensure_ascii=False, indent=2))
    return 0
