"""Signing in by its pages: step by step, and what ends a session."""

from datetime import datetime, timedelta
from typing import Any

import pyotp
import pytest
from django.test import Client
from django.utils import timezone

from tests.world import PASSWORD, A, account, path_of
from weiye.base.accounts import queries
from weiye.base.accounts.actions import second_factor
from weiye.base.accounts.models import Account, Membership, Session
from weiye.base.accounts.rules import rules
from weiye.base.accounts.sessions import SessionStore
from weiye.base.audit.models import AuditEntry
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("ORG-2")]
WORKER = {"username": "worker-a", "password": PASSWORD}
NEW = "Chunnuan-2026-huakai"


def signed_in(username: str = "worker-a", client: Client | None = None) -> Client:
    client = client or Client()
    assert client.post("/signin/", WORKER | {"username": username}).status_code == 302
    return client


def inside(client: Client) -> bool:
    return client.get("/account/").status_code == 200


def with_phone(username: str = "worker-a") -> tuple[str, list[str]]:
    """Set up a phone some minutes ago."""
    me, past = account(username), timezone.now() - timedelta(minutes=5)
    secret = second_factor.begin(me)
    codes = second_factor.confirm(me, pyotp.TOTP(secret).at(past), now=past)
    assert codes
    return secret, codes


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Moves the sessions' clock."""
    state = {"now": timezone.now()}
    monkeypatch.setattr(SessionStore, "now", staticmethod(lambda: state["now"]))

    def forward(**time: float) -> datetime:
        state["now"] += timedelta(**time)
        return state["now"]

    return forward


# Steps


@pytest.mark.parametrize(
    ("username", "home"),
    [
        ("worker-a", "/community/"),
        ("clerk", "/community/"),
        ("admin", "/administration/"),
    ],
)
def test_everybody_lands_where_their_work_begins(username: str, home: str) -> None:
    client = Client()
    answer = client.post("/signin/", WORKER | {"username": username})
    assert answer["Location"].startswith(home)
    assert client.get(answer["Location"]).status_code == 200
    assert client.get("/signin/")["Location"].startswith(home)


@pytest.mark.parametrize("role", ["department", "collector", "reviewing_expert", "auditor"])
def test_every_role_of_staff_lands_on_a_page_that_opens(role: str) -> None:
    from weiye.base.accounts.roles import roles

    with fence(system()):
        Membership.objects.filter(account__username="worker-a").update(
            role=role, capacity=(*roles()[role].capacities, "")[0]
        )
    client = Client()
    page = client.post("/signin/", WORKER)["Location"]
    assert client.get(page).status_code == 200


def test_signing_in_again_opens_a_new_session_under_a_new_key() -> None:
    client = Client()
    client.get("/signin/")
    signed_in(client=client)
    first = client.session.session_key
    with fence(system()):
        (row,) = Session.objects.all()
    assert first is not None
    assert row.session_key == SessionStore.digest(first)
    assert first not in (row.session_key, row.session_data)
    client.cookies["sessionid"] = row.session_key  # what the database holds opens nothing
    assert not inside(client)


def test_a_password_alone_does_not_open_where_a_phone_is_set_up() -> None:
    secret, codes = with_phone()
    client = Client()
    before = client.session.session_key
    assert client.post("/signin/", WORKER)["Location"] == "/signin/code/"
    assert client.session.session_key != before
    assert not inside(client)
    assert client.get("/signin/password/")["Location"] == "/signin/code/"
    wrong = client.post("/signin/code/", {"code": "000000"})
    assert wrong.status_code == 422
    assert client.post("/signin/code/", {"code": pyotp.TOTP(secret).now()})["Location"] == (
        "/community/"
    )
    assert inside(client)
    other = Client()
    other.post("/signin/", WORKER)
    assert other.post("/signin/code/", {"code": codes[0]})["Location"] == "/community/"


def test_the_steps_cannot_be_entered_from_the_side() -> None:
    client = Client()
    for step in ("code", "password", "second-factor"):
        for method in (client.get, client.post):
            assert (
                method(f"/signin/{step}/", {"code": "1", "new": NEW, "again": NEW})["Location"]
                == "/signin/"
            )


def test_a_half_done_sign_in_does_not_last(monkeypatch: pytest.MonkeyPatch) -> None:
    secret, _ = with_phone()
    client = Client()
    client.post("/signin/", WORKER)
    later = timezone.now() + rules().pending
    monkeypatch.setattr("weiye.desks.components.views.signing.timezone.now", lambda: later)
    code = {"code": pyotp.TOTP(secret).at(later)}
    assert client.post("/signin/code/", code)["Location"] == "/signin/"


def test_a_half_done_sign_in_ends_when_the_password_changes() -> None:
    secret, _ = with_phone()
    client = Client()
    client.post("/signin/", WORKER)
    with fence(system()):
        me = Account.objects.get(username="worker-a")
        me.set_password(NEW)
        me.save()
    code = {"code": pyotp.TOTP(secret).now()}
    assert client.post("/signin/code/", code)["Location"] == "/signin/"


def test_where_it_is_required_staff_set_up_a_phone_before_anything_else(settings: Any) -> None:
    settings.TOTP = "required"
    client = Client()
    assert client.post("/signin/", WORKER)["Location"] == "/signin/second-factor/"
    page = client.get("/signin/second-factor/")
    assert "data:image/svg+xml" in page.content.decode()
    secret = page.context["secret"].replace(" ", "")
    assert secret in page.content.decode().replace(" ", "")
    assert client.post("/signin/second-factor/", {"code": "1"}).status_code == 422
    done = client.post("/signin/second-factor/", {"code": pyotp.TOTP(secret).now()})
    assert len(done.context["codes"]) == rules().recovery_codes
    assert inside(client)


def test_switched_off_nobody_is_asked_for_a_code(settings: Any) -> None:
    with_phone()
    settings.TOTP = "off"
    assert Client().post("/signin/", WORKER)["Location"] == "/community/"


def test_an_account_without_any_membership_is_told_so() -> None:
    with fence(system()):
        Membership.objects.filter(account__username="worker-a").update(ends_at=timezone.now())
    page = Client().post("/signin/", WORKER)
    assert page.status_code == 422
    assert "没有可用的身份" in page.content.decode()


def test_the_lock_is_told_alike_for_names_that_nobody_has() -> None:
    for name in ("worker-a", "no-such-name"):
        client = Client(REMOTE_ADDR="203.0.113.9")
        for _ in range(rules().lockout["name"].failures):
            page = client.post("/signin/", {"username": name, "password": "wrong"})
        assert "15分钟后再试" in page.content.decode()


# Sessions


def test_an_idle_session_ends_and_use_keeps_it_open(clock: Any) -> None:
    client = signed_in()
    for _ in range(3):
        clock(seconds=rules().idle.total_seconds() - 1)
        assert inside(client)
    clock(seconds=rules().idle.total_seconds())
    assert not inside(client)


def test_no_session_lasts_longer_than_a_day_of_work(clock: Any) -> None:
    client = signed_in()
    end = clock() + rules().session
    while clock(minutes=20) < end:
        assert inside(client)
    assert not inside(client)


def test_changing_the_password_ends_the_other_sessions() -> None:
    here, there = signed_in(), signed_in()
    sent = {"old": PASSWORD, "new": NEW, "again": NEW}
    assert here.post("/account/password/", sent)["Location"] == "/account/"
    assert inside(here)
    assert not inside(there)
    assert Client().post("/signin/", WORKER).status_code == 422


def test_an_open_browser_is_no_place_to_guess_the_password() -> None:
    client = signed_in()
    sent = {"new": NEW, "again": NEW}
    for _ in range(rules().lockout["name"].failures):
        page = client.post("/account/password/", sent | {"old": "wrong"})
        assert page.status_code == 422
    page = client.post("/account/password/", sent | {"old": PASSWORD})
    assert "分钟后再试" in page.content.decode()
    assert account("worker-a").check_password(PASSWORD)


def test_ones_own_sessions_are_listed_and_ended_and_nobody_elses() -> None:
    here, there, other = signed_in(), signed_in(), signed_in("worker-b")
    with fence(system()):
        key = Session.objects.get(account_id=account("worker-b").pk).session_key
    here.post("/account/sessions/end/", {"session": key})
    assert inside(other)
    here.post("/account/sessions/end/", {"session": "others"})
    assert inside(here)
    assert not inside(there)
    assert inside(other)


def test_signing_out_deletes_the_session() -> None:
    client = signed_in()
    kept = client.cookies["sessionid"].value
    client.post("/signout/")
    client.cookies["sessionid"] = kept
    assert not inside(client)


def test_a_tampered_or_foreign_cookie_opens_nothing() -> None:
    own = signed_in().cookies["sessionid"].value
    for value in ("", "x" * 32, own[:-1] + ("1" if own.endswith("0") else "0"), "' OR 1=1 --"):
        other = Client()
        other.cookies["sessionid"] = value
        assert not inside(other)


def test_every_step_is_on_record() -> None:
    client = signed_in()
    client.post("/signout/")
    Client().post("/signin/", {"username": "worker-a", "password": "wrong"})
    with fence(system()):
        rows = AuditEntry.objects.filter(thing_id=str(account("worker-a").pk)).order_by("id")
        verbs = [row.verb for row in rows if row.verb.startswith("sign")]
    assert verbs == ["signin.success", "signout", "signin.failure"]


def test_the_own_page_shows_what_happened_to_the_sign_in() -> None:
    Client().post("/signin/", {"username": "worker-a", "password": "wrong"})
    text = signed_in().get("/account/").content.decode()
    for words in ("登录成功", "密码不对", "就是这里", "社区就业服务人员", "导入名册"):
        assert words in text


# Memberships


def second(until: timedelta | None = None) -> Membership:
    """worker-a works for B too."""
    code = "371002001002"
    with fence(system()):
        return Membership.objects.create(
            account=account("worker-a"),
            account_name="worker-a",
            role="grid_worker",
            unit=Unit.objects.get(code=code),
            unit_path=path_of(code),
            ends_at=timezone.now() + until if until else None,
        )


def test_switching_changes_the_area_and_is_on_record() -> None:
    other = second()
    client = signed_in()
    text = client.get("/account/switch/").content.decode()
    assert "测试甲社区" in text
    assert "测试乙社区" in text
    assert client.post("/account/switch/", {"membership": other.pk})["Location"] == "/community/"
    assert "测试乙社区" in client.get("/account/").context["actor"].unit_name
    with fence(system()):
        assert AuditEntry.objects.filter(verb="membership.switch").count() == 1


def test_another_accounts_membership_cannot_be_taken() -> None:
    with fence(system()):
        others = Membership.objects.get(account__username="worker-b")
    client = signed_in()
    for wanted in (str(others.pk), "0", "x", ""):
        client.post("/account/switch/", {"membership": wanted})
        assert client.get("/account/").context["actor"].path == path_of(A)


def test_a_membership_that_ends_stops_with_the_next_request() -> None:
    other = second(timedelta(hours=1))
    client = signed_in()
    client.post("/account/switch/", {"membership": other.pk})
    assert client.get("/account/").context["actor"].membership_id == other.pk
    with fence(system()):
        now = timezone.now()
        Membership.objects.filter(pk=other.pk).update(ends_at=now)
    assert client.get("/account/").context["actor"].path == path_of(A)
    with fence(system()):
        Membership.objects.filter(account__username="worker-a").update(ends_at=now)
    assert client.get("/account/").status_code == 403


def test_who_is_asking_costs_one_query_besides_the_session(
    django_assert_num_queries: Any,
) -> None:
    """Account, memberships in force and their units are read at once."""
    from django.test import RequestFactory

    from weiye.base.accounts.queries import account_of_session, actor_of_request

    me = account("worker-a").pk
    # With the fence's two, and the savepoint's two of a test.
    with django_assert_num_queries(5):
        request = RequestFactory().get("/")
        found = account_of_session(me)
        assert found is not None
        request.user = found
        request.session = {}  # type: ignore[assignment]
        assert actor_of_request(request) is not None


# The phone


def test_the_phone_is_set_up_on_ones_own_page_and_changed_after_the_password() -> None:
    client = signed_in()
    secret = client.get("/account/second-factor/").context["secret"].replace(" ", "")
    done = client.post("/account/second-factor/", {"code": pyotp.TOTP(secret).now()})
    assert "只显示这一次" in done.content.decode()
    assert client.get("/account/second-factor/")["Location"] == "/account/"
    change, kept = "/account/second-factor/change/", done.context["codes"]
    for what in ("remove", "codes"):
        for wrong in (
            {"password": "x", "code": kept[0]},
            {"password": PASSWORD},
            {"password": PASSWORD, "code": "AAAA-AAAA-AAAA-AAAA"},
        ):
            assert client.post(change, {"what": what, **wrong}).status_code == 422
    assert queries.recovery_codes_left(account("worker-a")) == len(kept)
    fresh = client.post(change, {"password": PASSWORD, "code": kept[0], "what": "codes"})
    codes = fresh.context["codes"]
    assert set(codes).isdisjoint(kept)
    there = Client()
    there.post("/signin/", WORKER)
    there.post("/signin/code/", {"code": codes[0]})
    assert inside(there)
    sent = {"password": PASSWORD, "code": codes[1], "what": "remove"}
    assert client.post(change, sent)["Location"] == "/account/second-factor/"
    assert "未设置" in client.get("/account/").content.decode()
    assert not inside(there)


def test_where_it_is_required_another_phone_is_set_up_before_anything_else(settings: Any) -> None:
    secret, codes = with_phone()
    settings.TOTP = "required"
    client = Client()
    client.post("/signin/", WORKER)
    client.post("/signin/code/", {"code": pyotp.TOTP(secret).now()})
    sent = {"password": PASSWORD, "code": codes[0], "what": "remove"}
    gone = client.post("/account/second-factor/change/", sent)
    assert gone["Location"] == "/signin/second-factor/"
    assert not inside(client)
    page = client.get("/signin/second-factor/")
    fresh = page.context["secret"].replace(" ", "")
    assert fresh != secret
    client.post("/signin/second-factor/", {"code": pyotp.TOTP(fresh).now()})
    assert inside(client)


def test_the_code_is_not_guessed_on_ones_own_page() -> None:
    client = signed_in()
    secret = client.get("/account/second-factor/").context["secret"].replace(" ", "")
    done = client.post("/account/second-factor/", {"code": pyotp.TOTP(secret).now()})
    sent = {"password": PASSWORD, "what": "remove"}
    for _ in range(rules().lockout["code"].failures):
        client.post("/account/second-factor/change/", sent | {"code": "no"})
    page = client.post("/account/second-factor/change/", sent | {"code": done.context["codes"][0]})
    assert "分钟后再试" in page.content.decode()
    assert queries.has_second_factor(account("worker-a"))


@pytest.mark.parametrize("username", ["resident-1", "employer-1", "trainer", "bank"])
def test_those_who_act_for_themselves_keep_their_own_sign_in_too(username: str) -> None:
    client = signed_in(username)
    assert client.get("/account/").status_code == 200
    sent = {"old": PASSWORD, "new": NEW, "again": NEW}
    assert client.post("/account/password/", sent)["Location"] == "/account/"
    secret = client.get("/account/second-factor/").context["secret"].replace(" ", "")
    code = {"code": pyotp.TOTP(secret).now()}
    assert client.post("/account/second-factor/", code).status_code == 200
    assert "已设置" in client.get("/account/").content.decode()
    assert client.post("/account/sessions/end/", {"session": "others"}).status_code == 302


def test_nobody_who_acts_for_themselves_is_made_to_carry_a_phone(settings: Any) -> None:
    settings.TOTP = "required"
    client = Client()
    answer = client.post("/signin/", WORKER | {"username": "employer-1"})
    assert answer["Location"] == "/account/"
