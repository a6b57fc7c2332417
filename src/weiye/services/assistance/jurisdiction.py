"""What the pack of a place decides about assistance, in the form that this app uses."""

from weiye.base.packs import Pack, load_pack
from weiye.registers.people.frames import community_code

from .quota import KINDS, Standard

# The scope of this id says who gets a file (鲁就办[2023]13号 第16项); packs share stable ids.
FILE_SCOPE = "assistance-file"


def pack_of(path: str) -> Pack:
    """The pack in force at ``path``; the whole tree (``""``) has the province's."""
    return load_pack(community_code(path or "37/"))


def standards(path: str) -> dict[str, Standard]:
    """The pack's quotas by id."""
    return {
        quota.id: Standard(
            name=quota.id,
            title=quota.title,
            occasions={kind: quota.occasions.get(kind, 0) for kind in KINDS},
            months=quota.months,
            once_a_day=quota.once_a_day,
            source=quota.source,
        )
        for quota in pack_of(path).quotas.values()
    }
