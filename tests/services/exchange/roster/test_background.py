"""The same as long work: progress, cancel, kill -9."""

import os
import signal
import subprocess
import sys

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from tests.services.exchange.making import people, xlsx
from tests.services.exchange.roster.bringing import (
    HEAD,
    cancel_elsewhere,
    ended,
    everybody,
    uploaded,
)
from tests.world import A, actor, path_of
from weiye.base.audit.models import AuditEntry
from weiye.base.runs.actions import work_off
from weiye.base.runs.models import Run, RunState
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence
from weiye.registers.people.models import Person
from weiye.services.assistance.jobs import KIND as PIPELINE
from weiye.services.exchange import actions, jobs, queries
from weiye.services.exchange.models import ImportBatch, ImportState

pytestmark = pytest.mark.requirement("PPL-3")


class TestInTheBackground:
    """These commit, since progress travels on a second connection."""

    def test_check_and_commit_by_jobs(self, clean, queued):
        batch = uploaded()
        run = queued("dry_run", batch)
        assert queued("dry_run", batch).pk == run.pk, "a double click starts nothing twice"
        jobs.check(run_id=run.pk, path=run.unit_path)
        found = ended(run)
        assert (found.state, found.done, found.result["counts"]["new"]) == (RunState.DONE, 3, 3)
        assert "将新增3人" in found.message
        run = queued("commit", batch)
        jobs.commit(run_id=run.pk, path=run.unit_path)
        assert "新增3人" in ended(run).message
        assert len(everybody()) == 3

    def test_kill_9_of_the_worker_goes_on_where_it_was(self, clean, queued, monkeypatch):
        """A real process, a real SIGKILL: whole blocks are in, and nothing twice."""
        monkeypatch.setattr("weiye.services.exchange.blocks.reading.BLOCK_ROWS", 10)
        batch = uploaded(content=xlsx([HEAD, *people(40)]))
        jobs.check(run_id=queued("dry_run", batch).pk, path=path_of(A))
        run = queued("commit", batch)
        script = f"""
import os, signal, django
django.setup()
from weiye.base.runs import progress
from weiye.registers.people.intake import changes
from weiye.services.exchange import jobs
progress.Progress.report = lambda *args: None
writes = []
record = changes.record_many
def dying(**more):
    writes.append(more)
    if len(writes) == 3:
        # In the middle of the third block.
        os.kill(os.getpid(), signal.SIGKILL)
    record(**more)
changes.record_many = dying
jobs.commit(run_id={run.pk}, path={run.unit_path!r})
"""
        settings = connection.settings_dict
        login = f"{settings['USER']}:{settings['PASSWORD']}@{settings['HOST']}:{settings['PORT']}"
        env = os.environ | {
            "WEIYE_APP_URL": f"postgresql://{login}/{settings['NAME']}",
            "DJANGO_SETTINGS_MODULE": "weiye.config.settings",
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        ran = subprocess.run(
            [sys.executable, "-c", script], env=env, check=False, capture_output=True, text=True
        )
        assert ran.returncode == -signal.SIGKILL, ran.stderr
        with fence(actor("worker-a")):
            assert Person.objects.count() == 20
            assert ImportBatch.objects.get(pk=batch.pk).state == ImportState.IMPORTING
        assert ended(run).state == RunState.RUNNING
        for _ in range(2):
            jobs.commit(run_id=run.pk, path=run.unit_path)
            assert ended(run).result["counts"]["new"] == 40
            with fence(actor("worker-a")):
                assert Person.objects.count() == 40
                assert AuditEntry.objects.filter(verb="person.import").count() == 40

    def test_a_check_that_was_killed_goes_on_with_what_it_knew(self, clean, queued, monkeypatch):
        monkeypatch.setattr("weiye.services.exchange.blocks.reading.BLOCK_ROWS", 10)
        rows = people(40)
        rows[35][1] = rows[3][1]
        rows[35][0] = rows[3][0]
        batch = uploaded(content=xlsx([HEAD, *rows]))
        run = queued("dry_run", batch)

        class Killed(BaseException):
            """Like kill -9: nobody catches it, nothing is recorded."""

        def work(actor, run, progress):
            class Dying:
                def report(self, done, total, message):
                    if done == 30 and "检查" in message:
                        raise Killed

            return jobs._check(actor, run, Dying())

        with pytest.raises(Killed):
            work_off(run_id=run.pk, path=run.unit_path, work=work, piecemeal=True)
        jobs.check(run_id=run.pk, path=run.unit_path)
        assert ended(run).result["counts"]["errors"] == 1
        with fence(actor("worker-a")):
            assert "与第5行重复" in queries.preview(actor("worker-a"), batch.pk).problems[0]

    def test_kill_after_the_commit_does_not_import_twice(self, clean, queued):
        batch = uploaded()
        jobs.check(run_id=queued("dry_run", batch).pk, path=path_of(A))
        run = queued("commit", batch)
        jobs.commit(run_id=run.pk, path=run.unit_path)
        with fence(system()):
            Run.objects.filter(pk=run.pk).update(state=RunState.RUNNING, finished_at=None)
        jobs.commit(run_id=run.pk, path=run.unit_path)
        assert ended(run).result["counts"]["new"] == 3
        assert len(everybody()) == 3

    def test_cancelled_between_blocks_says_what_is_in_and_goes_on_later(
        self, clean, queued, monkeypatch
    ):
        monkeypatch.setattr("weiye.services.exchange.blocks.reading.BLOCK_ROWS", 10)
        batch = uploaded(content=xlsx([HEAD, *people(40)]))
        jobs.check(run_id=queued("dry_run", batch).pk, path=path_of(A))
        run = queued("commit", batch)
        who = actor("worker-a")

        def work(actor_, run, progress):
            class Watched:
                def report(self, done, total, message):
                    if done == 20:
                        cancel_elsewhere(run.pk)
                    progress.report(done, total, message)

            return jobs._commit(actor_, run, Watched())

        work_off(run_id=run.pk, path=run.unit_path, work=work, piecemeal=True)
        found = ended(run)
        assert found.state == RunState.CANCELLED
        assert "前20行处理完了，其余没有导入" in found.message
        with fence(who):
            assert Person.objects.count() == 20
            with pytest.raises(ValidationError, match="导入了一部分"):
                actions.cancel(actor=who, batch_id=batch.pk)
            assert len(queries.preview(who, batch.pk).rows) == 40
        run = queued("commit", batch)
        jobs.commit(run_id=run.pk, path=run.unit_path)
        assert ended(run).result["counts"]["new"] == 40
        with fence(who):
            assert Person.objects.count() == 40

    def test_stopped_before_anything_is_in(self, clean, queued):
        batch = uploaded()
        jobs.check(run_id=queued("dry_run", batch).pk, path=path_of(A))
        run = queued("commit", batch)
        cancel_elsewhere(run.pk)
        jobs.commit(run_id=run.pk, path=run.unit_path)
        assert ended(run).state == RunState.CANCELLED
        assert everybody() == {}

    def test_undone_by_a_job_that_was_stopped_and_gone_on_with(self, clean, queued, monkeypatch):
        monkeypatch.setattr("weiye.services.exchange.blocks.reading.BLOCK_ROWS", 10)
        batch = uploaded(content=xlsx([HEAD, *people(40)]))
        jobs.check(run_id=queued("dry_run", batch).pk, path=path_of(A))
        run = queued("commit", batch)
        jobs.commit(run_id=run.pk, path=run.unit_path)
        run = queued("preview_undo", batch)
        jobs.undo_check(run_id=run.pk, path=run.unit_path)
        with fence(actor("worker-a")):
            assert Person.objects.count() == 40, "a look changes nothing"
            found = ImportBatch.objects.get(pk=batch.pk)
            assert found.undo_counts == {"removed": 40, "restored": 0, "kept": 0}
        run = queued("undo", batch)

        def work(actor_, run, progress):
            class Watched:
                def report(self, done, total, message):
                    if done == 1:
                        cancel_elsewhere(run.pk)
                    progress.report(done, total, message)

            return jobs._undo(actor_, run, Watched())

        work_off(run_id=run.pk, path=run.unit_path, work=work, piecemeal=True)
        assert "一部分已经撤销" in ended(run).message
        with fence(actor("worker-a")):
            assert Person.objects.count() == 30
        run = queued("undo", batch)
        jobs.undo(run_id=run.pk, path=run.unit_path)
        assert "40人从台账移除" in ended(run).message
        assert everybody() == {}

    def test_the_pipeline_follows(self, clean):
        batch = uploaded()
        who = actor("worker-a")
        with fence(who):
            run = actions.dry_run(actor=who, batch_id=batch.pk)
        jobs.check(run_id=run.pk, path=run.unit_path)
        with fence(who):
            run = actions.commit(actor=who, batch_id=batch.pk)
        jobs.commit(run_id=run.pk, path=run.unit_path)
        with fence(system()):
            kinds = list(Run.objects.order_by("id").values_list("kind", "unit_path", "state"))
        assert kinds == [
            ("roster.check", path_of(A), "done"),
            ("roster.import", path_of(A), "done"),
            (PIPELINE, path_of(A), "queued"),
        ]

    def test_file_that_is_refused_says_so_in_the_run(self, clean, queued):
        content = xlsx([HEAD, *people(1)])
        batch = uploaded("clerk", content=content, code="371002001000")
        run = queued("dry_run", batch, "clerk")
        jobs.check(run_id=run.pk, path=run.unit_path)
        found = ended(run)
        assert found.state == RunState.FAILED
        assert "要有“社区”一列" in found.message
