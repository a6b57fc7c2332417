"""The pipeline in the background: on a worker's word, and every night."""

import contextlib
from collections.abc import Iterable
from datetime import date
from typing import Any

from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from weiye.base.packs.models import PackVersion
from weiye.base.packs.queries import in_force, packs_with
from weiye.base.runs.actions import RETRY, Reports, start, work_off
from weiye.base.runs.models import Run
from weiye.base.scope.actor import Actor, system
from weiye.base.scope.fence import fence
from weiye.registers.people.models import Person

from .actions import refresh_people, run_pipeline
from .replay import replay

KIND = "assistance.pipeline"
COMMUNITY = 5


def start_pipeline(*, actor: Actor, path: str, as_of: date) -> Run:
    """Queue a run for a unit; one that waits already is returned instead.

    Raises `NotAllowed` without ``pipeline.run`` for the path.
    """
    actor.require("pipeline.run", path)
    return start(
        actor=actor,
        kind=KIND,
        title="更新重点群体、援助档案和四张清单",
        right="pipeline.run",
        path=path,
        args={"as_of": as_of.isoformat()},
        task=pipeline,
        # One that works already may have read the people before the latest import.
        fresh=True,
    )


@app.task(name=KIND, queue="default", retry=RETRY)
def pipeline(run_id: int, path: str) -> None:
    work_off(run_id=run_id, path=path, work=_work)


def _work(actor: Actor, run: Run, progress: Reports) -> dict[str, Any]:
    outcome = run_pipeline(
        actor=actor,
        path=run.unit_path,
        as_of=date.fromisoformat(run.args["as_of"]),
        progress=progress,
    )
    changes = outcome.changes
    told = [
        f"{count}{words}"
        for count, words in (
            (changes["groups_joined"], "人次进入群体"),
            (changes["groups_left"], "人次退出群体"),
            (changes["files_opened"], "份新建档案"),
            (changes["entries_added"], "条新增清单"),
            (changes["entries_ended"], "条移出清单"),
        )
        if count
    ]
    message = "，".join(told) + "。" if told else "没有变化。"
    return {"message": f"已更新：{message}", "totals": outcome.totals, "changes": dict(changes)}


PERSON = "assistance.person"


def refresh_soon(people: Iterable[tuple[int, str]]) -> None:
    """Have these people (id and path) looked at again as soon as a worker is free.

    Each with the household, in seconds; whole communities where many were changed at once. For
    changes written row by row nothing needs to call this: saving a row does (`changed`).
    """
    of_community: dict[str, list[int]] = {}
    for person, path in sorted(set(people)):
        community = "/".join(path.strip("/").split("/")[:COMMUNITY]) + "/"
        of_community.setdefault(community, []).append(person)
    for community, ids in of_community.items():
        if len(ids) > MANY_AT_ONCE:
            actor = system(community)
            with fence(actor):
                start_pipeline(actor=actor, path=community, as_of=timezone.localdate())
            continue
        for person in ids:
            # One that waits already will see this change too.
            with contextlib.suppress(AlreadyEnqueued):
                person_changed.configure(queueing_lock=f"{PERSON}:{person}").defer(
                    person_id=person, path=community
                )


# More people of one community than this are a matter for its whole run.
MANY_AT_ONCE = 30


@app.task(name=PERSON, queue="default", retry=RETRY)
def person_changed(person_id: int, path: str) -> None:
    """Groups, file, lists and visit day of one person and the household, worked out anew."""
    actor = system(path)
    with fence(actor):
        refresh_people(actor=actor, path=path, people=[person_id], as_of=timezone.localdate())


REPLAY = "assistance.replay"
# Fewer people than this are not told to those who may not see people.
FEW = 5


def start_replay(*, actor: Actor, path: str, as_of: date, version_id: int | None = None) -> Run:
    """Queue the working-out of a day's groups; ``version_id``: with this version of a pack.

    Raises `NotAllowed` without ``packs.read`` for the path.
    """
    return start(
        actor=actor,
        kind=REPLAY,
        title=f"按{as_of:%Y-%m-%d}的规则重算",
        right="packs.read",
        path=path,
        args={"as_of": as_of.isoformat(), "version": version_id},
        task=replaying,
    )


@app.task(name=REPLAY, queue="default", retry=RETRY)
def replaying(run_id: int, path: str) -> None:
    work_off(run_id=run_id, path=path, work=_replay)


def _replay(actor: Actor, run: Run, progress: Reports) -> dict[str, Any]:
    as_of = date.fromisoformat(run.args["as_of"])
    chosen = run.args.get("version")
    versions = in_force(as_of)
    packs = []
    if chosen:
        packs = packs_with(chosen, as_of)
        other = PackVersion.objects.defer("files").get(pk=chosen)
        versions[other.pack] = other
    found = replay(actor=actor, path=run.unit_path, as_of=as_of, progress=progress, packs=packs)
    open_ = actor.can("people.list")
    return {
        "message": f"已按{as_of:%Y-%m-%d}的规则重算{found.people}人。",
        "people": found.people,
        # A city's pack stands on its province's: all that counted are named.
        "packs": [[version.pack, version.digest] for _, version in sorted(versions.items())],
        "lines": [
            [line.group]
            + [
                number if open_ or number >= FEW or not number else None
                for number in (line.recorded, line.found, line.only_recorded, line.only_found)
            ]
            for line in found.lines
        ],
    }


@app.periodic(cron="30 1 * * *")
@app.task(name=f"{KIND}.nightly", queue="default", queueing_lock=f"{KIND}.nightly")
def nightly(timestamp: int) -> None:
    """Queue a run for every community that has people; each is a transaction of its own."""
    as_of = timezone.localdate()
    actor = system()
    with fence(actor):
        paths = Person.objects.visible_to(actor).order_by().values_list("unit_path", flat=True)
        communities = {
            "/".join(path.strip("/").split("/")[:COMMUNITY]) + "/" for path in paths.distinct()
        }
        for community in sorted(communities):
            start_pipeline(actor=actor, path=community, as_of=as_of)
