"""No page, export or print shows a whole number of somebody unless asked for with a reason."""

import io
import logging
import re
import zipfile
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from tests.contracts.things import PERSONAL, plant
from tests.contracts.walk import INSIDERS as ALL_INSIDERS
from tests.contracts.walk import ROUTES, Walker, undone
from tests.world import actor, sign_in
from weiye.base.audit.models import AuditEntry
from weiye.base.privacy.fields import blind_index, encrypted_fields, masked, revealable
from weiye.base.privacy.masking import mask_address, mask_id_number, mask_name, mask_phone
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence
from weiye.registers.people.models import Household, Person

pytestmark = [pytest.mark.requirement("ORG-2")]

ID, PHONE, ADDRESS = "37990119870605128X", "20098765432", "哨兵路7号楼3单元501"
WHOLE = (ID, ID[6:], PHONE, PHONE[3:], ADDRESS, ADDRESS[6:])
# A resident sees the own numbers on asking; workers with a reason.
ASKED_FOR = {"community:reveal", "resident:mine-reveal"}
# Each role that reads people, and two that do not.
READERS = ("grid-a", "worker-a", "clerk", "county", "admin", "city")
INSIDERS = [s for s in ALL_INSIDERS if s.username in READERS or s.subject is not None]


@given(st.text(min_size=6, max_size=30))
def test_masks_keep_the_edges_alone(value: str) -> None:
    for mask in (mask_id_number, mask_phone):
        assert len(mask(value)) == len(value)
        assert mask(value)[3:-2] == "*" * (len(value) - 5)
    assert mask_name(value)[1:] == "*" * (len(value) - 1)
    assert mask_address(value) == value[:6] + "***"


@given(st.text(max_size=5))
def test_a_short_value_is_masked_whole(value: str) -> None:
    assert mask_phone(value) == "*" * len(value)


def test_the_columns_say_what_is_masked() -> None:
    assert set(revealable(Person)) == {"id_number", "phone", "address"}
    assert set(revealable(Household)) == {"address"}
    person = Person(id_number=ID, phone="", address=ADDRESS)
    assert masked(person, "id_number") == mask_id_number(ID)
    assert masked(person, "phone") == ""
    assert ADDRESS not in masked(person, "address")
    named = {"id_number", "phone", "mobile", "address"}
    for column in encrypted_fields():
        if column.name in named and column.model._meta.label != "people.TransferRequest":
            assert column.mask is not None, column.place  # type: ignore[union-attr]


@pytest.fixture
def things(db: None) -> dict[str, Any]:
    found = plant()
    with fence(system()):
        person = found["rows"][Person]
        person.id_number, person.id_index = ID, blind_index(ID)
        person.phone, person.phone_index = PHONE, blind_index(PHONE)
        person.address = ADDRESS
        person.save()
        Household.objects.update(address=ADDRESS)
    return found


def whole_in(content: bytes) -> list[str]:
    text = content.decode(errors="replace")
    if content[:2] == b"PK":  # a workbook
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            text = "".join(book.read(name).decode(errors="replace") for name in book.namelist())
    squeezed = re.sub(r"[\s-]", "", text)
    return [value for value in WHOLE if value in text or value in squeezed]


@pytest.mark.django_db
@pytest.mark.parametrize("sign", INSIDERS, ids=lambda sign: sign.username)
def test_no_route_shows_a_whole_number(
    sign: Any, things: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "weiye")
    walker = Walker(sign)
    walker.client.raise_request_exception = False
    seen = 0
    for route in ROUTES:
        if walker.is_shut(route) or route.name == "components:signout":
            continue
        for method in ("get", "post"):
            if method == "post" and route.name in ASKED_FOR:
                continue
            with undone():
                response = walker.ask(method, route.url(things))
                content = b"".join(response) if response.streaming else response.content
            assert whole_in(content) == [], f"{method} {route.name}"
            assert whole_in(repr(dict(response.headers)).encode()) == [], route.name
            seen += PERSONAL in content.decode(errors="replace")
    assert seen or not walker.actor.can("people.read")
    assert whole_in(caplog.text.encode()) == []
    with fence(system()):
        for entry in AuditEntry.objects.all():
            assert whole_in(repr(entry.detail).encode()) == [], entry.verb


@pytest.mark.django_db
def test_exports_hold_no_whole_number(things: dict[str, Any]) -> None:
    from django.http import QueryDict

    from weiye.desks.components.lists import exports

    who = actor("worker-a")
    with fence(who):
        for name, offered in exports._EXPORTS.items():
            if not who.can(offered.right):
                continue
            page = offered.page(who, QueryDict("columns=" + "&columns=".join("abc")))
            labels, rows = page.table()
            assert not {"身份证号", "电话", "住址"} & set(labels), name
            assert whole_in(repr(list(rows)).encode()) == []


@pytest.mark.django_db
def test_a_reason_is_of_the_list_or_in_own_words_and_the_value_goes_away(
    things: dict[str, Any],
) -> None:
    client = Client()
    sign_in(client, "worker-a")
    from django.urls import reverse

    url = reverse("community:reveal", args=[things["person_id"], "phone"])
    for sent in ({}, {"reason": " "}, {"reason": "其他"}, {"reason": "其他", "words": " "}):
        answer = client.post(url, sent)
        assert answer.status_code == 422
        assert PHONE not in answer.content.decode()
    answer = client.post(url, {"reason": "其他", "words": "本人忘了带手机"})
    assert PHONE in answer.content.decode()
    assert answer["Cache-Control"] == "no-store"
    assert answer["Refresh"].startswith("60; url=")
    with fence(system()):
        entry = AuditEntry.objects.get(verb="person.reveal")
        assert entry.detail == {"field": "phone", "reason": "其他：本人忘了带手机"}
    assert PHONE not in client.get(url).content.decode()
