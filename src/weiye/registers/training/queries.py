"""Reading the training catalogue; it is published, so everybody reads it."""

from datetime import date

from django.db.models import Q, QuerySet

from .models import Programme


def catalogue(path: str, on: date) -> QuerySet[Programme]:
    """Programmes that a unit at ``path`` can use on a day: its own county's and those above.

    A programme counts until its last day; one without dates is open.
    """
    parts = path.strip("/").split("/")
    owners = ["/".join(parts[: n + 1]) + "/" for n in range(len(parts))]
    return (
        Programme.objects.filter(unit_path__in=owners)
        .filter(Q(ends_on__isnull=True) | Q(ends_on__gte=on))
        .order_by("unit_path", "code")
    )
