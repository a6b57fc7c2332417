"""Quota progress, of one file and of many at once."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any

from django.db import connection

from weiye.base.scope.actor import Actor

from ..jurisdiction import standards, standards_at
from ..models import AssistanceFile, Contact
from ..quota import Progress, Standard, progress

# One row per open file and kind owed: n, done, expected, start, stop (see `..quota`).
# {where} narrows assistance_assistancefile f; %(standards)s is what `standards_json` gives.
PER_KIND = """
    SELECT f.id, f.person_id, f.unit_path, q.kind, q.n, s.start, s.stop,
           (SELECT CASE WHEN q.once THEN count(DISTINCT c."on") ELSE count(*) END
              FROM assistance_contact c
             WHERE c.file_id = f.id AND c.kind = q.kind AND c.withdrawn_because = ''
               AND c."on" >= s.start AND c."on" < s.stop AND c."on" <= %(as_of)s)::int AS done,
           ((%(as_of)s::date - s.start + 1) * q.n - 1) / (s.stop - s.start) AS expected
    FROM assistance_assistancefile f
    JOIN jsonb_to_recordset(%(standards)s::jsonb)
         AS q(quota text, kind text, n int, months int, once bool) ON q.quota = f.quota
    CROSS JOIN LATERAL (SELECT age(%(as_of)s::date, f.opened_on) AS whole) a
    CROSS JOIN LATERAL (
        SELECT (extract(year FROM a.whole) * 12 + extract(month FROM a.whole))::int
               / q.months * q.months AS m) b
    CROSS JOIN LATERAL (
        SELECT (f.opened_on + make_interval(months => b.m))::date AS start,
               (f.opened_on + make_interval(months => b.m + q.months))::date AS stop,
               extract(day FROM f.opened_on) AS day) p
    -- A month that lacks the day: the next month's first, as 1 March for 29 February.
    CROSS JOIN LATERAL (
        SELECT p.start + (extract(day FROM p.start) <> p.day)::int AS start,
               p.stop + (extract(day FROM p.stop) <> p.day)::int AS stop) s
    WHERE f.state = 'open' AND f.opened_on <= %(as_of)s AND {where}
"""

# The same folded to one row per file. OFFSET 0: else the contacts are counted anew for each mention
# of ``done``.
PER_FILE = """
    SELECT k.id, k.person_id, k.unit_path, sum(k.n)::int AS owed,
           sum(least(k.done, k.n))::int AS done,
           sum(greatest(0, least(k.expected, k.n) - k.done))::int AS behind,
           min(CASE WHEN k.done < k.n
                    THEN k.start + (k.stop - k.start) * (k.done + 1) / k.n - 1 END) AS next_due
    FROM ({per_kind} OFFSET 0) k GROUP BY 1, 2, 3
"""


def standards_json(known: Mapping[str, Standard]) -> list[dict[str, Any]]:
    return [
        {
            "quota": name,
            "kind": kind,
            "n": n,
            "months": standard.months,
            "once": standard.once_a_day,
        }
        for name, standard in known.items()
        for kind, n in standard.occasions.items()
        if n
    ]


def per_file(where: str) -> str:
    return PER_FILE.format(per_kind=PER_KIND.format(where=where))


def quota_progress(file: AssistanceFile, *, as_of: date) -> Progress | None:
    """Progress of one file; None if it owes nothing or was opened later. Two queries."""
    return quota_progress_of([file], as_of=as_of).get(file.pk)


def quota_progress_of(files: Iterable[AssistanceFile], *, as_of: date) -> dict[int, Progress]:
    """Progress by file id, for files that the caller may see. Two queries."""
    wanted = [f for f in files if f.quota and f.opened_on <= as_of]
    held: dict[int, dict[str, list[date]]] = defaultdict(lambda: defaultdict(list))
    rows = Contact.objects.filter(
        file_id__in=[f.pk for f in wanted], withdrawn_because="", on__lte=as_of
    )
    for file_id, kind, on in rows.order_by("file_id", "on", "id").values_list(
        "file_id", "kind", "on"
    ):
        held[file_id][kind].append(on)
    found = {}
    known = standards_at(file.unit_path for file in wanted) if wanted else {}
    for file in wanted:
        standard = known[file.unit_path].get(file.quota)
        if standard is not None:
            found[file.pk] = progress(standard, file.opened_on, held[file.pk], as_of)
    return found


def open_files_progress(
    actor: Actor, *, as_of: date, path: str | None = None
) -> list[dict[str, Any]]:
    """All open files of the area that owe something: id, person_id, unit_path, owed, done,
    behind, next_due; by id. One query."""
    lo, hi = actor.range
    parameters: dict[str, Any] = {
        "as_of": as_of,
        "standards": json.dumps(standards_json(standards(path or actor.path))),
        "lo": lo,
        "hi": hi,
    }
    where = "f.unit_path >= %(lo)s AND f.unit_path < %(hi)s"
    if path is not None:
        parameters |= {"plo": path, "phi": path[:-1] + "0"}
        where += " AND f.unit_path >= %(plo)s AND f.unit_path < %(phi)s"
    with connection.cursor() as cursor:
        cursor.execute(per_file(where) + " ORDER BY 1", parameters)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def states(rows: Collection[Mapping[str, Any]]) -> dict[str, int]:
    """How many files are complete, on track, behind."""
    found = {"complete": 0, "on_track": 0, "behind": 0}
    for row in rows:
        found[state(row)] += 1
    return found


def state(row: Mapping[str, Any]) -> str:
    if row["done"] >= row["owed"]:
        return "complete"
    return "behind" if row["behind"] else "on_track"
