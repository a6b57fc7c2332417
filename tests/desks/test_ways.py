"""Links to one's own desk, and the log in words."""

import re

import pytest
from django.test import Client

from tests.world import SIGNS, sign_in
from weiye.desks.administration.audit.lists import detail_words
from weiye.desks.administration.audit.views import UnitNames

pytestmark = pytest.mark.django_db


# The world's residents have no person's row; tests/desks/resident gives them one.
STAFF = [each.username for each in SIGNS if not each.subject or each.subject[0] != "person"]


@pytest.mark.parametrize("username", STAFF)
def test_the_way_back_to_work_is_open_to_every_role(username: str) -> None:
    client = Client()
    sign_in(client, username)
    page = client.get("/").content.decode()
    found = re.search(r'href="([^"]+)">工作台</a>', page)
    assert found
    assert client.get(found[1], follow=True).status_code == 200
    assert client.get("/community/", follow=True).status_code == 200


def test_the_log_names_pages_roles_and_fields() -> None:
    said = detail_words({"route": "community:summary", "role": "auditor", "field": "phone"})
    assert said == "查看：电话；页面：辖区概况；角色：审计管理员"
    assert detail_words({"route": "community:nothing"}) == "页面：社区工作台"


def test_units_above_a_community_have_names_in_the_log() -> None:
    assert UnitNames()["37/10/"] == "威海市"
