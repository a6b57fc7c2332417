"""Keeping accounts: made, granted, moved and switched off within one's own area only."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.world import A, account, actor, path_of, sign_in
from weiye.base.accounts.models import Account, Institution, Membership
from weiye.base.audit.models import AuditEntry
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("ORG-2")]
CREDIT = "91350100M000100Y43"


def as_(username: str) -> Client:
    client = Client()
    sign_in(client, username)
    return client


def find(username: str) -> Account | None:
    with fence(system()):
        return Account.objects.filter(username=username).first()


def held(username: str) -> set[tuple[str, str]]:
    with fence(system()):
        rows = Membership.objects.in_force().filter(account__username=username)
        return {(m.role, m.unit.code) for m in rows.select_related("unit")}


def url(name: str, username: str) -> str:
    return reverse(f"administration:{name}", args=[account(username).pk])


NEW = {"username": "wang.min", "name": "王敏", "role": "station_worker", "unit": A}


def test_a_new_account_gets_a_slip_and_must_change_its_password() -> None:
    page = as_("county").post("/administration/accounts/new/", NEW)
    assert page.status_code == 200
    assert page["Cache-Control"].startswith("max-age=0")
    text = page.content.decode()
    password = re.search(r"[A-Za-z0-9]{4}(-[A-Za-z0-9]{4}){2}", text)
    assert password
    made = find("wang.min")
    assert made is not None
    assert made.must_change
    assert made.check_password(password[0])
    assert held("wang.min") == {("station_worker", A)}
    # First sign-in leads to a password of one's own, then to work.
    client = Client()
    step = client.post("/signin/", {"username": "wang.min", "password": password[0]})
    assert step["Location"] == "/signin/password/"
    assert client.get("/community/")["Location"].startswith("/signin/")
    own = {"new": "Zhudao-2026-spring", "again": "Zhudao-2026-spring"}
    assert client.post("/signin/password/", own)["Location"] == "/community/"
    assert client.get("/community/").status_code == 200


def test_extra_fields_have_no_effect() -> None:
    extra = {
        "is_active": "",
        "must_change": "",
        "unit_path": "37/",
        "unit_id": "1",
        "synthetic": "1",
        "password": "My-own-choice-1",
        "origin": "emergency",
        "subject_kind": "person",
        "subject_id": "1",
        "granted_by": "1",
    }
    as_("county").post("/administration/accounts/new/", NEW | extra)
    made = find("wang.min")
    assert made is not None
    assert (made.is_active, made.must_change, made.synthetic) == (True, True, False)
    assert made.unit_path == path_of(A)
    assert not made.check_password("My-own-choice-1")
    with fence(system()):
        membership = Membership.objects.get(account=made)
    assert (membership.origin, membership.subject_id) == ("grant", None)
    assert membership.granted_by == account("county").pk


@pytest.mark.parametrize(
    "wrong",
    [
        {"unit": "371003001001"},  # another county's
        {"unit": "371000000000"},  # the city above
        {"role": "county_agency", "unit": "371002000000"},  # one's own role
        {"role": "administrator", "unit": "371002000000"},
        {"role": "resident"},
        {"role": "no_such_role"},
        {"role": "street_clerk"},  # does not fit a community
        {"role": "collector"},  # of which kind?
        {"role": "collector", "capacity": "商务"},
        {"role": "employer"},  # of which institution?
        {"username": "Wang Min"},
        {"username": "worker-a"},
        {"ends_on": "2020-01-01"},
        {"name": " "},
    ],
)
def test_what_does_not_fit_is_refused_in_words_and_nothing_is_made(wrong: dict[str, str]) -> None:
    with fence(system()):
        before = Account.objects.count(), Membership.objects.count()
    page = as_("county").post("/administration/accounts/new/", NEW | wrong)
    assert page.status_code == 422
    assert "还有地方要改" in page.content.decode()
    with fence(system()):
        assert (Account.objects.count(), Membership.objects.count()) == before


def test_who_keeps_no_accounts_opens_no_page_of_them() -> None:
    for username in ("worker-a", "grid-a"):
        client = as_(username)
        for name in ("accounts", "account-new", "accounts-review", "institutions"):
            assert client.get(reverse(f"administration:{name}")).status_code == 403


ACTIONS = [
    ("account-grant", {"role": "station_worker", "unit": A}),
    ("account-move", {"unit": A}),
    ("account-name", {"name": "别人"}),
    ("account-password", {}),
    ("account-factor", {}),
    ("account-unlock", {}),
    ("account-switch", {"on": "0"}),
]


@pytest.mark.parametrize(("name", "sent"), ACTIONS, ids=[name for name, _ in ACTIONS])
def test_every_action_ends_at_the_area(name: str, sent: dict[str, str]) -> None:
    """Another county's, the city's above, and one's own account: no action reaches them."""
    client = as_("county")
    for username, codes in (("worker-d", {404}), ("city", {404}), ("county", {403})):
        before = account(username).__dict__ | {"_state": 0}
        rights = held(username)
        assert client.post(url(name, username), sent).status_code in codes, username
        assert account(username).__dict__ | {"_state": 0} == before
        assert held(username) == rights


def test_who_holds_more_than_one_may_grant_is_not_ones_to_keep() -> None:
    """An administrator of the county lies in the county agency's area, but above its rights."""
    with fence(system()):
        unit = Unit.objects.get(code="371002000000")
        Account.objects.filter(username="worker-b").update(unit=unit, unit_path=unit.path)
        Membership.objects.filter(account__username="worker-b").update(
            role="administrator", unit=unit, unit_path=unit.path
        )
    client = as_("county")
    for name, sent in ACTIONS[1:]:
        assert client.post(url(name, "worker-b"), sent).status_code == 403, name
    assert "请上级管理员办理" in client.get(url("account", "worker-b")).content.decode()
    assert held("worker-b") == {("administrator", "371002000000")}


def test_a_membership_ends_at_once_and_stays_on_record() -> None:
    worker = as_("worker-a")
    assert worker.get("/community/").status_code == 200
    with fence(system()):
        membership = Membership.objects.get(account__username="worker-a")
    end = reverse("administration:membership-end", args=[membership.pk])
    assert as_("city").post(end).status_code == 403  # cities name no station workers
    assert as_("county").post(end).status_code == 302
    assert worker.get("/community/").status_code == 403
    assert held("worker-a") == set()
    with fence(system()):
        assert Membership.objects.get(pk=membership.pk).ends_at is not None
        assert AuditEntry.objects.filter(verb="membership.end").count() == 1


def test_nobody_ends_their_own_membership_or_reaches_anothers_county() -> None:
    with fence(system()):
        own = Membership.objects.get(account__username="county").pk
        other = Membership.objects.get(account__username="worker-d").pk
    client = as_("county")
    assert client.post(reverse("administration:membership-end", args=[own])).status_code == 403
    assert client.post(reverse("administration:membership-end", args=[other])).status_code == 404


def test_switching_off_ends_open_sessions_and_is_undone() -> None:
    worker, county = as_("worker-a"), as_("county")
    assert county.post(url("account-switch", "worker-a"), {"on": "0"}).status_code == 302
    assert worker.get("/community/")["Location"].startswith("/signin/")
    assert not account("worker-a").is_active
    # What the undo button posts.
    assert county.post(url("account-switch", "worker-a") + "?on=1").status_code == 302
    assert account("worker-a").is_active


def test_a_mover_starts_with_nothing() -> None:
    other = "371002001002"
    as_("county").post(url("account-move", "worker-a"), {"unit": other})
    moved = account("worker-a")
    assert moved.unit_path == path_of(other)
    assert moved.moved_at is not None
    assert held("worker-a") == set()
    as_("county").post(url("account-grant", "worker-a"), {"role": "station_worker", "unit": other})
    assert held("worker-a") == {("station_worker", other)}


def test_a_mover_may_keep_what_it_holds() -> None:
    as_("county").post(url("account-move", "worker-a"), {"unit": "371002001002", "keep": "on"})
    assert held("worker-a") == {("station_worker", A)}


def test_who_judges_the_log_keeps_no_accounts_besides() -> None:
    admin = as_("admin")
    for role, code in (("administrator", "371000000000"), ("auditor", "371000000000")):
        page = admin.post(url("account-grant", "city"), {"role": role, "unit": code})
        assert page.status_code == (302 if role == "administrator" else 422)
    assert "不能由同一个账号担任" in page.content.decode()
    assert ("auditor", "371000000000") not in held("city")


def test_an_institution_and_its_account() -> None:
    county = as_("county")
    made = {"kind": "training_body", "name": "测试培训学校", "unit": A}
    wrong = county.post("/administration/accounts/institutions/new/", made)
    assert wrong.status_code == 422
    wrong = county.post(
        "/administration/accounts/institutions/new/", made | {"credit_code": CREDIT[:-1] + "4"}
    )
    assert "校验位不对" in wrong.content.decode()
    county.post("/administration/accounts/institutions/new/", made | {"credit_code": CREDIT})
    with fence(system()):
        institution = Institution.objects.get(credit_code=CREDIT)
    sent = {"username": "school", "name": "李老师", "role": "training_body", "institution": CREDIT}
    assert county.post("/administration/accounts/new/", sent).status_code == 200
    with fence(system()):
        membership = Membership.objects.get(account__username="school")
    assert (membership.subject_kind, membership.subject_id) == ("institution", institution.pk)
    # The wrong kind of institution for a role.
    bank = sent | {"username": "bank-1", "role": "bank"}
    assert county.post("/administration/accounts/new/", bank).status_code == 422
    # Another county's institution cannot be named.
    assert as_("admin").get("/administration/accounts/institutions/").status_code == 200
    with fence(actor("worker-d")):
        assert not Institution.objects.filter(credit_code=CREDIT).exists()
    # Its account lands on a page of its own.
    client = Client()
    with fence(system()):
        Account.objects.filter(username="school").update(must_change=False)
        client.force_login(Account.objects.get(username="school"))
    assert client.get("/signin/")["Location"] == "/account/"
    assert "培训机构" in client.get("/account/").content.decode()
    page = reverse("administration:institution", args=[institution.pk])
    assert "李老师" in county.get(page).content.decode()
    assert as_("clerk").get(page).status_code == 200
    # Switched off, nobody acts for it.
    switch = reverse("administration:institution-switch", args=[institution.pk])
    assert county.post(switch, {"on": "0"}).status_code == 302
    assert client.get("/account/").status_code == 403


def test_the_list_filters_and_costs_a_fixed_number_of_queries(
    django_assert_max_num_queries,  # type: ignore[no-untyped-def]
) -> None:
    county = as_("county")
    with fence(system()):
        Account.objects.filter(username="worker-b").update(last_login=timezone.now())
    text = county.get("/administration/accounts/?login=lately").content.decode()
    assert "worker-b" in text
    assert "worker-c" not in text
    text = county.get("/administration/accounts/?role=street_clerk").content.decode()
    assert ">clerk<" in text
    assert "worker-a" not in text
    assert "worker-d" not in county.get("/administration/accounts/").content.decode()
    with django_assert_max_num_queries(24):
        county.get("/administration/accounts/")


def test_who_steers_by_figures_sees_no_residents_account() -> None:
    with fence(system()):
        me = account("worker-c")
        Membership.objects.filter(account=me).update(
            role="resident", subject_kind="person", subject_id=1
        )
    for username, seen in (("clerk-c", True), ("county", False), ("city", False), ("admin", False)):
        if username == "clerk-c" and find("clerk-c") is None:
            continue
        client = as_(username)
        text = client.get("/administration/accounts/?q=worker-c").content.decode()
        assert (f"/administration/accounts/{me.pk}/" in text) == seen, username
        assert (client.get(url("account", "worker-c")).status_code == 200) == seen, username
        assert (
            "worker-c" not in client.get("/administration/accounts/review/").content.decode()
            or seen
        )


def test_the_review_finds_who_came_moved_and_left() -> None:
    old = timezone.now() - timedelta(days=200)
    with fence(system()):
        Account.objects.filter(username="worker-a").update(created_at=old, last_login=old)
        Account.objects.filter(username="worker-b").update(created_at=old)
        Account.objects.filter(username="worker-c").update(moved_at=timezone.now())
        soon = timezone.now() + timedelta(days=2)
        Membership.objects.filter(account__username="grid-a").update(ends_at=soon)
    county = as_("county")
    county.post(url("account-switch", "clerk"), {"on": "0"})
    text = county.get("/administration/accounts/review/").content.decode()
    parts = dict(re.findall(r'id="r-(\w+)">.*?</h2>(.*?)</section>', text, re.DOTALL))
    for key, username in (
        ("unused", "worker-a"),
        ("never", "worker-b"),
        ("moved", "worker-c"),
        ("left", "clerk"),
        ("ending", "grid-a"),
    ):
        assert username in parts[key], key
    assert "worker-d" not in text


def test_the_matrix_is_shown_to_everybody_signed_in() -> None:
    assert Client().get("/administration/accounts/roles/").status_code == 302
    text = as_("grid-a").get("/administration/accounts/roles/").content.decode()
    assert "网格员" in text
    assert "导入名册" in text
