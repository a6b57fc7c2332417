"""Versions of packs: proposed from disk, approved by the jurisdiction, in force from a day on."""

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.db import IntegrityError, connections, transaction

from tests.world import actor
from weiye.base.audit.models import AuditEntry
from weiye.base.packs import ROOT, PackError, actions, queries
from weiye.base.packs.differences import differences, lines
from weiye.base.packs.folders import digest_of, files_of, laid_out, on_disk
from weiye.base.packs.models import PackState, PackVersion
from weiye.base.scope.actor import NotAllowed, system
from weiye.base.scope.fence import fence

WEIHAI = "371002001001"
TODAY = date(2026, 11, 20)
TOMORROW = TODAY + timedelta(days=1)


@pytest.fixture
def root(tmp_path: Path, settings) -> Path:  # type: ignore[no-untyped-def]
    """A copy of the packs that a test may change; versions are laid out beside it."""
    settings.HOME = tmp_path / "home"
    root = tmp_path / "packs"
    shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns("*.gz", "*.md", "simulation"))
    return root


def register(root: Path) -> list[PackVersion]:
    with fence(system()):
        return actions.register(actor=system(), root=root)


def change(root: Path, old: str = "12000", new: str = "13000") -> None:
    path = root / "weihai" / "parameters.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def proposed(root: Path) -> PackVersion:
    register(root)
    change(root)
    (version,) = register(root)
    return version


def value(day: date) -> object:
    with fence(system()):
        pack = queries.pack_in_force(WEIHAI, day)
    return pack.parameters["startup_subsidy_firm"].value(date(2023, 6, 1), WEIHAI)


@pytest.mark.django_db
def test_without_any_version_the_packs_on_disk_count() -> None:
    with fence(system()):
        assert queries.root_of() == ROOT


@pytest.mark.django_db
def test_the_first_version_counts_at_once_and_registering_again_changes_nothing(root: Path) -> None:
    assert {v.state for v in register(root)} == {PackState.APPROVED}
    assert register(root) == []
    assert value(date(1999, 1, 1)) == 12000


@pytest.mark.django_db
def test_a_new_version_waits_and_changes_nothing_until_its_day(root: Path) -> None:
    version = proposed(root)
    assert version.state == PackState.PROPOSED
    assert register(root) == []
    assert value(TOMORROW) == 12000
    who = actor("city")
    with fence(who):
        actions.approve(
            actor=who, version_id=version.pk, in_force_from=TOMORROW, today=TODAY, note="同意"
        )
        entry = AuditEntry.objects.get(verb="pack.approve")
    assert entry.detail["digest"] == version.digest
    # As-of replay: a past day keeps the version that counted then.
    assert (value(TODAY), value(TOMORROW)) == (12000, 13000)
    with fence(who):
        found = PackVersion.objects.get(pk=version.pk)
        assert (found.decided_name, found.decided_by) == (who.name, who.account_id)
        assert queries.replaced_by(found).in_force_from == actions.BEGINNING  # type: ignore[union-attr]


@pytest.mark.django_db
@pytest.mark.parametrize("username", ["county", "worker-a", "admin"])
def test_without_the_right_nobody_decides(root: Path, username: str) -> None:
    version, who = proposed(root), actor(username)
    with fence(who), pytest.raises(NotAllowed):
        actions.approve(actor=who, version_id=version.pk, in_force_from=TODAY, today=TODAY)


@pytest.mark.django_db
def test_a_city_does_not_decide_about_the_provinces_pack(root: Path) -> None:
    register(root)
    path = root / "shandong" / "matching.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "\n# seen\n", encoding="utf-8")
    (version,) = register(root)
    who = actor("city")
    with fence(who), pytest.raises(PackVersion.DoesNotExist):
        actions.approve(actor=who, version_id=version.pk, in_force_from=TODAY, today=TODAY)
    # The second fence says the same.
    with fence(who):
        assert PackVersion.objects.filter(pk=version.pk).update(note="x") == 0
    province = actor("province")
    with fence(province):
        actions.approve(actor=province, version_id=version.pk, in_force_from=TODAY, today=TODAY)


@pytest.mark.django_db
def test_decided_once_never_in_the_past_and_sent_back_with_a_reason(root: Path) -> None:
    version, who = proposed(root), actor("city")
    with fence(who):
        with pytest.raises(actions.Undecidable, match="早于今天"):
            actions.approve(
                actor=who,
                version_id=version.pk,
                in_force_from=TODAY - timedelta(days=1),
                today=TODAY,
            )
        with pytest.raises(actions.Undecidable, match="原因"):
            actions.reject(actor=who, version_id=version.pk, note=" ")
        actions.reject(actor=who, version_id=version.pk, note="数额抄错")
        with pytest.raises(actions.Undecidable, match="再次"):
            actions.approve(actor=who, version_id=version.pk, in_force_from=TODAY, today=TODAY)
    assert value(TOMORROW) == 12000
    # Sent back is not forgotten: the same files are not proposed again by themselves.
    assert register(root) == []


@pytest.mark.django_db
def test_a_version_with_a_mistake_cannot_be_approved(root: Path) -> None:
    register(root)
    change(root, "kind: yuan", "kind: dollars")
    (version,) = register(root)
    who = actor("city")
    with fence(who), pytest.raises(actions.Undecidable, match=r"parameters\.yaml:"):
        actions.approve(actor=who, version_id=version.pk, in_force_from=TODAY, today=TODAY)
    with fence(who):
        assert PackVersion.objects.get(pk=version.pk).state == PackState.PROPOSED


@pytest.mark.django_db
def test_the_operator_approves_all_the_newest_of_each(root: Path) -> None:
    register(root)
    change(root)
    register(root)
    change(root, "13000", "14000")
    register(root)
    with fence(system()):
        done = actions.approve_all(actor=system(), today=TODAY, note="更新")
    assert [version.state for version in done] == [PackState.APPROVED]
    assert value(TODAY) == 14000


@pytest.mark.django_db
def test_the_database_holds_a_decision_whole(root: Path) -> None:
    register(root)
    with (
        connections["owner"].cursor() as cursor,
        pytest.raises(IntegrityError, match="decided_whole"),
        transaction.atomic(using="owner"),
    ):
        cursor.execute(
            "INSERT INTO packs_packversion (unit_path, pack, name, digest, files, state, seen_at,"
            " decided_name, note) VALUES ('37/', 'x', 'x', 'x', '{}', 'approved', now(), '', '')"
        )


def test_files_laid_out_stay_inside(tmp_path: Path) -> None:
    for name in ("../../evil.yaml", "/etc/evil.yaml"):
        with pytest.raises(ValueError, match="outside"):
            laid_out({"x": ("1", {name: "a: 1"})}, tmp_path / "home")
    assert not list(tmp_path.rglob("evil.yaml"))


def test_laid_out_twice_is_one_folder_with_the_same_content(tmp_path: Path) -> None:
    chosen = {pack: (digest_of(files), files) for pack, files in on_disk().items()}
    folder = laid_out(chosen, tmp_path)
    assert laid_out(chosen, tmp_path) == folder
    assert {pack: files_of(folder / pack) for pack in chosen} == on_disk()
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def test_differences_name_the_rule_and_what_is_said_about_it() -> None:
    before = {
        "groups.yaml": "groups:\n  - {id: a, text: 甲, clauses: [{id: x, when: age >= 40}]}\n",
        "parameters.yaml": "parameters:\n  p: {text: 数额, values: [{value: 1.50}]}\n",
        "benefits/b.yaml": "id: b\nname: 补贴\n",
    }
    after = {
        "groups.yaml": "groups:\n  - {id: n, text: 新}\n"
        "  - {id: a, text: 甲, clauses: [{id: w, when: 'true'}, {id: x, when: age >= 45}]}\n",
        "parameters.yaml": "parameters:\n  p: {text: 数额, values: [{value: 1.5}]}\n",
    }
    found = {(d.kind, d.id, d.change): d for d in differences(before, after)}
    assert set(found) == {
        ("群体", "n", "added"),
        ("群体", "a", "changed"),
        ("标准数额", "p", "changed"),
        ("政策", "b", "removed"),
    }
    changed = found["群体", "a", "changed"].values
    assert [(v.label, v.before, v.after) for v in changed] == [
        ("条件 · w · 条件式", None, "true"),
        ("条件 · x · 条件式", "age >= 40", "age >= 45"),
    ]
    assert [name for name, _ in lines(before, after)] == [
        "benefits/b.yaml",
        "groups.yaml",
        "parameters.yaml",
    ]
    assert differences(before, before) == [] and lines(after, after) == []


@pytest.mark.django_db
def test_an_approved_version_that_the_software_cannot_read_is_told(root: Path) -> None:
    register(root)
    with fence(system()):
        broken = PackVersion.objects.get(pack="weihai")
        broken.files["pack.yaml"] = "id: weihai\n"
        broken.digest = digest_of(broken.files)
        broken.save()
        with pytest.raises(PackError):
            queries.packs_in_force()
