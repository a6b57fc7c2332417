"""``./weiye audit``: seal the log now, check it, or say how it stands."""

import argparse
import sys
from pathlib import Path

from django.utils import timezone

from weiye.base.runs.progress import Silent
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence

from . import jobs, queries
from .sealing import seal
from .sink import deliver, place
from .verifying import Report
from .words import verb_words


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="./weiye audit", description="The audit log and the chain that seals it."
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("seal", help="seal all entries now and bring the second sink up to date")
    verbs.add_parser("status", help="last batch, unsealed entries, second sink, last check")
    check = verbs.add_parser("verify", help="name the first altered, missing or added entry")
    check.add_argument("--sink", type=Path, metavar="FILE", help="hold against the second sink too")
    check.add_argument(
        "--from", dest="since", type=int, default=1, metavar="BATCH", help="skip older batches"
    )
    options = parser.parse_args(argv)
    if options.verb == "seal":
        return _seal()
    return _verify(options) if options.verb == "verify" else _status()


def _seal() -> int:
    sealed = seal()
    sys.stdout.write(f"sealed {sealed} entries\n")
    if place():
        sys.stdout.write(f"sent {deliver()} batches to the second sink\n")
    return 1 if queries.chain().sink_failing else 0


class _OnTerminal(Silent):
    def report(self, done: int, total: int, message: str) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{done:,} / {total:,}")
            sys.stderr.flush()


def _verify(options: argparse.Namespace) -> int:
    if options.sink is not None and not options.sink.is_file():
        sys.stderr.write(f"weiye: no such file: {options.sink}\n")
        return 2
    if options.since < 1:
        sys.stderr.write("weiye: batches are counted from 1\n")
        return 2
    actor = system()
    with fence(actor):
        report = jobs.checked(
            actor=actor, progress=_OnTerminal(), since=options.since, sink=options.sink
        )
    if sys.stderr.isatty():
        sys.stderr.write("\n")
    _tell(report)
    return 0 if report.intact else 1


def _tell(report: Report) -> None:
    rate = report.entries / report.seconds if report.seconds else 0
    sys.stdout.write(
        f"{report.entries:,} entries in {report.batches:,} batches checked in "
        f"{report.seconds:.1f} s ({rate:,.0f}/s); {report.unsealed:,} not sealed yet\n"
    )
    for note in report.notes:
        sys.stdout.write(f"  note: {note}\n")
    if report.intact:
        sys.stdout.write("intact: nothing altered, missing, added or moved\n")
        return
    sys.stdout.write(f"NOT INTACT: {report.total:,} findings, the first ones:\n")
    for found in report.findings[:20]:
        where = f"batch {found.batch}"
        if found.entry is not None:
            where += f", entry {found.entry}"
        if found.at is not None:
            at = timezone.localtime(found.at).isoformat(sep=" ", timespec="microseconds")
            where += f", {at}, {found.verb} ({verb_words(found.verb)})"
        sys.stdout.write(f"  {found.what}: {where}: {found.said}\n")


def _status() -> int:
    state = queries.chain()
    at = timezone.localtime(state.sealed_at).isoformat(sep=" ") if state.sealed_at else "never"
    sys.stdout.write(f"last batch {state.number}, sealed {at}; {state.unsealed:,} not sealed yet\n")
    if state.sink:
        failing = f", failing: {state.sink_failing}" if state.sink_failing else ""
        sys.stdout.write(f"second sink {state.sink}: batch {state.delivered}{failing}\n")
    else:
        sys.stdout.write("no second sink (WEIYE_AUDIT_SINK)\n")
    return 1 if state.sink_failing else 0
