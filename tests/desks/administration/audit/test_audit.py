"""The log's pages: what the auditor of an area sees, narrows, exports and has checked."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.world import A, actor, path_of, sign_in
from weiye.base.audit import jobs
from weiye.base.audit.actions import record, record_many
from weiye.base.audit.models import AuditEntry
from weiye.base.audit.unusual import unusual, week_before
from weiye.base.runs.models import Run
from weiye.base.scope.actor import NotAllowed, system
from weiye.base.scope.fence import fence

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("ORG-2")]

OTHER = "37/10/03/001/001/"
PAGE = "/administration/audit/"


def signed_in(username: str) -> Client:
    client = Client()
    sign_in(client, username)
    return client


def done(username: str, verb: str, key: int, path: str = path_of(A), **detail: object) -> None:
    who = actor(username)
    with fence(who):
        record(actor=who, verb=verb, path=path, thing=("person", str(key)), detail=detail)


def at(verb: str, when: datetime, *, count: int = 1, name: str = "夜猫", key: int = 77) -> None:
    """Entries of another moment, as only a test may write them."""
    with fence(system()), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_auditentry (unit_path, at, actor_id, actor_name, role, verb, "
            "thing_type, thing_id, person_id, detail) SELECT %s, %s, %s, %s, 'station_worker', %s, "
            "'person', n::text, n, '{}' FROM generate_series(1, %s) n",
            [path_of(A), when, key, name, verb, count],
        )


def test_the_auditor_sees_the_area_in_plain_words() -> None:
    done("worker-a", "person.reveal", 5, reason="联系本人", field="phone")
    done("worker-d", "person.read", 6, path=OTHER)
    page = signed_in("auditor").get(PAGE).content.decode()
    assert "查看完整号码或住址" in page
    assert "原因：联系本人" in page
    assert "测试甲社区" in page
    assert "worker-d" not in page
    assert "worker-d" in signed_in("auditor-d").get(PAGE).content.decode()


@pytest.mark.parametrize("username", ["worker-a", "clerk", "admin", "resident-1"])
def test_others_see_no_log(username: str) -> None:
    client = signed_in(username)
    for address in (PAGE, f"{PAGE}unusual/", f"{PAGE}chain/"):
        assert client.get(address).status_code == 403
    assert client.post(f"{PAGE}chain/verify/").status_code == 403


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", {"a", "b", "c"}),
        ("verb=person.read", {"a"}),
        ("kind=reveal", {"b"}),
        ("role=grid_worker", {"c"}),
        ("q=worker", {"a", "b"}),
        ("q=71", {"a"}),
        ("what=person&verb=contact.record", {"c"}),
        ("unit=37/10/02/002/", set()),
        ("on_from=2020-01-01&on_to=2020-01-31", set()),
        ("on_from=2020-01-01", {"a", "b", "c"}),
    ],
)
def test_the_list_is_narrowed(query: str, shown: set[str]) -> None:
    done("worker-a", "person.read", 71)
    done("worker-a", "person.reveal", 72, reason="x")
    done("grid-a", "contact.record", 73)
    page = signed_in("auditor").get(f"{PAGE}?{query}").content.decode()
    found = {name for name, key in (("a", 71), ("b", 72), ("c", 73)) if f"居民 {key}<" in page}
    assert found == shown


def test_a_wrong_day_is_said() -> None:
    page = signed_in("auditor").get(f"{PAGE}?on_from=gestern").content.decode()
    assert "请按“年-月-日”填写" in page
    page = signed_in("auditor").get(f"{PAGE}?on_from=2026-02-01&on_to=2026-01-01").content.decode()
    assert "请对调" in page


def test_the_list_costs_a_fixed_number_of_queries() -> None:
    client = signed_in("auditor")
    counts = []
    for more in (1, 40):
        with fence(system()):
            record_many(
                actor=system(),
                verb="person.import",
                entries=[(path_of(A), "person", str(n), {}) for n in range(more)],
            )
        client.get(PAGE)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get(PAGE)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_unusual_things_are_counted_by_account_and_day() -> None:
    now = timezone.localtime()
    noon = (now - timedelta(days=1)).replace(hour=12, minute=0)
    night = (now - timedelta(days=1)).replace(hour=23, minute=30)
    at("person.reveal", noon, count=20, name="翻看的")
    at("person.reveal", noon, count=19, name="平常的", key=78)
    at("person.read", night, name="夜里的", key=79)
    at("people.export", noon, name="导出的", key=80)
    at("refused", noon, count=10, name="碰壁的", key=81)
    at("person.reveal", now - timedelta(days=30), count=50, name="很久前的", key=82)
    auditor = actor("auditor")
    with fence(auditor):
        found = {
            check.key: {(row.actor_name, row.count) for row in check.rows}
            for check in unusual(auditor, since=week_before(timezone.now()))
        }
    assert found["reveals"] == {("翻看的", 20)}
    assert found["night"] == {("夜里的", 1)}
    assert ("导出的", 1) in found["exports"]
    assert found["refused"] == {("碰壁的", 10)}
    assert found["reads"] == set()
    page = signed_in("auditor").get(f"{PAGE}unusual/").content.decode()
    assert "翻看的" in page
    assert f"account=77&amp;on_from={noon:%Y-%m-%d}" in page
    with pytest.raises(NotAllowed), fence(actor("worker-a")):
        unusual(actor("worker-a"), since=week_before(timezone.now()))


def test_the_chain_is_checked_with_progress_and_its_result_kept() -> None:
    from weiye.base.audit.sealing import seal

    client = signed_in("auditor")
    assert "还没有核对过" in client.get(f"{PAGE}chain/").content.decode()
    done("worker-a", "person.read", 5)
    seal()
    assert client.post(f"{PAGE}chain/verify/").status_code == 302
    auditor = actor("auditor")
    with fence(auditor):
        run = Run.objects.visible_to(auditor).get(kind=jobs.KIND)

        class Reports:
            said: list[tuple[int, int]] = []

            def report(self, done: int, total: int, message: str) -> None:
                self.said.append((done, total))

        result = jobs._verify(auditor, run, Reports())
        assert result["intact"], result
        assert Reports.said[-1][0] == Reports.said[-1][1] > 0
        kept = AuditEntry.objects.filter(verb=jobs.KIND).order_by("-id")[0]
    assert kept.detail["entries"] == result["entries"]
    page = client.get(f"{PAGE}chain/").content.decode()
    assert "完好" in page


def test_a_failing_sink_is_shown(tmp_path, settings) -> None:  # type: ignore[no-untyped-def]
    from weiye.base.audit.sealing import seal
    from weiye.base.audit.sink import deliver

    settings.AUDIT_SINK = str(tmp_path / "no" / "such" / "folder")
    seal()
    deliver()
    page = signed_in("auditor").get(f"{PAGE}chain/").content.decode()
    assert "写不进去" in page
    assert "No such file" in page
