"""First and second start of a fresh clone, and the whole `./weiye run --check`.

    python bench/startup.py [FOLDER]

Clones this repository into a temporary folder, runs `./weiye run --check` twice and prints both
times. The first includes fetching every package from the registries.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def check(folder: Path) -> tuple[float, dict[str, object]]:
    started = time.monotonic()
    done = subprocess.run(
        ["./weiye", "run", "--check"], cwd=folder, stdout=subprocess.PIPE, text=True, check=True
    )
    return time.monotonic() - started, json.loads(done.stdout.strip().splitlines()[-1])


def main() -> None:
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as name:
        folder = Path(name) / "weiye clone"
        subprocess.run(["git", "clone", "-q", str(ROOT), str(folder)], check=True)
        first, said = check(folder)
        second, again = check(folder)
    print(f"first start and check:  {first:6.1f} s")
    print(f"second start and check: {second:6.1f} s")
    print(json.dumps(again, ensure_ascii=False))
    same = ("units", "people", "files", "list_entries")
    assert [said[key] for key in same] == [again[key] for key in same]


if __name__ == "__main__":
    main()
