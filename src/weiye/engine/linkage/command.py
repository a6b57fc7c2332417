"""`./weiye link`: records in files → pairs that are one person, with the evidence."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from weiye.engine.linkage.linking import Settings, dedupe, learn, link
from weiye.engine.linkage.model import Model
from weiye.engine.linkage.schema import DECIDED, LINK, RECORDS
from weiye.engine.tables import TableError, check_target, read_table, write_rejects, write_table


def main(argv: Sequence[str]) -> int:
    """Status 0, or 2 with one message and nothing written."""
    parser = _parser()
    options = parser.parse_args(argv)
    if bool(options.dedupe) == bool(options.left or options.right) or (
        bool(options.left) != bool(options.right)
    ):
        parser.error("give either --left and --right, or --dedupe")
    settings = Settings(threshold=options.threshold, review=options.review, threads=options.threads)
    try:
        out = check_target(options.out)
        tables = _tables(options)
        model = _model(options.weights)
        if options.save_weights:
            first, *others = (good for good, _ in tables.values())
            model = learn(first, others[0] if others else None, settings=settings, base=model)
        decided = read_table(options.decided, DECIDED)[0] if options.decided else None
        if options.dedupe:
            pairs = dedupe(tables["dedupe"][0], settings=settings, model=model, decided=decided)
        else:
            pairs = link(
                tables["left"][0], tables["right"][0],
                settings=settings, model=model, decided=decided,
            )  # fmt: skip
        write_table(pairs, out)
        rejected = write_rejects(out, *((name, bad) for name, (_, bad) in tables.items()))
        if options.save_weights and model:
            options.save_weights.write_text(model.to_json(), encoding="utf-8")
    except TableError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"写不了文件:{error}", file=sys.stderr)
        return 2
    linked = int((pairs["decision"] == LINK).sum())
    rows = " × ".join(f"{good.height} 行" for good, _ in tables.values())
    print(
        f"{rows} → {linked} 对为同一人,{pairs.height - linked} 对待核对,已写入 {out}",
        file=sys.stderr,
    )
    if rejected:
        print(f"{rejected} 行有问题,原因见 {out}.rejects.csv", file=sys.stderr)
    return 0


def _tables(options: argparse.Namespace) -> dict[str, tuple[pl.DataFrame, pl.DataFrame]]:
    """All inputs with their rejects; what is wrong with any of them is told at once."""
    problems: list[str] = []
    read = {}
    for name in ("left", "right", "dedupe"):
        path = getattr(options, name)
        if path is None:
            continue
        try:
            read[name] = read_table(path, RECORDS)
        except TableError as error:
            problems += error.problems
    if problems:
        raise TableError(problems)
    return read


def _model(path: Path | None) -> Model | None:
    if path is None:
        return None
    try:
        return Model.from_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise TableError(f"读不了权重文件 {path}:{error}") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./weiye link",
        description="Finds which rows of two tables, or of one, are the same person though names, "
        "ID numbers, dates, telephones and addresses err, and says why.",
        epilog="Tables are CSV, Parquet or .xlsx with id, name, id_number, birth_date, sex, phone, "
        "address, unit; all but id may be missing, empty or wrong. Written: left_id, right_id, "
        "probability, decision (link or review), evidence. Rows without an id, or with one that "
        "was there before, go to <out>.rejects.csv.",
    )
    parser.add_argument("--left", type=Path, metavar="FILE")
    parser.add_argument("--right", type=Path, metavar="FILE")
    parser.add_argument("--dedupe", type=Path, metavar="FILE", help="one table against itself")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")
    parser.add_argument(
        "--threshold",
        type=_probability,
        metavar="P",
        help="probability from which a pair is `link` (default: such that 99 in 100 are right)",
    )
    parser.add_argument(
        "--review",
        type=_probability,
        default=0.05,
        metavar="P",
        help="probability from which a pair is listed for a person to decide (default: 0.05)",
    )
    parser.add_argument(
        "--weights", type=Path, metavar="FILE.json", help="use these weights, learn nothing"
    )
    parser.add_argument(
        "--save-weights", type=Path, metavar="FILE.json", help="learn from the tables and keep it"
    )
    parser.add_argument(
        "--decided",
        type=Path,
        metavar="FILE",
        help="pairs decided before: left_id, right_id, same (true or false); never asked again",
    )
    parser.add_argument("--threads", type=_positive, default=1, metavar="N")
    return parser


def _probability(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 < value <= 1.0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a probability above 0 and up to 1")
    return value


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)
