"""`./weiye groups check` and `./weiye policies check`: the rules asked about a file of facts."""

import argparse
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

import polars as pl

from weiye.base.packs import Pack, PackError, load_pack
from weiye.engine.rules import FactsError, Rule, RuleError, Verdicts, evaluate
from weiye.engine.rules import facts_frame as frame_of


class Refused(Exception):
    """Input that cannot be used, in one sentence for the operator."""


Object = Mapping[str, Any]


def groups_main(argv: list[str]) -> int:
    return _main("groups", "which groups each person of a facts file belongs to", argv, _groups)


def policies_main(argv: list[str]) -> int:
    return _main("policies", "which policies each person or firm is entitled to", argv, _policies)


def _main(
    name: str,
    help_: str,
    argv: list[str],
    answer: Callable[[argparse.Namespace, Pack, list[Object]], list[dict[str, Any]]],
) -> int:
    """Exit status 0, or 2 with one error and nothing written."""
    parser = _Parser(prog=f"weiye {name}", description=help_)
    verbs = parser.add_subparsers(dest="verb", required=True)
    check = verbs.add_parser("check", help=help_)
    check.add_argument("--facts", required=True, type=Path, help="JSON: one object, or a list")
    check.add_argument("--as-of", required=True, type=_day, help="the day asked about, YYYY-MM-DD")
    check.add_argument("--region", required=True, type=_region, help="12-digit area code")
    check.add_argument("--out", type=Path, help="where the JSON goes; standard output without it")
    check.add_argument(
        "--explain", action="store_true", help="add the sentences and the parts of each clause"
    )
    if name == "policies":
        check.add_argument("--policy", help="only this policy")
    try:
        options = parser.parse_args(argv)
        pack = load_pack(options.region)
        objects = _read(options.facts)
        text = json.dumps(answer(options, pack, objects), ensure_ascii=False, default=_number)
        if options.out is None:
            print(text)
        else:
            _write(options.out, text + "\n")
    except (Refused, PackError, RuleError, FactsError, OSError) as error:
        print(f"weiye {name}: {error}", file=sys.stderr)
        return 2
    return 0


def _groups(options: argparse.Namespace, pack: Pack, objects: list[Object]) -> list[dict[str, Any]]:
    rules = {rule.id: rule for rule in pack.groups}
    people = [number for number, item in enumerate(objects) if _subject(item) == "person"]
    found: list[dict[str, Any]] = [{"id": item["id"], "groups": []} for item in objects]
    if not people:
        return found
    verdicts = _ask(pack.groups, [objects[n] for n in people], options, "person")
    answers = verdicts.rules().with_columns(_positions(verdicts, len(people)))
    for row in answers.filter(pl.col("verdict") != "unmet").iter_rows(named=True):
        entry = {
            "group": row["rule"],
            "verdict": row["verdict"],
            "since": row["since"].isoformat() if row["since"] else None,
            "reason": row["reason"],
            "source": rules[row["rule"]].source,
        }
        if options.explain:
            entry["status"] = rules[row["rule"]].status
        found[people[row["position"]]]["groups"].append(entry)
    return found


def _policies(
    options: argparse.Namespace, pack: Pack, objects: list[Object]
) -> list[dict[str, Any]]:
    wanted = [policy for policy in pack.policies if options.policy in (None, policy.id)]
    if not wanted:
        known = ", ".join(policy.id for policy in pack.policies)
        raise Refused(f"there is no policy {options.policy!r} in {pack.name}; there are {known}")
    off = [policy.id for policy in wanted if not policy.rule.enabled]
    if options.policy is not None and off:
        raise Refused(f"policy {options.policy} is switched off in {pack.name} (待确认)")
    found: list[dict[str, Any]] = [{"id": item["id"], "policies": []} for item in objects]
    for subject in ("person", "firm"):
        places = [number for number, item in enumerate(objects) if _subject(item) == subject]
        rules = [policy.rule for policy in wanted if policy.rule.subject == subject]
        if not places or not rules:
            continue
        asked = [objects[number] for number in places]
        if subject == "firm":
            asked = [_firm(item) for item in asked]
        verdicts = _ask(rules, asked, options, subject)
        entries: dict[tuple[int, str], dict[str, Any]] = {}
        answers = verdicts.rules().with_columns(_positions(verdicts, len(places)))
        for row in answers.iter_rows(named=True):
            policy = pack.policy(row["rule"])
            assert policy is not None
            entry = {
                "policy": policy.id,
                "name": policy.rule.name,
                "verdict": row["verdict"],
                "amount": row["amount"],
                "clauses": [],
                "near_miss": row["near_miss"],
            }
            if options.explain:
                entry["summary"] = policy.summary
                entry["to_confirm"] = [
                    clause.text for clause in policy.rule.clauses if not clause.enabled
                ]
            entries[row["position"], policy.id] = entry
            found[places[row["position"]]]["policies"].append(entry)
        _add_clauses(verdicts, len(places), entries, explain=options.explain)
    return found


def _add_clauses(
    verdicts: Verdicts,
    count: int,
    entries: dict[tuple[int, str], dict[str, Any]],
    *,
    explain: bool,
) -> None:
    texts = {
        (rule.id, part.id): part.text
        for rule in verdicts.asked
        for clause in rule.clauses
        for part in (clause, *clause.parts)
    }
    answers = verdicts.clauses()
    per_object = answers.height // count
    for number, row in enumerate(answers.iter_rows(named=True)):
        clauses = entries[number // per_object, row["rule"]]["clauses"]
        clause = {key: row[key] for key in ("clause", "source", "verdict", "facts_missing")}
        if explain:
            clause["text"] = texts[row["rule"], row["clause"]]
        if row["part_of"] is None:
            clauses.append(clause)
        elif explain:
            clauses[-1].setdefault("any_of", []).append(clause)


def _positions(verdicts: Verdicts, count: int) -> pl.Expr:
    """Which object a row is about: the answers come in the objects' order."""
    rules = max(len(verdicts.asked), 1)
    return (pl.int_range(pl.len()) // rules).alias("position")


def _ask(
    rules: Sequence[Rule], objects: list[Object], options: argparse.Namespace, subject: str
) -> Verdicts:
    facts = frame_of(objects, subject=subject)
    return evaluate(rules, facts, as_of=options.as_of, region=options.region)


def _write(path: Path, text: str) -> None:
    """Under a temporary name first: the file is there whole, or not at all."""
    if path.is_dir() or not path.parent.is_dir():
        raise Refused(f"{path} is not a file that can be written")
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


# Input ---------------------------------------------------------------------------------------


def _read(path: Path) -> list[Object]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise Refused(f"{path}: there is no such file") from None
    except UnicodeDecodeError:
        raise Refused(f"{path}: not UTF-8") from None
    try:
        read = json.loads(text, parse_float=Decimal, parse_constant=_constant)
    except json.JSONDecodeError as error:
        raise Refused(f"{path}:{error.lineno}: not JSON: {error.msg}") from None
    except RecursionError:
        raise Refused(f"{path}: not JSON: nested too deeply") from None
    objects = read if isinstance(read, list) else [read]
    for number, item in enumerate(objects):
        if not isinstance(item, dict):
            raise Refused(f"{path}: object {number + 1} is not an object with facts")
    return [_unfolded(item) for item in objects]


def _unfolded(item: dict[str, Any]) -> Object:
    """Facts may stand in the object itself or under "facts"."""
    facts = item.get("facts")
    if not isinstance(facts, dict):
        return item
    own = {key: value for key, value in item.items() if key != "facts"}
    inner = dict(facts)
    if "kind" in own and "kind" in inner:
        inner["firm_kind"] = inner.pop("kind")
    return {**inner, **own}


def _subject(item: Object) -> str:
    kind = item.get("kind", "person")
    if kind == "person":
        return "person"
    if isinstance(kind, str) and kind:
        return "firm"
    raise Refused(f"{item.get('id')!r}: kind must be person or firm, not {kind!r}")


def _firm(item: Object) -> Object:
    """``kind`` says "firm"; where it says what kind of firm at once, that is the fact."""
    if item["kind"] == "firm" or "firm_kind" in item:
        return item
    return {**item, "firm_kind": item["kind"]}


def _constant(name: str) -> NoReturn:
    raise Refused(f"not JSON: {name} is no number")


def _day(text: str) -> date:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        raise argparse.ArgumentTypeError(f"expected YYYY-MM-DD, not {text!r}")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"no such day: {text}") from None


def _region(text: str) -> str:
    if not re.fullmatch(r"[0-9]{12}", text):
        raise argparse.ArgumentTypeError(f"expected a 12-digit area code, not {text!r}")
    return text


def _number(value: object) -> int | float:
    """An amount as JSON writes it: whole yuan without a fraction."""
    assert isinstance(value, Decimal)
    return int(value) if value == int(value) else float(value)


class _Parser(argparse.ArgumentParser):
    """One sentence instead of the usage: argparse already leaves with status 2."""

    def error(self, message: str) -> NoReturn:
        raise Refused(message)
