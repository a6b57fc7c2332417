"""`./weiye groups check` and `./weiye policies check`: the rules asked about a file of facts."""

import argparse
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

import polars as pl

from weiye.base.packs import Pack, PackError, load_pack
from weiye.engine.rules import FactsError, Rule, RuleError, Verdicts, evaluate, facts_frame


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
    answer: Callable[[argparse.Namespace, Pack, "Questions"], list[dict[str, Any]]],
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
        questions = Questions(_read(options.facts))
        text = json.dumps(answer(options, pack, questions), ensure_ascii=False, default=_number)
        if options.out is None:
            print(text)
        else:
            _write(options.out, text + "\n")
    except (Refused, PackError, RuleError, FactsError, OSError) as error:
        print(f"weiye {name}: {error}", file=sys.stderr)
        return 2
    return 0


def _groups(options: argparse.Namespace, pack: Pack, asked: "Questions") -> list[dict[str, Any]]:
    rules = {rule.id: rule for rule in pack.groups}
    found = asked.answers("groups")
    for place, row in asked.ask(pack.groups, "person", options).rules():
        if row["verdict"] == "unmet":
            continue
        entry = {
            "group": row["rule"],
            "verdict": row["verdict"],
            "since": row["since"].isoformat() if row["since"] else None,
            "reason": row["reason"],
            "source": rules[row["rule"]].source,
        }
        if options.explain:
            entry["status"] = rules[row["rule"]].status
        found[place]["groups"].append(entry)
    return found


def _policies(options: argparse.Namespace, pack: Pack, asked: "Questions") -> list[dict[str, Any]]:
    wanted = [policy for policy in pack.policies if options.policy in (None, policy.id)]
    if not wanted:
        known = ", ".join(policy.id for policy in pack.policies)
        raise Refused(f"there is no policy {options.policy!r} in {pack.name}; there are {known}")
    if options.policy is not None and not wanted[0].rule.enabled:
        raise Refused(f"policy {options.policy} is switched off in {pack.name} (待确认)")
    found = asked.answers("policies")
    for subject in ("person", "firm"):
        policies = {policy.id: policy for policy in wanted if policy.rule.subject == subject}
        answers = asked.ask([policy.rule for policy in policies.values()], subject, options)
        entries: dict[tuple[int, str], dict[str, Any]] = {}
        for place, row in answers.rules():
            policy = policies[row["rule"]]
            entry = {
                "policy": policy.id,
                "name": policy.rule.name,
                "verdict": row["verdict"],
                "amount": row["amount"],
                "clauses": [],
                "near_miss": row["near_miss"],
            }
            if options.explain:
                off = [clause.text for clause in policy.rule.clauses if not clause.enabled]
                entry |= {"summary": policy.summary, "to_confirm": off}
            entries[place, policy.id] = entry
            found[place]["policies"].append(entry)
        for place, row in answers.clauses():
            clause = {key: row[key] for key in ("clause", "source", "verdict", "facts_missing")}
            clauses = entries[place, row["rule"]]["clauses"]
            if options.explain:
                clause["text"] = _sentence(policies[row["rule"]].rule, row)
            if row["part_of"] is None:
                clauses.append(clause)
            elif options.explain:
                clauses[-1].setdefault("any_of", []).append(clause)
    return found


def _sentence(rule: Rule, row: Mapping[str, Any]) -> str:
    clauses = {clause.id: clause for clause in rule.clauses}
    if row["part_of"] is None:
        return clauses[row["clause"]].text
    parts = {part.id: part for part in clauses[row["part_of"]].parts}
    return parts[row["clause"]].text


class Questions:
    """The objects of a facts file, by subject, checked whole before anything is answered."""

    def __init__(self, objects: list[Object]) -> None:
        self.objects = objects
        self.places: dict[str, list[int]] = {"person": [], "firm": []}
        for place, item in enumerate(objects):
            self.places[_subject(item)].append(place)
        self.frames = {
            "person": facts_frame([objects[place] for place in self.places["person"]]),
            "firm": facts_frame(
                [_firm(objects[place]) for place in self.places["firm"]], subject="firm"
            ),
        }

    def answers(self, key: str) -> list[dict[str, Any]]:
        """An empty answer for each object, in their order."""
        return [{"id": item["id"], key: []} for item in self.objects]

    def ask(self, rules: Sequence[Rule], subject: str, options: argparse.Namespace) -> "Answers":
        verdicts = evaluate(rules, self.frames[subject], as_of=options.as_of, region=options.region)
        return Answers(verdicts, self.places[subject])


class Answers:
    """Rows of verdicts, each with its object's place in the file."""

    def __init__(self, verdicts: Verdicts, places: list[int]) -> None:
        self.verdicts = verdicts
        self.places = places

    def rules(self) -> Iterator[tuple[int, dict[str, Any]]]:
        return self._placed(self.verdicts.rules())

    def clauses(self) -> Iterator[tuple[int, dict[str, Any]]]:
        return self._placed(self.verdicts.clauses())

    def _placed(self, rows: pl.DataFrame) -> Iterator[tuple[int, dict[str, Any]]]:
        # Every object has as many rows as the next, in the objects' order.
        each = rows.height // len(self.places) if self.places else 1
        for number, row in enumerate(rows.iter_rows(named=True)):
            yield self.places[number // each], row


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
