"""Looking for people who are one, and deciding. Sentences are for the worker who decides."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice, takewhile

import polars as pl
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from weiye.base.audit.actions import record
from weiye.base.privacy.fields import blind_index
from weiye.base.regions.models import Unit
from weiye.base.runs.actions import Reports, start
from weiye.base.runs.models import Run
from weiye.base.scope.actor import Actor, system
from weiye.base.scope.fence import fence
from weiye.base.scope.turn import take_turn
from weiye.engine.linkage import Settings, dedupe, link
from weiye.registers.people.merging.actions import RIGHT, merge
from weiye.registers.people.merging.models import Merge
from weiye.registers.people.models import Person
from weiye.services.exchange.links import Answer, LinkRow

from .frames import Record, frame, likely, people, records
from .models import DECIDED, DoubtState, Pair, PairState, RowDoubt

KIND = "linkage.search"
IMPORTS = "people.import"
#: Who writes pairs waits for who decides one, and the other way round.
TURN = "linkage"
#: More than this many doubtful pairs in one area say that something else is wrong.
MOST_PAIRS = 20_000


@dataclass(frozen=True, slots=True)
class Found:
    people: int
    pairs: int
    new: int


def start_search(*, actor: Actor, path: str) -> Run:
    """Queue looking for people of a unit who may be one. Raises `NotAllowed`."""
    from .jobs import search

    return start(
        actor=actor, kind=KIND, title="查找重复人员", right=RIGHT, path=path, args={}, task=search
    )


@transaction.atomic
def search_now(*, actor: Actor, path: str, on: date, progress: Reports | None = None) -> Found:
    """Compare everybody of the unit with everybody; keep the pairs that somebody has to look at.

    What was decided is not asked again; an open pair that is doubtful no more goes.
    """
    actor.require(RIGHT, path)
    parts, count = [frame([])], 0
    rows = iter(records(people(actor, path)))
    while block := list(islice(rows, 5000)):
        parts.append(frame(block))
        count += len(block)
        if progress is not None:
            progress.report(count, 0, "正在读取台账")
    apart = sorted(
        tuple(sorted(map(str, both)))
        for both, (_, state) in _known(actor, path).items()
        if state in DECIDED
    )
    decided = pl.DataFrame(
        {
            "left_id": [pair[0] for pair in apart],
            "right_id": [pair[1] for pair in apart],
            "same": [False] * len(apart),
        },
        schema={"left_id": pl.String, "right_id": pl.String, "same": pl.Boolean},
    )
    found = dedupe(pl.concat(parts), decided=decided).sort("probability", descending=True)
    pairs = {
        (min(int(one), int(other)), max(int(one), int(other))): (probability, evidence)
        for one, other, probability, _, evidence in found.head(MOST_PAIRS).iter_rows()
    }
    new = _keep(actor, path, pairs, on)
    record(
        actor=actor,
        verb="linkage.search",
        path=path,
        detail={"people": count, "pairs": len(pairs), "new": new},
    )
    return Found(count, len(pairs), new)


_Both = tuple[int, int]


def _known(actor: Actor, path: str) -> dict[_Both, tuple[int, str]]:
    """Pairs of people of the unit, the lower id first, wherever the pair itself lies."""
    lo, hi = path, path[:-1] + "0"
    with fence(system(name=actor.name)):
        rows = Pair.objects.filter(
            one__unit_path__gte=lo,
            one__unit_path__lt=hi,
            other__unit_path__gte=lo,
            other__unit_path__lt=hi,
        ).order_by("pk")
        return {
            (min(one, other), max(one, other)): (pk, state)
            for pk, one, other, state in rows.values_list("pk", "one_id", "other_id", "state")
        }


def _keep(actor: Actor, path: str, pairs: Mapping[_Both, tuple[float, str]], on: date) -> int:
    """Write what was found, in bulk; how many pairs are new.

    Comparing takes minutes: what was decided, merged or found by somebody else meanwhile stands.
    """
    # One at a time with those who decide, for this moment alone.
    take_turn(TURN, path)
    paths = dict(people(actor, path).values_list("pk", "unit_path"))
    known = _known(actor, path)
    open_ = {both: pk for both, (pk, state) in known.items() if state == PairState.OPEN}
    still = [
        Pair(pk=pk, probability=pairs[both][0], evidence=pairs[both][1])
        for both, pk in open_.items()
        if both in pairs
    ]
    Pair.objects.bulk_update(still, ["probability", "evidence"], batch_size=500)
    made = [
        Pair(
            unit_path=_common(paths[one], paths[other]),
            one_id=one,
            other_id=other,
            probability=probability,
            evidence=evidence,
            found_on=on,
        )
        for (one, other), (probability, evidence) in pairs.items()
        if (one, other) not in known and one in paths and other in paths
    ]
    Pair.objects.bulk_create(made, batch_size=500, ignore_conflicts=True)
    gone = [pk for both, pk in open_.items() if both not in pairs]
    Pair.objects.visible_to(actor).filter(pk__in=gone, state=PairState.OPEN).delete()
    return len(made)


def follow(person_ids: Collection[int]) -> None:
    """Pairs of people who moved lie with the lowest unit that holds both now."""
    with fence(system(name="人员比对")):
        rows = Pair.objects.filter(Q(one__in=person_ids) | Q(other__in=person_ids)).order_by("pk")
        for pk, path, one, other in rows.values_list(
            "pk", "unit_path", "one__unit_path", "other__unit_path"
        ):
            if path != _common(one, other):
                Pair.objects.filter(pk=pk).update(unit_path=_common(one, other))


def taken_back(one: int, other: int) -> None:
    """Two who were merged and parted again are two, whatever was said before."""
    with fence(system(name="人员比对")):
        Pair.objects.filter(
            one__in=(one, other), other__in=(one, other), state=PairState.SAME
        ).update(state=PairState.DIFFERENT, reason="合并后又拆分，不是同一个人")


def _common(one: str, other: str) -> str:
    """The path of the lowest unit that holds both.

    >>> _common("37/10/02/001/001/", "37/10/02/001/002/g01/")
    '37/10/02/001/'
    """
    pairs = zip(one.strip("/").split("/"), other.strip("/").split("/"), strict=False)
    return "".join(f"{a}/" for a, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


@transaction.atomic
def decide_same(*, actor: Actor, pair_id: int, keep: int, reason: str) -> Merge:
    """The two are one: the other row goes into ``keep``. Raises as `merging.merge`."""
    pair = _open(actor, pair_id)
    if keep not in (pair.one_id, pair.other_id):
        raise ValidationError("请选择保留哪一条。")
    gone = pair.other_id if keep == pair.one_id else pair.one_id
    # Settled first: the merge takes a pair of one and the same out of the way, sealed with it.
    _settle(actor, pair, PairState.SAME, reason)
    return merge(actor=actor, keep=keep, gone=gone, reason=reason)


@transaction.atomic
def decide_different(*, actor: Actor, pair_id: int, reason: str = "") -> Pair:
    """The two are two, for good."""
    return _settle(actor, _open(actor, pair_id), PairState.DIFFERENT, reason)


@transaction.atomic
def put_off(*, actor: Actor, pair_id: int) -> Pair:
    """Not today: it leaves the queue and can be found under 先放着."""
    pair = _open(actor, pair_id)
    pair.state = PairState.LATER
    pair.save(update_fields=["state"])
    record(actor=actor, verb="linkage.later", path=pair.unit_path, thing=pair)
    return pair


def _open(actor: Actor, pair_id: int) -> Pair:
    rows = Pair.objects.visible_to(actor)
    take_turn(TURN, rows.order_by().values_list("unit_path", flat=True).get(pk=pair_id))
    pair = rows.select_for_update(of=("self",)).get(pk=pair_id)
    actor.require(RIGHT, pair.unit_path)
    if pair.state in DECIDED:
        raise ValidationError(
            f"{pair.decided_by}已经核对过：{PairState(pair.state).label}。不用再核对。"
        )
    return pair


def _settle(actor: Actor, pair: Pair, state: PairState, reason: str) -> Pair:
    pair.state, pair.reason = state, reason.strip()[:300]
    pair.decided_at, pair.decided_by = timezone.now(), actor.name
    pair.save(update_fields=["state", "reason", "decided_at", "decided_by"])
    record(
        actor=actor,
        verb=f"linkage.{state}",
        path=pair.unit_path,
        thing=pair,
        detail={"people": [pair.one_id, pair.other_id], "reason": pair.reason},
    )
    return pair


# --- rows of rosters -------------------------------------------------------------------------


def resolve(actor: Actor, unit: Unit, rows: Sequence[LinkRow]) -> list[Answer]:
    """Whom rows without a valid number mean: what somebody decided, else what the engine is sure
    of; "review" where it doubts (`services.exchange.links`)."""
    answers: list[Answer] = [None] * len(rows)
    decided = {
        words: (person, state)
        for words, person, state in RowDoubt.objects.visible_to(actor)
        .filter(unit=unit, words__in=[_words(row) for row in rows])
        .order_by("pk")
        .values_list("words", "person_id", "state")
    }
    asked: list[Record] = []
    for at, row in enumerate(rows):
        person, state = decided.get(_words(row), (None, DoubtState.OPEN))
        if state == DoubtState.LINKED:
            answers[at] = person
        elif state == DoubtState.OPEN:
            asked.append(_record(row) | {"id": str(at)})
    if not asked:
        return answers
    around = frame(records(likely(actor, unit.path, asked)))
    for at, pk, _, decision, _ in link(frame(asked), around, settings=_QUICK).iter_rows():
        if answers[int(at)] is None or decision == "link":
            answers[int(at)] = int(pk) if decision == "link" else "review"
    return answers


#: A roster's block waits for it: no sentences.
_QUICK = Settings(evidence=False)


def keep_doubts(
    actor: Actor, unit: Unit, batch_id: int, source: str, rows: Sequence[LinkRow]
) -> None:
    """Rows of an import that wait for somebody to say who is meant; the same words wait once."""
    RowDoubt.objects.bulk_create(
        [
            RowDoubt(
                unit=unit,
                unit_path=unit.path,
                batch_id=batch_id,
                sheet=row.sheet[:100],
                line=row.line,
                source=source[:100],
                said=json.dumps(_record(row), ensure_ascii=False),
                words=_words(row),
            )
            for row in {_words(row): row for row in rows}.values()
        ],
        ignore_conflicts=True,
    )
    record(
        actor=actor,
        verb="linkage.keep",
        path=unit.path,
        detail={"batch": batch_id, "rows": len(rows)},
    )


def _record(row: LinkRow) -> Record:
    return {
        "name": row.name,
        "id_number": row.written or None,
        "birth_date": row.birth_date.isoformat() if row.birth_date else None,
        "sex": row.sex,
        "phone": row.phone or None,
        "address": row.address or None,
        "unit": None,
    }


def _words(row: LinkRow) -> str:
    """The keyed digest of what a row says: equal words, equal digest, and nothing to read."""
    said = [str(value or "") for value in _record(row).values()]
    if not any((row.written, row.birth_date, row.phone, row.address)):
        # A name alone says so little that what was decided holds for this line only.
        said += [row.sheet, str(row.line)]
    return blind_index("\n".join(said))


@transaction.atomic
def decide_row(
    *, actor: Actor, doubt_id: int, person_id: int | None, now: datetime | None = None
) -> RowDoubt:
    """Who is meant by a row, or nobody of the ledger (None)."""
    found = RowDoubt.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=doubt_id)
    actor.require(IMPORTS, found.unit_path)
    if found.state != DoubtState.OPEN:
        raise ValidationError(f"{found.decided_by}已经核对过这一行。")
    if person_id is not None and not Person.objects.visible_to(actor).filter(
        pk=person_id, unit_path__gte=found.unit_path, unit_path__lt=found.unit_path[:-1] + "0"
    ):
        raise ValidationError("选择的人不在这个辖区的台账里。")
    found.person_id = person_id
    found.state = DoubtState.NOBODY if person_id is None else DoubtState.LINKED
    found.decided_at, found.decided_by = now or timezone.now(), actor.name
    found.save(update_fields=["person", "state", "decided_at", "decided_by"])
    record(actor=actor, verb="linkage.row", path=found.unit_path, thing=found, about=person_id)
    return found
