"""Why somebody has entered or left a group: which clause turned, and which fact turned it."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, timedelta

import polars as pl

from weiye.engine.rules import PERSON_FACTS, Clause, Rule, Rulebook, evaluate, facts_frame
from weiye.engine.rules.language import Call, Field, Name

from ... import standing
from ...jurisdiction import pack_of
from .part import Part
from .standing import Changes

Pair = tuple[int, str]

FIRST = "首次登记，按现有情况识别"
BY_TIME = "时间到了"
BY_RULE = "规则有调整"
BY_HOME = "家庭成员有变化"
# As many days are asked about again after nights without a run.
MOST_DAYS = 10


def reasons(
    part: Part, facts: pl.DataFrame, changes: Changes, pairs: Collection[Pair], *, joined: bool
) -> dict[Pair, str]:
    """What turned, in words, for each person and group; nothing where it cannot be told."""
    if changes.blind or not pairs:
        return {}
    found: dict[Pair, str] = {}
    asked = []
    for person, group in pairs:
        if person in changes.known:
            asked.append((person, group))
        elif joined:
            found[person, group] = FIRST
    if not asked:
        return found
    names = {group for _, group in asked}
    rules = [rule for rule in part.pack.groups if rule.id in names]
    rule_of = {rule.id: rule for rule in rules}
    clauses = {rule.id: dict(_clauses(rule)) for rule in rules}
    homes = _homes(facts)
    people = {person for person, _ in asked}
    near = people | {member for person in people for member in homes.get(person, ())}
    near_facts = facts.filter(pl.col("id").is_in(list(near)))
    day, region = part.as_of, part.region
    now = _verdicts(rules, near_facts, day, region, people)
    then = _verdicts(rules, _as_known(facts, changes, near), day, region, people)
    yesterday = _verdicts(rules, near_facts, day - timedelta(days=1), region, people)
    other_rules = _rules_changed(part)
    open_pairs: list[Pair] = []
    for person, group in asked:
        said, late = [], []
        for key, clause in clauses.get(group, {}).items():
            # An any-of is told by its parts.
            if clause.parts or (now.get((person, group, key)) == "met") != joined:
                continue
            if (then.get((person, group, key)) == "met") != joined:
                said.append(_sentence(clause, rule_of[group], person, homes, changes))
            elif (yesterday.get((person, group, key)) == "met") != joined:
                late.append(clause.text)
        if said:
            found[person, group] = "；".join(said)
        elif other_rules:
            found[person, group] = BY_RULE
        elif late:
            found[person, group] = f"{BY_TIME}：{'、'.join(late)}"
        else:
            open_pairs.append((person, group))
    for seen in sorted({changes.known[person] for person, _ in open_pairs})[-MOST_DAYS:]:
        # Nights without a run: as on the day of what was known last.
        then = _verdicts(rules, near_facts, seen, region, people)
        for person, group in open_pairs:
            if changes.known[person] == seen:
                late = [
                    clause.text
                    for key, clause in clauses.get(group, {}).items()
                    if not clause.parts
                    and (now.get((person, group, key)) == "met") == joined
                    and (then.get((person, group, key)) == "met") != joined
                ]
                found[person, group] = f"{BY_TIME}：{'、'.join(late)}" if late else BY_TIME
    return found


def _clauses(rule: Rule) -> Iterator[tuple[tuple[str, str], Clause]]:
    for clause in rule.clauses:
        yield (clause.id, ""), clause
        for part in clause.parts:
            yield (part.id, clause.id), part


def _verdicts(
    rules: Sequence[Rule], facts: pl.DataFrame, day: date, region: str, people: Collection[int]
) -> dict[tuple[int, str, tuple[str, str]], str]:
    rows = evaluate(rules, facts, as_of=day, region=region).clauses()
    rows = rows.filter(pl.col("id").is_in(list(people)))
    return {
        (person, rule, (clause, part_of or "")): verdict
        for person, rule, clause, part_of, verdict in rows.select(
            "id", "rule", "clause", "part_of", "verdict"
        ).iter_rows()
    }


def _as_known(facts: pl.DataFrame, changes: Changes, near: Collection[int]) -> pl.DataFrame:
    """The people as they were known when the rules last looked, asked about today."""
    rows = facts.filter(pl.col("id").is_in(list(near)))
    texts = dict(standing.lines(rows).iter_rows())
    objects = []
    for person, place in rows.select("id", "residence_unit").iter_rows():
        # Who was not known then was not in the household either.
        if person in changes.known:
            known = changes.before.get(person) or standing.read(texts[person])
            objects.append({"id": person, "residence_unit": place, **standing.as_object(known)})
    return facts_frame(objects)


def _homes(facts: pl.DataFrame) -> dict[int, list[int]]:
    """Person → the members of the household, the person among them."""
    members = (
        facts.select("id", "household_id")
        .drop_nulls()
        .group_by("household_id")
        .agg(pl.col("id").sort().alias("members"))
    )
    return dict(
        facts.select("id", "household_id")
        .join(members, on="household_id")
        .select("id", "members")
        .iter_rows()
    )


def _sentence(
    clause: Clause, rule: Rule, person: int, homes: dict[int, list[int]], changes: Changes
) -> str:
    own, theirs = read_by(clause, rule.book)
    said = [
        standing.turned(name, *pair)
        for name, pair in changes.turned.get(person, {}).items()
        if name in own or name in theirs
    ]
    if theirs:
        new = False
        for member in homes.get(person, ()):
            if member != person:
                new = new or member not in changes.known
                said += [
                    f"同户{standing.turned(name, *pair)}"
                    for name, pair in changes.turned.get(member, {}).items()
                    if name in theirs
                ]
        if not said:
            said = ["同户有新登记的成员" if new else BY_HOME]
    return f"{clause.text}（{'，'.join(said)}）" if said else clause.text


def _rules_changed(part: Part) -> bool:
    """Whether another version of the pack counts since today."""
    return pack_of(part.path, part.as_of - timedelta(days=1)).version != part.pack.version


def read_by(clause: Clause, book: Rulebook) -> tuple[frozenset[str], frozenset[str]]:
    """The facts that a clause asks of the person, and of the members of the household."""
    own: set[str] = set()
    theirs: set[str] = set()
    for part in (clause, *clause.parts):
        for node, member in _nodes(part.when, book):
            if isinstance(node, Name | Field) and node.name in PERSON_FACTS.by_name:
                (theirs if member else own).add(node.name)
    return frozenset(own), frozenset(theirs)


def _nodes(node: object, book: Rulebook, member: bool = False) -> Iterator[tuple[object, bool]]:
    """Every node of an expression and of the terms and groups that it names, with whether it is
    about a member of the household."""
    yield node, member or isinstance(node, Field)
    if isinstance(node, Field) and node.owner == "param":
        return
    if isinstance(node, Name | Field):
        term = book.terms.get(node.name)
        inside = member or isinstance(node, Field)
        if term is not None:
            yield from _nodes(term.when, book, inside)
    elif isinstance(node, Call) and node.function == "group":
        for name in node.arguments:
            rule = book.groups.get(str(getattr(name, "value", "")))
            for clause in rule.clauses if rule is not None else ():
                for part in (clause, *clause.parts):
                    yield from _nodes(part.when, book, member)
    elif isinstance(node, tuple):
        for one in node:
            yield from _nodes(one, book, member)
    elif is_dataclass(node):
        for field in fields(node):
            yield from _nodes(getattr(node, field.name), book, member)
