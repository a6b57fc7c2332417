"""What the pack of a place decides about assistance, in the form that this app uses."""

from typing import Any

from .quota import KINDS, Standard


def region_of(path: str) -> str:
    """The 12-digit code of the community (or higher unit) at or above ``path``.

    >>> region_of("37/10/02/001/001/g01/")
    '371002001001'
    >>> region_of("37/10/")
    '371000000000'
    """
    digits = "".join(part for part in path.split("/") if part.isdigit())
    return digits[:12].ljust(12, "0")


def pack_of(path: str) -> Any:
    """The pack in force at ``path``; the whole tree (``""``) has the province's."""
    from weiye.base.packs import load_pack

    return load_pack(region_of(path or "37/"))


def standards(path: str) -> dict[str, Standard]:
    """The pack's quotas by name."""
    return {
        name: Standard(
            name=name,
            title=quota.title,
            occasions={kind: quota.occasions.get(kind, 0) for kind in KINDS},
            source=quota.source,
        )
        for name, quota in pack_of(path).quotas.items()
    }
