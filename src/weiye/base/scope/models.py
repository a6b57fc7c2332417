"""What a table declares to be fenced.

`Scoped` rows belong to one unit and are seen from there upwards. The policies themselves are
derived from these declarations after every migration (`policies.py`), so that a new table is fenced
without anybody remembering.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, TypeVar

from django.db import models

from .actor import Actor

Reading = Literal["range", "all", "own"]
Writing = Literal["range", "append"]


if TYPE_CHECKING:
    _Text = models.CharField[str, str]
else:
    _Text = models.CharField  # fields cannot be subscripted while running

M = TypeVar("M", bound=models.Model, covariant=True)


class ScopedQuerySet(models.QuerySet[M]):
    def visible_to(self, actor: Actor) -> Self:
        """The first fence: rows at or below the actor's unit, or the subject's own rows."""
        if actor.subject is not None:
            kind, key = actor.subject
            column = getattr(self.model, "fence_subjects", {}).get(kind)
            return self.filter(**{column: key}) if column else self.none()
        rights = getattr(self.model, "fence_rights", None)
        if rights is not None and not actor.can(rights[0]):
            return self.none()
        lo, hi = actor.range
        return self.filter(unit_path__gte=lo, unit_path__lt=hi)


class RightfulQuerySet(ScopedQuerySet[M]):
    """Rows that hold the ``right`` which seeing them asks for, besides the area."""

    def in_area(self, actor: Actor) -> Self:
        """By area alone: for figures, never for handing out a row."""
        return super().visible_to(actor)

    def visible_to(self, actor: Actor) -> Self:
        rows = self.in_area(actor)
        return rows if actor.can("*") else rows.filter(right__in=actor.rights)


class UnitPathField(_Text):
    """A unit's path, compared byte by byte so that one index range is everything below."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 64)
        kwargs.setdefault("db_collation", "C")
        super().__init__(*args, **kwargs)


class Scoped(models.Model):
    """A row that belongs to one unit of the tree."""

    # "all": everybody may read (published catalogues); "range": the unit and those above it; "own":
    # the account named by `fence_account` and nobody else, writing included (drafts).
    fence_read: ClassVar[Reading] = "range"
    # "append": rows may be added from anywhere and never changed (the audit log), by subjects too
    # where some rows are theirs. The database alone gives them their ids.
    fence_write: ClassVar[Writing] = "range"
    # Column that holds the account whose own row this is: read by that account wherever it works.
    fence_account: ClassVar[str] = ""
    # Whether that account may also change the row.
    fence_account_writes: ClassVar[bool] = False
    # Kind of subject ("person") → the column that names it, or the way there ("file__person_id"):
    # rows which residents and institutions read as their own.
    fence_subjects: ClassVar[Mapping[str, str]] = {}

    # The rights without which the database shows, and takes, no row whatever the area: (to read,
    # to change). Such rows are nobody's own, and seen by no exception to the range.
    fence_rights: ClassVar[tuple[str, str] | None] = None

    unit_path = UnitPathField(db_index=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        abstract = True
