"""What a worker does on a person's page: record contacts, hide and restore list entries."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from weiye.base.scope.access import right
from weiye.registers.people.models import Person
from weiye.services.assistance import actions
from weiye.services.assistance import queries as assistance
from weiye.services.assistance.models import Contact, FileState, ListEntry

from ...components.params import typed
from ...components.undo import can_undo
from ..desk import actor_of
from ..forms import ContactForm
from .person import page


@right("contacts.record")
@require_POST
def contact(request: HttpRequest, person_id: int) -> HttpResponse:
    actor = actor_of(request)
    today = timezone.localdate()
    try:
        found = assistance.person_page(actor, person_id=person_id, as_of=today)
    except Person.DoesNotExist:
        raise Http404 from None
    if found.file is None or found.file.state != FileState.OPEN:
        messages.error(request, "这个人没有在册的援助档案，不能记联系。")
        return redirect("community:person", person_id)
    form = ContactForm(found.lists, request.POST, today=today)
    if not form.is_valid():
        return page(request, person_id, form, status=422)
    data = form.cleaned_data
    try:
        actions.record_contact(
            actor=actor,
            file_id=found.file.pk,
            kind=data["kind"],
            way=data["way"],
            on=data["on"],
            note=data["note"],
            entries=[int(key) for key in data["entries"]],
            token=data["token"],
            today=today,
        )
    except ValidationError as error:
        form.take(error)
        return page(request, person_id, form, status=422)
    messages.success(request, "已记下这次联系，“12333”进度已更新。")
    return redirect("community:person", person_id)


@right("contacts.record")
@require_POST
def withdraw(request: HttpRequest, contact_id: int) -> HttpResponse:
    """A contact recorded in error no longer counts; it stays visible with the reason."""
    try:
        found = actions.withdraw_contact(
            actor=actor_of(request),
            contact_id=contact_id,
            reason=typed(request.POST, "reason", 200),
        )
    except Contact.DoesNotExist:
        raise Http404 from None
    except ValidationError as error:
        messages.error(request, "".join(error.messages))
        return _back(request)
    messages.success(request, "这次联系已作废，不再计入“12333”。")
    return redirect("community:person", found.file.person_id)


@right("lists.edit")
@require_POST
def hide(request: HttpRequest, entry_id: int) -> HttpResponse:
    """Not for this person: the entry is not suggested again until restored."""
    try:
        entry = actions.hide_entry(
            actor=actor_of(request), entry_id=entry_id, reason=typed(request.POST, "reason", 200)
        )
    except ListEntry.DoesNotExist:
        raise Http404 from None
    except ValidationError as error:
        messages.error(request, "".join(error.messages))
        return _back(request)
    back = reverse("community:restore", args=[entry.pk])
    can_undo(request, f"不再推荐“{entry.title}”，可以在清单下方恢复。", back)
    return redirect("community:person", entry.file.person_id)


@right("lists.edit")
@require_POST
def restore(request: HttpRequest, entry_id: int) -> HttpResponse:
    try:
        entry = actions.restore_entry(actor=actor_of(request), entry_id=entry_id)
    except ListEntry.DoesNotExist:
        raise Http404 from None
    messages.success(request, f"“{entry.title}”已恢复到清单。")
    return redirect("community:person", entry.file.person_id)


def _back(request: HttpRequest) -> HttpResponse:
    return redirect("community:today")
