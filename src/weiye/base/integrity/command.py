"""``./weiye integrity``: the checks in the shell."""

import argparse
import json
import sys
import time

from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence

from . import actions
from .checks import all_checks


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="./weiye integrity",
        description="Run every check over the whole database. The status is 1 if a severe one "
        "finds something or one cannot be run.",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object per check")
    parser.add_argument("--list", action="store_true", help="only list the checks")
    options = parser.parse_args(argv)
    if options.list:
        for check in all_checks():
            print(f"{check.severity:8} {check.id:44} {check.title}")
        return 0
    started = time.monotonic()
    actor = system()
    with fence(actor):
        outcomes = actions.examine(actor=actor)
    for each in outcomes:
        if options.json:
            print(
                json.dumps(
                    {"id": each.check.id, "severity": each.check.severity, "count": each.count,
                     "keys": each.keys, "ms": each.ms},
                    ensure_ascii=False,
                )
            )  # fmt: skip
        elif each.count is None:
            print(f"[{each.check.severity_title}] {each.check.id} {each.check.title}：没能检查")
        elif each.count:
            print(
                f"[{each.check.severity_title}] {each.check.id} {each.check.title}：{each.count}条"
            )
            print(f"    {each.check.meaning}")
            print(f"    处理：{each.check.remedy}")
            print(
                f"    记录号：{'、'.join(each.keys)}{' …' if each.count > len(each.keys) else ''}"
            )
    bad = list(actions.severe(outcomes))
    broken = sum(bool(each.count) for each in outcomes)
    sys.stderr.write(
        f"{len(outcomes)}项检查，{broken}项发现问题，其中严重或没能检查{len(bad)}项"
        f"（{time.monotonic() - started:.1f}秒）。\n"
    )
    return 1 if bad else 0
