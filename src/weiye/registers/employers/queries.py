"""Reading employers and vacancies."""

from datetime import date

from django.db.models import Q, QuerySet

from weiye.base.scope.actor import Actor

from .models import Employer, PublicVacancy, Vacancy


def employers(actor: Actor) -> QuerySet[Employer]:
    return Employer.objects.visible_to(actor).order_by("name", "id")


def vacancies(actor: Actor) -> QuerySet[Vacancy]:
    """The working copies of the actor's area, newest first."""
    return (
        Vacancy.objects.visible_to(actor)
        .select_related("employer", "unit")
        .order_by("-posted_on", "id")
    )


def open_on(day: date) -> QuerySet[PublicVacancy]:
    """Published vacancies that are open on ``day``; public data, for everybody."""
    return PublicVacancy.objects.filter(
        Q(expires_on__isnull=True) | Q(expires_on__gte=day), posted_on__lte=day, openings__gte=1
    )
