"""A message that can be taken back: what was done, and one button that undoes it."""

from django.contrib import messages
from django.http import HttpRequest

UNDO = "undo:"


def can_undo(request: HttpRequest, text: str, url: str) -> None:
    """Say that something was done; 撤销 posts to ``url``, to a view that needs no more."""
    messages.success(request, text, extra_tags=UNDO + url)
