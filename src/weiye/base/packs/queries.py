"""Which pack counts where and when."""

from datetime import date
from pathlib import Path

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from .folders import digests_on_disk, laid_out
from .loading import ROOT, load_all, load_pack
from .model import Pack
from .models import PackState, PackVersion


def in_force(day: date | None = None) -> dict[str, PackVersion]:
    """Pack → the approved version that counts on a day (today), without its files."""
    rows = (
        PackVersion.objects.filter(
            state=PackState.APPROVED, in_force_from__lte=day or timezone.localdate()
        )
        .order_by("pack", "-in_force_from", "-decided_at", "-id")
        .distinct("pack")
        .defer("files")
    )
    return {row.pack: row for row in rows}


def root_of(day: date | None = None) -> Path:
    """The folder that holds the packs in force on a day.

    Before anything was registered (commands on files, a database just made) it is the one on disk.
    """
    versions = in_force(day)
    if not versions:
        return ROOT
    wanted = {pack: version.digest for pack, version in versions.items()}
    return ROOT if wanted == digests_on_disk() else root_of_versions(list(versions.values()))


def root_of_versions(versions: list[PackVersion]) -> Path:
    """A folder with exactly these versions, one per pack."""
    home = settings.HOME / "packs"
    rows = PackVersion.objects.filter(pk__in=[version.pk for version in versions])
    files = dict(rows.values_list("pk", "files"))
    return laid_out({v.pack: (v.digest, files[v.pk]) for v in versions}, home)


def pack_in_force(region: str, day: date | None = None) -> Pack:
    """The pack that counts at a 12-digit area code on a day (today). Raises `PackError`."""
    return load_pack(region, root=root_of(day))


def packs_in_force(day: date | None = None) -> list[Pack]:
    """Every pack that counts on a day (today), by name."""
    return load_all(root_of(day))


def packs_with(version_id: int, day: date | None = None) -> list[Pack]:
    """The packs of a day with one of them in another version. Raises `PackError`."""
    chosen = PackVersion.objects.get(pk=version_id)
    others = [version for pack, version in in_force(day).items() if pack != chosen.pack]
    return load_all(root_of_versions([*others, chosen]))


def versions(pack: str) -> QuerySet[PackVersion]:
    """All versions of a pack, the newest first, without their files."""
    return PackVersion.objects.filter(pack=pack).order_by("-id").defer("files")


def waiting() -> QuerySet[PackVersion]:
    rows = PackVersion.objects.filter(state=PackState.PROPOSED)
    return rows.order_by("pack", "-id").defer("files")


def replaced_by(version: PackVersion) -> PackVersion | None:
    """The approved version that counted before this one: what its changes are shown against."""
    rows = PackVersion.objects.filter(pack=version.pack, state=PackState.APPROVED).exclude(
        pk=version.pk
    )
    if version.in_force_from is not None:
        rows = rows.filter(in_force_from__lte=version.in_force_from, pk__lt=version.pk)
    return rows.order_by("-in_force_from", "-decided_at", "-id").first()
