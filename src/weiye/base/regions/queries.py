"""Reading the tree. It is public; ``visible_to`` bounds what an actor may act on."""

from django.db.models import Q, QuerySet

from weiye.base.scope.actor import Actor

from .models import Unit


def unit_by_code(code: str) -> Unit:
    """Raises ``Unit.DoesNotExist``."""
    return Unit.objects.get(code=code)


def ancestors(path: str) -> QuerySet[Unit]:
    """The unit at ``path`` and those above it, from the top."""
    parts = path.strip("/").split("/")
    return Unit.objects.filter(
        path__in=["/".join(parts[: n + 1]) + "/" for n in range(len(parts))]
    ).order_by("path")


def search(text: str, *, levels: tuple[str, ...] = (), limit: int = 20) -> list[Unit]:
    """Units whose name contains, or whose initials or code begin with, the text."""
    text = text.strip()
    if not text:
        return []
    found = Unit.objects.filter(
        Q(name__contains=text) | Q(initials__startswith=text.lower()) | Q(code__startswith=text)
    )
    if levels:
        found = found.filter(level__in=levels)
    return list(found.order_by("path")[:limit])


def children(actor: Actor) -> QuerySet[Unit]:
    """The units one level below the actor's own."""
    return Unit.objects.filter(parent_id=actor.unit_id).order_by("path")
