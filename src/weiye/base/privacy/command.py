"""``./weiye keys``: which keys protect the data, and replacing one while the product runs."""

import argparse
import sys

from . import known, rotation
from .keyring import KeyTrouble, Kind, from_environment, ring


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./weiye keys", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    rotate = verbs.add_parser(
        "rotate",
        help="make a new key, move every value to it while the product runs, retire the old one; "
        "killed at any moment, the next call goes on",
    )
    rotate.add_argument(
        "--index", action="store_true", help="the key of the blind index, not of the fields"
    )
    rotate.add_argument("--status", action="store_true", help="say how far it is, change nothing")
    options = parser.parse_args(argv)
    kind: Kind = "index" if options.index else "field"
    try:
        if options.status:
            return _status(kind)
        rotation.rotate(kind, using="owner", say=_say)
    except (KeyTrouble, rotation.RotationStopped) as error:
        sys.stderr.write(f"weiye: {error}\n")
        return 2
    return _status(kind)


def _say(line: str) -> None:
    sys.stderr.write(f"  {line}\n")
    sys.stderr.flush()


def _status(kind: Kind, using: str = "owner") -> int:
    keys = ring(kind)
    where = "environment" if from_environment(kind) else "secrets file"
    target = keys.target.name if keys.target else "none"
    others = ", ".join(key.name for key in keys.keys[1:]) or "none"
    sys.stdout.write(
        f"{kind} keys ({where}): active {keys.active.name}, others {others}, "
        f"rotation to {target}, in the database {', '.join(known.known_keys(kind)) or 'none'}\n"
    )
    for standing in rotation.status(kind, using):
        done = standing.total - standing.stale
        sys.stdout.write(f"  {standing.table}: {done} of {standing.total} under the active key\n")
    return 0
