"""The vacancies of the area: enter, check, publish, close (JOB-1, JOB-2)."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from weiye.base.regions.models import Unit
from weiye.base.scope.access import right
from weiye.base.scope.actor import Actor
from weiye.registers.employers import actions, queries
from weiye.registers.employers.actions import NotPublishable
from weiye.registers.employers.models import Vacancy

from ...components.lists import ListPage
from ...components.undo import can_undo
from ..desk import actor_of, runs_of
from ..lists import vacancy_spec
from ..vacancy_form import VacancyForm


def vacancy_list(actor: Actor, params: QueryDict) -> ListPage:
    spec = vacancy_spec(as_of=timezone.localdate())
    return ListPage(spec, queries.vacancies(actor), params, actor)


@right("vacancies.read")
@require_safe
def vacancies(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    page = vacancy_list(actor, request.GET)
    context = {
        "list": page,
        "first_use": not page.total and not page.active,
        "can_edit": actor.can("vacancies.edit"),
        "runs": runs_of(actor, "vacancies.import", "vacancies.export"),
    }
    return render(request, "community/vacancies.html", context)


@right("vacancies.read")
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, vacancy_id: int | None = None) -> HttpResponse:
    """One vacancy. ``publish`` saves and publishes; a draft may be incomplete."""
    actor = actor_of(request)
    vacancy: Vacancy | None = None
    if vacancy_id is not None:
        rows = queries.vacancies(actor).filter(pk=vacancy_id)
        if request.method == "POST":
            # Held until it is saved: two who save at once do so one after the other.
            rows = rows.select_for_update(of=("self",))
        vacancy = rows.first()
        if vacancy is None:
            raise Http404
    today = timezone.localdate()
    employers = queries.employers(actor)
    form = VacancyForm(employers, request.POST or None, vacancy=vacancy, today=today)
    if request.method == "POST" and form.is_valid():
        publish = "publish" in request.POST
        try:
            # Both or neither: a refused publication leaves no half-made draft behind.
            with transaction.atomic():
                saved = _save(actor, form, vacancy)
                if publish:
                    actions.publish(actor=actor, vacancy_id=saved.pk, on=today)
            if publish:
                messages.success(request, f"“{saved.title}”已发布，居民现在就能看到。")
            else:
                messages.success(request, f"“{saved.title}”已保存。")
            return redirect("community:vacancies")
        except NotPublishable as error:
            for field, sentence in error.problems.items():
                form.add_error(field if field in form.fields else None, sentence)
        except ValidationError as error:
            form.take(error)
    context = {
        "form": form,
        "vacancy": vacancy,
        "can_edit": actor.can("vacancies.edit"),
        "can_match": actor.can("people.list"),
        "can_publish": actor.can("vacancies.publish"),
        "problems": actions.problems(vacancy) if vacancy else {},
        "today": today,
    }
    return render(request, "community/vacancy.html", context, status=422 if form.errors else 200)


def _save(actor: Any, form: VacancyForm, vacancy: Vacancy | None) -> Vacancy:
    employer = form.cleaned_data["employer"]
    if employer is None:
        unit = vacancy.unit if vacancy else Unit.objects.get(pk=actor.unit_id)
        employer = actions.save_employer(actor=actor, unit=unit, **form.new_employer())
    return actions.save_vacancy(
        actor=actor, employer=employer, values=form.values(), vacancy=vacancy
    )


@right("vacancies.publish")
@require_POST
def publish(request: HttpRequest, vacancy_id: int) -> HttpResponse:
    try:
        row = actions.publish(
            actor=actor_of(request), vacancy_id=vacancy_id, on=timezone.localdate()
        )
        messages.success(request, f"“{row.title}”已发布，居民现在就能看到。")
    except Vacancy.DoesNotExist:
        raise Http404 from None
    except NotPublishable as error:
        messages.error(request, "还不能发布：" + "；".join(error.problems.values()))
        return redirect("community:vacancy", vacancy_id)
    return redirect("community:vacancies")


@right("vacancies.publish")
@require_POST
def close(request: HttpRequest, vacancy_id: int) -> HttpResponse:
    try:
        row = actions.close(actor=actor_of(request), vacancy_id=vacancy_id)
    except Vacancy.DoesNotExist:
        raise Http404 from None
    back = reverse("community:vacancy-publish", args=[row.pk])
    can_undo(request, f"“{row.title}”已下架，居民看不到了。", back)
    return redirect("community:vacancies")
