"""Files → the four lists: what they should hold, and the difference written."""

import json

import polars as pl

from weiye.engine.rules import evaluate
from weiye.registers.people.frames import people_frame

from ... import lists
from ...frames import insert, update
from ...models import ListEntry, ListKind
from .files import Files, groups_of
from .part import Part


def wanted(part: Part, files: Files, facts: pl.DataFrame, met: pl.DataFrame) -> list[lists.Entry]:
    """Every entry that the lists of the open files should hold."""
    if not files:
        return []
    having = list(files)
    homes = facts.filter(pl.col("id").is_in(having))["household_id"].drop_nulls().unique()
    mine = facts.filter(pl.col("id").is_in(having) | pl.col("household_id").is_in(homes.to_list()))
    pack = part.pack
    rules = [*pack.groups, *pack.policy_rules("person")]
    verdicts = evaluate(rules, mine, as_of=part.as_of, region=part.region)
    hidden: dict[int, set[str]] = {}
    for file_id, subject in (
        part.within(ListEntry.objects.visible_to(part.actor), "file__person_id")
        .filter(kind=ListKind.JOB, ended_on__isnull=True)
        .exclude(hidden_because="")
        .order_by("id")
        .values_list("file_id", "subject")
    ):
        hidden.setdefault(file_id, set()).add(subject)
    sheet = lists.Sheet(
        as_of=part.as_of,
        path=part.path,
        pack=pack,
        files={person: row["id"] for person, row in files.items()},
        people=people_frame(part.actor, part.path, part.as_of, people=part.people).filter(
            pl.col("person_id").is_in(having)
        ),
        facts=mine,
        rules=verdicts.rules().filter(pl.col("id").is_in(having)),
        clauses=verdicts.clauses().filter(pl.col("id").is_in(having)),
        groups=groups_of(met, pack),
        hidden={file: frozenset(subjects) for file, subjects in hidden.items()},
        threads=part.threads,
    )
    return list(lists.entries(sheet))


_CONTENT = ("rank", "title", "summary", "reasons", "source", "verdict", "detail")


def write(part: Part, files: Files, wanted: list[lists.Entry]) -> None:
    """Write the difference. Hidden entries are a worker's decision and stay as they are."""
    rows = (
        part.within(ListEntry.objects.visible_to(part.actor), "file__person_id")
        .filter(ended_on__isnull=True)
        .order_by("id")
        .values_list("id", "file_id", "kind", "subject", "hidden_because", "added_on", *_CONTENT)
    )
    present = {(row[1], row[2], row[3]): row for row in rows.iterator(5000)}
    paths = {row["id"]: row["unit_path"] for row in files.values()}
    new, changed = [], []
    keys = set()
    for entry in wanted:
        key = (entry.file_id, str(entry.kind), entry.subject)
        keys.add(key)
        content = {
            "rank": entry.rank,
            "title": entry.title,
            "summary": entry.summary,
            "reasons": list(entry.reasons),
            "source": entry.source,
            "verdict": entry.verdict,
            # As it comes back from the database: lists for tuples, text for days.
            "detail": json.loads(json.dumps(entry.detail)),
        }
        row = present.get(key)
        if row is None:
            new.append(
                {
                    "file_id": entry.file_id,
                    "unit_path": paths[entry.file_id],
                    "kind": str(entry.kind),
                    "subject": entry.subject,
                    **content,
                    "added_on": part.as_of,
                    "hidden_because": "",
                    "comment": "",
                }
            )
        elif not row[4] and tuple(row[6:]) != tuple(content.values()):
            changed.append({"id": row[0], **content})
    ended = [
        {"id": row[0], "ended_on": part.ended(row[5])}
        for key, row in present.items()
        if key not in keys and not row[4]
    ]
    # First out, then in: a subject that comes back on the same day is a new entry.
    part.outcome.changes["entries_ended"] += update(ListEntry, ended)
    part.outcome.changes["entries_changed"] += update(ListEntry, changed)
    part.outcome.changes["entries_added"] += insert(ListEntry, new)
