"""The sections of a person's page, in their order.

How another app adds one: a query function in its ``queries``, a template
``community/person/<name>.html`` that shows its answer as ``part``, a reader here that calls the
one for the other, and a line in `SECTIONS`. A reader that answers None leaves the section out, so
does a right that the actor lacks. What is to be done about it goes to `tasks.SOURCES`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from weiye.base.audit.queries import of_thing
from weiye.base.privacy.fields import masked
from weiye.base.regions.models import Unit
from weiye.registers.people import actions
from weiye.registers.people.merging.queries import merges_of
from weiye.services.assistance import queries as assistance
from weiye.services.certification import queries as certification

from ..forms import CLOSE_REASONS, HIDE_REASONS, ContactForm
from ..views import consents, sensitive
from .asked import Asked
from .facts import biography_of, facts_of, origins_of
from .statuses import statuses_of
from .tasks import tasks_of

READERS_SHOWN = 20
DEEDS_SHOWN = 8
OTHER_REASON = "其他"
REVEAL_REASONS = ("联系本人", "核对身份", "办理业务", "上门走访", OTHER_REASON)
VERBS = {
    "person.read": "打开了这一页",
    "person.reveal": "查看了完整信息",
    "person.edit": "修改了信息",
    "person.status": "登记了就业状态",
    "person.wish": "登记了求职意愿",
    "person.print": "打印了清单",
}

Part = Mapping[str, Any]
Reader = Callable[[Asked], Part | None]


@dataclass(frozen=True)
class Section:
    """``key``: its id on the page; ``title``: its name among the page's contents, if it has one.

    ``place``: ``now`` stands first; ``who`` beside it (on a phone: below); then ``main`` and
    ``rest``, wide and narrow.
    """

    key: str
    place: str
    template: str
    read: Reader
    title: str = ""
    right: str = "people.read"


PLACES = ("now", "who", "main", "rest")


def _now(asked: Asked) -> Part:
    file = asked.found.file
    return {
        "tasks": tasks_of(asked),
        "closed": file if file is not None and asked.open_file is None else None,
        "may_reopen": asked.can("files.manage"),
    }


def _who(asked: Asked) -> Part:
    person = asked.found.person
    return {
        "masked": {field: masked(person, field) for field in actions.REVEALABLE},
        "home": " ".join(unit.name for unit in chain(person.unit_path)),
        "origins": origins_of(person),
    }


# 省, 市 and 县 are the same for everybody whom a worker sees.
_ABOVE = 3


def chain(path: str) -> QuerySet[Unit]:
    """The units from the street down to the one at ``path``."""
    parts = path.strip("/").split("/")
    paths = ["/".join(parts[:depth]) + "/" for depth in range(_ABOVE + 1, len(parts) + 1)]
    return Unit.objects.filter(path__in=paths).order_by("path")


def _household(asked: Asked) -> Part:
    return {"moving": asked.transfer is not None}


def _contact(asked: Asked) -> Part | None:
    if asked.open_file is None:
        return None
    return {"form": asked.form or ContactForm(asked.found.lists, today=asked.day)}


def _done(asked: Asked) -> Part:
    found = asked.found
    deeds = assistance.deeds_of(asked.actor, found.person.pk, found.contacts)
    return {
        "newest": deeds[:DEEDS_SHOWN],
        "earlier": deeds[DEEDS_SHOWN:],
        "count": len(deeds),
    }


def _certification(asked: Asked) -> Part | None:
    found = asked.certification
    if found.case is None and not found.past:
        return None
    return {
        "found": found,
        "next": certification.next_words(found.case) if found.case is not None else "",
    }


def _visits(asked: Asked) -> Part | None:
    due = asked.visit_due
    return None if due is None else {"due": due, "late": due.due_on < asked.day}


def _merges(asked: Asked) -> Part | None:
    merges = list(merges_of(asked.actor, asked.found.person.pk))
    return {"merges": merges} if merges else None


def _sensitive(asked: Asked) -> Part | None:
    found = sensitive.section(asked.actor, asked.found.person.pk)
    return None if found is None else {"sensitive": found}


def _file(asked: Asked) -> Part | None:
    file, opened = asked.found.file, asked.open_file
    if file is None:
        return None
    manages = opened is not None and asked.can("files.manage")
    path = asked.found.person.unit_path
    return {
        "file": file,
        "workers": assistance.workers(asked.actor, path=path) if manages else [],
        "close_reasons": CLOSE_REASONS,
    }


def _readers(asked: Asked) -> Part:
    rows = of_thing(actor=asked.actor, kind="person", key=asked.found.person.pk)
    newest = rows.order_by("-id")[:READERS_SHOWN]
    return {"readers": [(entry, VERBS.get(entry.verb, entry.verb)) for entry in newest]}


#: In the order of the page.
SECTIONS: tuple[Section, ...] = (
    Section("now", "now", "community/person/now.html", _now, "现在该做"),
    Section("who", "who", "community/person/who.html", _who, "基本信息"),
    Section("home", "who", "community/person/household.html", _household, "家庭"),
    Section(
        "groups",
        "who",
        "community/person/groups.html",
        lambda asked: {"stays": asked.found.groups, "past": asked.found.past_groups},
        "群体和理由",
    ),
    Section("contact", "main", "community/person/contact.html", _contact, "", "contacts.record"),
    Section(
        "quota",
        "main",
        "community/person/quota.html",
        lambda asked: {"progress": asked.found.progress} if asked.found.progress else None,
    ),
    Section(
        "lists",
        "main",
        "community/person/lists.html",
        lambda asked: {"hide_reasons": HIDE_REASONS} if asked.open_file else None,
        "四张清单",
    ),
    Section("status", "main", "community/person/status.html", statuses_of, "就业状态"),
    Section("done", "main", "community/person/done.html", _done, "做过什么"),
    Section("file", "rest", "community/person/file.html", _file),
    Section("visits", "rest", "community/person/visits.html", _visits),
    Section(
        "certification",
        "rest",
        "community/person/certification.html",
        _certification,
        "困难认定",
        "certification.read",
    ),
    Section("biography", "rest", "community/person/biography.html", biography_of, "经历和意愿"),
    Section("facts", "rest", "community/person/facts.html", facts_of, "核实的情况"),
    Section(
        "consents",
        "rest",
        "community/consents.html",
        lambda asked: {"consents": consents.section(asked.actor, asked.found.person)},
    ),
    Section(
        "sensitive",
        "rest",
        "community/person/sensitive.html",
        _sensitive,
        right="sensitive.read",
    ),
    Section("merges", "rest", "community/person/merges.html", _merges, "", "people.merge"),
    Section("readers", "rest", "community/person/readers.html", _readers, "谁看过"),
)


def sections_of(asked: Asked) -> dict[str, list[tuple[Section, Part]]]:
    """Place → its sections with what they show, in order."""
    found: dict[str, list[tuple[Section, Part]]] = {place: [] for place in PLACES}
    for section in SECTIONS:
        if not asked.can(section.right):
            continue
        part = section.read(asked)
        if part is not None:
            found[section.place].append((section, part))
    return found
