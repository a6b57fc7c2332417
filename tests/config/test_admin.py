"""The first administrator of a real installation."""

import io

import pytest

from tests.world import PASSWORD, A, account
from weiye.base.accounts.models import Account
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence
from weiye.config import admin

pytestmark = pytest.mark.django_db


def create(monkeypatch: pytest.MonkeyPatch, password: str, *more: str) -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO(password + "\n"))
    return admin.main(["create", "first", "--password-stdin", *more])


def test_the_first_administrator_may_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    assert create(monkeypatch, PASSWORD) == 0
    with fence(system()):
        account = Account.objects.get(username="first")
        assert account.check_password(PASSWORD)
        assert account.memberships.get().role == "administrator"


def test_any_other_role_for_its_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    assert create(monkeypatch, PASSWORD, "--role", "station_worker", "--unit", A) == 0
    with fence(system()):
        membership = Account.objects.get(username="first").memberships.get()
        assert (membership.role, membership.unit.code) == ("station_worker", A)


@pytest.mark.parametrize(
    ("password", "more", "said"),
    [
        ("short", [], "太短"),
        (PASSWORD, ["--unit", "999999999999"], "no unit"),
        (PASSWORD, ["--unit", "371002001001"], "不能用于"),
    ],
)
def test_wrong_input_is_one_sentence_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    password: str,
    more: list[str],
    said: str,
) -> None:
    assert create(monkeypatch, password, *more) == 2
    assert said in capsys.readouterr().err
    with fence(system()):
        assert not Account.objects.filter(username="first").exists()


def test_a_name_that_is_taken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert create(monkeypatch, PASSWORD) == 0
    assert create(monkeypatch, PASSWORD) == 2
    assert "已被占用" in capsys.readouterr().err


def test_an_administrator_whom_nobody_can_help_is_let_in_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from weiye.base.accounts.actions import second_factor
    from weiye.base.accounts.models import Authenticator

    second_factor.begin(account("admin"))
    assert admin.main(["reset", "admin"]) == 0
    password = capsys.readouterr().out.strip()
    found = account("admin")
    assert found.check_password(password)
    assert found.must_change
    with fence(system()):
        assert not Authenticator.objects.filter(account=found).exists()
    assert admin.main(["reset", "nobody"]) == 2
