"""Changes of the tree that carry more rows than a page can wait for, in the background."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.http import QueryDict
from procrastinate.contrib.django import app

from weiye.base.files.actions import keep
from weiye.base.files.models import StoredFile
from weiye.base.regions import actions
from weiye.base.regions.models import Unit
from weiye.base.runs.actions import RETRY, Refused, Reports, start, work_off
from weiye.base.runs.models import Run
from weiye.base.scope.actor import Actor

from .changes import CHANGES
from .sheets import read, xlsx
from .words import rows_words

RIGHT = "units.edit"
CHANGE, IMPORT = "units.change", "units.import"
KINDS = (CHANGE, IMPORT)


def begin_change(
    *, actor: Actor, unit: Unit, verb: str, sent: Sequence[tuple[str, str]], size: int
) -> Run:
    """Queue what a form said (``sent``: its fields); a second click finds the first one's run.

    ``size``: units and rows that go along. Raises `NotAllowed` without ``units.edit``.
    """
    run = start(
        actor=actor,
        kind=CHANGE,
        title=f"{unit.name}：{CHANGES[verb].title}",
        right=RIGHT,
        path=actor.path,
        args={"unit": unit.pk, "verb": verb, "sent": [list(each) for each in sent]},
        task=change,
    )
    Run.objects.filter(pk=run.pk, started_at=None).update(total=size)
    return run


def begin_import(*, actor: Actor, stored: StoredFile, day: date) -> Run:
    """Queue a file of changed codes. Raises `NotAllowed` without ``units.edit``."""
    return start(
        actor=actor,
        kind=IMPORT,
        title=f"导入区划变更：{stored.name}"[:200],
        right=RIGHT,
        path=actor.path,
        args={"file": str(stored.pk), "day": day.isoformat()},
        task=import_file,
    )


@app.task(name=CHANGE, retry=RETRY)
def change(run_id: int, path: str) -> None:
    work_off(run_id=run_id, path=path, work=_change)


@app.task(name=IMPORT, retry=RETRY)
def import_file(run_id: int, path: str) -> None:
    work_off(run_id=run_id, path=path, work=_import)


def _change(actor: Actor, run: Run, progress: Reports) -> dict[str, Any]:
    unit = Unit.objects.get(pk=run.args["unit"])
    kind = CHANGES[run.args["verb"]]
    sent = QueryDict(mutable=True)
    for name, value in run.args["sent"]:
        sent.appendlist(name, value)
    form = kind.form(actor, unit, sent)
    if not form.is_valid():
        raise Refused(_words(form.errors.values()))
    done = 0

    def tell(label: str, number: int) -> None:
        nonlocal done
        done += number
        progress.report(min(done, run.total), run.total, _carried(label, number))

    progress.report(0, run.total, "正在变更…")
    try:
        with actions.telling(tell):
            outcome = kind.make(form, actor, unit)
    except ValidationError as error:
        raise Refused("".join(error.messages)) from error
    said = "、".join(rows_words(outcome.rows))
    return {"message": f"{kind.done}换了归属的：{said}。" if said else kind.done}


def _import(actor: Actor, run: Run, progress: Reports) -> dict[str, Any]:
    stored = StoredFile.objects.visible_to(actor).filter(pk=run.args["file"], right=RIGHT).first()
    if stored is None:
        raise Refused("这个文件已经不在了，请重新上传。")
    sheet = read(stored.name, stored.read())
    at = (0, 0)

    def tell(done: int, total: int) -> None:
        nonlocal at
        at = (done, total)
        progress.report(done, total, "正在变更…")

    try:
        with actions.telling(lambda label, number: progress.report(*at, _carried(label, number))):
            judged = actions.import_changes(
                actor=actor, sheet=sheet, day=date.fromisoformat(run.args["day"]), tell=tell
            )
    except ValidationError as error:
        raise Refused("".join(error.messages)) from error
    back = keep(
        actor=actor,
        path=actor.path,
        name=f"{Path(stored.name).stem}-处理结果.xlsx",
        content=xlsx(judged.returned(sheet)),
        right=RIGHT,
    )
    run.file_id = back.pk
    changed, bad = len(judged.changed), len(judged.bad)
    return {"message": f"已变更{changed}个单位，{bad}行有错没有处理。每一行的结果写在您的表里。"}


def _carried(label: str, number: int) -> str:
    return f"已带走{rows_words({label: number})[0]}"


def _words(errors: Any) -> str:
    return "".join(dict.fromkeys(str(each) for found in errors for each in found))
