"""Versions of packs: seen on disk, approved or sent back."""

from datetime import date
from pathlib import Path

from django.db import IntegrityError, transaction
from django.utils import timezone

from weiye.base.audit.actions import record
from weiye.base.scope.actor import Actor

from .folders import digest_of, on_disk
from .loading import ROOT, load_all
from .models import PackState, PackVersion
from .queries import in_force, root_of_versions
from .reading import PackError, read_yaml

# The version that an installation starts with counts for all days before as well.
BEGINNING = date(1900, 1, 1)


class Undecidable(Exception):
    """The version cannot be decided so; the message is a sentence for the one who decides."""


def register(*, actor: Actor, root: Path = ROOT) -> list[PackVersion]:
    """Note every version on disk that is not known yet; returns the new ones.

    The first version of a pack comes with the installation and counts at once. A later one waits
    for somebody with ``packs.approve`` and changes nothing until then.
    """
    actor.require("packs.register")
    new = []
    for pack, files in on_disk(root).items():
        digest = digest_of(files)
        known = PackVersion.objects.filter(pack=pack)
        if known.filter(digest=digest).exists():
            continue
        head = read_yaml(root / pack / "pack.yaml", f"packs/{pack}/pack.yaml")
        table = head.table("id name region sources", "inherits")
        first = not known.exists()
        now = timezone.now()
        try:
            with transaction.atomic():
                version = PackVersion.objects.create(
                    pack=pack,
                    name=table["name"].text(),
                    digest=digest,
                    files=files,
                    unit_path=path_of(table["region"].text()),
                    state=PackState.APPROVED if first else PackState.PROPOSED,
                    in_force_from=BEGINNING if first else None,
                    decided_at=now if first else None,
                    decided_name=actor.name if first else "",
                    note="随系统安装启用" if first else "",
                )
                record(
                    actor=actor,
                    verb="pack.install" if first else "pack.propose",
                    path=version.unit_path,
                    thing=version,
                    detail={"pack": pack, "digest": digest},
                )
        except IntegrityError:
            continue  # another set-up was quicker
        new.append(version)
    return new


def approve(
    *, actor: Actor, version_id: int, in_force_from: date, today: date, note: str = ""
) -> PackVersion:
    """Let a proposed version count from a day on (today or later).

    Rules carry their own dates; this day is when the system begins to use them. Raises `NotAllowed`
    outside the jurisdiction, `Undecidable` for one decided already, a day in the past, or a
    version that does not fit the other packs in force that day.
    """
    actor.require("packs.approve")
    with transaction.atomic():
        version = _proposed(actor, version_id)
        if in_force_from < today:
            raise Undecidable("启用日期不能早于今天：过去的结论按当时的规则，不能改。")
        _check_fits([version], in_force_from)
        _decide(actor, version, PackState.APPROVED, note, in_force_from)
    return version


def approve_all(*, actor: Actor, today: date, note: str) -> list[PackVersion]:
    """Let every proposed version count from today on: the newest of each pack, others sent back.

    Raises `NotAllowed` and `Undecidable` as `approve` does.
    """
    actor.require("packs.approve")
    with transaction.atomic():
        rows = PackVersion.objects.select_for_update().visible_to(actor)
        newest: dict[str, PackVersion] = {}
        for version in rows.filter(state=PackState.PROPOSED).order_by("pk"):
            if (older := newest.get(version.pack)) is not None:
                _decide(actor, older, PackState.REJECTED, "已有更新的版本", None)
            newest[version.pack] = version
        if not newest:
            return []
        _check_fits(list(newest.values()), today)
        for version in newest.values():
            _decide(actor, version, PackState.APPROVED, note, today)
    return list(newest.values())


def reject(*, actor: Actor, version_id: int, note: str) -> PackVersion:
    """Send a proposed version back with a reason. Raises as `approve` does."""
    actor.require("packs.approve")
    if not note.strip():
        raise Undecidable("请写明退回的原因。")
    with transaction.atomic():
        version = _proposed(actor, version_id)
        _decide(actor, version, PackState.REJECTED, note, None)
    return version


def _proposed(actor: Actor, version_id: int) -> PackVersion:
    version = PackVersion.objects.select_for_update().visible_to(actor).get(pk=version_id)
    actor.require("packs.approve", version.unit_path)
    if version.state != PackState.PROPOSED:
        raise Undecidable(f"这个版本{version.get_state_display()}，不能再次审批。")
    return version


def _check_fits(chosen: list[PackVersion], day: date) -> None:
    # One may lean on another: they are read together.
    packs = {version.pack for version in chosen}
    others = [version for pack, version in in_force(day).items() if pack not in packs]
    try:
        load_all(root_of_versions([*others, *chosen]))
    except PackError as error:
        raise Undecidable(f"这个版本有错误，不能启用：{error}") from error


def _decide(
    actor: Actor, version: PackVersion, state: PackState, note: str, day: date | None
) -> None:
    version.state, version.in_force_from = state, day
    version.decided_by, version.decided_name = actor.account_id, actor.name
    version.decided_at, version.note = timezone.now(), note.strip()[:500]
    version.save(
        update_fields=[
            "state", "in_force_from", "decided_by", "decided_name", "decided_at", "note",
        ]
    )  # fmt: skip
    record(
        actor=actor,
        verb=f"pack.{'approve' if state == PackState.APPROVED else 'reject'}",
        path=version.unit_path,
        thing=version,
        detail={"pack": version.pack, "digest": version.digest, "from": day, "note": version.note},
    )


def path_of(prefix: str) -> str:
    """The unit path of the first digits of an area code.

    >>> path_of("3710")
    '37/10/'
    """
    cuts = [(0, 2), (2, 4), (4, 6), (6, 9), (9, 12)]
    return "".join(f"{prefix[a:b]}/" for a, b in cuts if prefix[a:b])
