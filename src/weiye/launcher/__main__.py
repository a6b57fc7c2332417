"""Entry of ``./weiye``."""

import os
import sys
import time

from weiye.launcher.trouble import Stop, Trouble, of_system

OVERVIEW = """\
Weiye 社区微业: the open platform for community employment service.

  ./weiye run      install what is missing, start everything, print the address
  ./weiye test     everything a change must pass; --slow: the slow tests
  ./weiye web      only the web server of an installation of several machines
  ./weiye worker   only its background worker
  ./weiye bundle   pack everything for a machine of a closed network into one file
  ./weiye install  set such a file up
  ./weiye NAME …   one of these commands ("./weiye NAME --help" tells more):
"""


def main(argv: list[str]) -> int:
    started = time.monotonic()
    try:
        return _dispatch(argv, started)
    except Trouble as trouble:
        print(f"weiye: {trouble}", file=sys.stderr)
        return trouble.status
    except OSError as error:
        if os.environ.get("WEIYE_DEBUG"):
            raise
        print(f"weiye: {of_system(error)}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, Stop):
        print("weiye: stopped.", file=sys.stderr)
        return 130


def _dispatch(argv: list[str], started: float) -> int:
    name = argv[0] if argv else "--help"
    match name:
        case "-h" | "--help" | "help":
            print(OVERVIEW)
            _list_commands()
            return 0
        case "run":
            from weiye.launcher import run

            return run.main(argv[1:], started)
        case "test":
            from weiye.launcher import checks

            return checks.main(argv[1:])
        case "web" | "worker":
            from weiye.launcher import part

            return part.main(name, argv[1:], started)
        case "bundle":
            from weiye.launcher.bundle import packing

            return packing.main(argv[1:])
        case "install":
            from weiye.launcher.bundle import unpacking

            return unpacking.main(argv[1:])
        case "prepare":  # for bundle.unpacking
            from weiye.launcher import part

            return part.prepare()
        case _:
            from weiye.launcher import commands

            return commands.main(name, argv[1:])


def _list_commands() -> None:
    from weiye.launcher import commands

    listed = {name: entry["help"] for name, entry in commands.table().items() if "help" in entry}
    width = max(map(len, listed), default=0)
    for name, words in listed.items():
        print(f"  {name:<{width}}  {words}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
