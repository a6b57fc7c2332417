"""What is remembered of the columns of each sender: changed, forgotten (PPL-3)."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from weiye.base.scope.access import right
from weiye.services.exchange import actions, queries
from weiye.services.exchange.models import ColumnMemory, ImportKind
from weiye.services.exchange.sheets import KINDS

from ...components.params import typed, whole_number
from ..desk import actor_of


@right("people.import")
@require_http_methods(["GET", "HEAD", "POST"])
def columns(request: HttpRequest) -> HttpResponse:
    """A table per sender; each column may mean something else, or be forgotten."""
    actor = actor_of(request)
    kind = ImportKind.ROSTER
    if request.method == "POST":
        memory_id = whole_number(request.POST.get("column", ""))
        try:
            if "forget" in request.POST:
                actions.forget_columns(
                    actor=actor, kind=kind, sender=typed(request.POST, "sender", 40)
                )
                messages.success(request, "已忘记。下次上传时会重新认这些列。")
            elif memory_id is not None:
                actions.set_column(
                    actor=actor, memory_id=memory_id, field=typed(request.POST, "field", 40)
                )
                messages.success(request, "已改好，下次上传时按新的意思认。")
        except ColumnMemory.DoesNotExist:
            raise Http404 from None
        except ValidationError as refused:
            messages.error(request, "".join(refused.messages))
        return redirect("community:import-columns")
    context = {
        "senders": queries.remembered_columns(actor, kind),
        "fields": [(field.name, field.label) for field in KINDS[kind].fields],
    }
    return render(request, "community/import_columns.html", context)
