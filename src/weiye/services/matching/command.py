"""``./weiye match``: the engine's command with a pack's weights and the occupations' names.

``--region CODE`` names the jurisdiction; without it the province's weights hold.
"""

import argparse
import sys

from weiye.base.packs import PackError, load_all, load_pack
from weiye.engine.matching.command import main as match
from weiye.engine.occupations import names


def main(argv: list[str]) -> int:
    """Exit status as the engine's command: 0, or 2 with one message and nothing written."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--region")
    options, rest = parser.parse_known_args(argv)
    try:
        # The province's region is the shortest: cities inherit from it.
        pack = (
            load_pack(options.region)
            if options.region
            else min(load_all(), key=lambda each: (len(each.region), each.id))
        )
    except PackError as error:
        sys.stderr.write(f"weiye match: {error}\n")
        return 2
    return match(rest, weights=pack.matching, names=names())
