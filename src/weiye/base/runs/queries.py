from weiye.base.scope.actor import Actor

from .models import Run


def run(*, actor: Actor, run_id: int) -> Run:
    """One run in the actor's area and rights, else ``Run.DoesNotExist``."""
    return Run.objects.visible_to(actor).get(pk=run_id)
