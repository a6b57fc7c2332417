"""What is no longer needed of signing in is cleared away each night."""

from datetime import timedelta

from django.utils import timezone
from procrastinate.contrib.django import app

from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence

from .models import Attempts, Session

# Far longer than any lock: nothing counted is forgotten early.
KEPT = timedelta(days=1)


@app.periodic(cron="40 2 * * *")
@app.task(queueing_lock="accounts.clear", name="accounts.clear")
def clear(timestamp: int) -> None:
    """Delete sessions that have ended, and counts of failed sign-ins that hold nobody any more."""
    now = timezone.now()
    with fence(system()):
        Session.objects.filter(expire_date__lte=now).delete()
        Attempts.objects.filter(since__lt=now - KEPT).delete()
