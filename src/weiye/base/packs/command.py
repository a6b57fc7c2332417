"""`./weiye packs check`: every pack read, every rule listed."""

import argparse
import sys

from .loading import load_all
from .reading import PackError


def main(argv: list[str]) -> int:
    """Exit status 0 if every pack is sound, 2 with one error naming file and line if not."""
    parser = argparse.ArgumentParser(prog="weiye packs", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("check", help="validate every pack and list its rules")
    parser.parse_args(argv)
    try:
        packs = load_all()
    except PackError as error:
        print(f"weiye packs: {error}", file=sys.stderr)
        return 2
    for pack in packs:
        print(f"{pack.id}  {pack.name}  {pack.region}…  version {pack.version}")
        rules = (*pack.groups, *(policy.rule for policy in pack.policies), *pack.scope_rules())
        for rule in rules:
            state = "" if rule.enabled else "  停用"
            off = sum(not clause.enabled for clause in rule.clauses)
            note = f"  ({off} clauses off)" if off else ""
            print(f"  {rule.kind:6} {rule.id}  {rule.status}{state}{note}  [{rule.source}]")
        for quota in pack.quotas.values():
            kinds = " ".join(f"{kind}={count}" for kind, count in quota.occasions.items())
            print(f"  quota  {quota.id}  {kinds} in {quota.months} months  [{quota.source}]")
    return 0
