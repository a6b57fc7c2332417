"""A row about a person was saved: the person's groups, lists and visit day are looked at again.

Rows of the people's ledger that hang on a person, and the assistance file, count. What is written
in bulk (imports, the pipeline itself) sends no signals and starts a whole run by itself.
"""

from functools import partial
from typing import Any

from django.apps import apps
from django.db import models, transaction
from django.db.models.signals import post_delete, post_save

from weiye.base.scope.models import Scoped

# Closed and opened again by hand.
_OWN = ("assistance.AssistanceFile",)


def connect() -> None:
    """Listen to every fenced table of the ledger that belongs to a person."""
    for model in watched():
        for signal in (post_save, post_delete):
            signal.connect(_saved, sender=model, dispatch_uid=f"assistance.{model.__name__}")


def watched() -> list[type[models.Model]]:
    people = apps.get_model("people", "Person")
    found: list[type[models.Model]] = [people, *(apps.get_model(label) for label in _OWN)]
    for model in apps.get_app_config("people").get_models():
        columns = {field.name: field.related_model for field in model._meta.concrete_fields}
        # What lies behind a right of its own turns no group, and leaves no trace in any queue.
        behind = getattr(model, "fence_rights", None)
        if issubclass(model, Scoped) and columns.get("person") is people and not behind:
            found.append(model)
    return found


def _saved(sender: type[models.Model], instance: Any, raw: bool = False, **kwargs: Any) -> None:
    person = instance.pk if sender._meta.label == "people.Person" else instance.person_id
    if raw or person is None:
        return
    look_again(person, instance.unit_path)


def look_again(person: int, path: str) -> None:
    """Work a person who lives at a path out anew once the transaction has ended, once."""
    saved = person, path
    for _, hook, _ in transaction.get_connection().run_on_commit:
        if getattr(hook, "func", None) is _told:
            hook.args[0].add(saved)
            return
    transaction.on_commit(partial(_told, {saved}), robust=True)


def _told(saved: set[tuple[int, str]]) -> None:
    from .jobs import refresh_soon

    refresh_soon(saved)
