"""``./weiye admin``: accounts from the command line.

``create`` makes the first administrator of an installation (with ``--role`` and ``--unit`` an
account of any other role that acts for a unit); ``reset`` lets somebody in again whom no other
administrator can help. Everything else is done at 管理台 › 账号.
"""

import argparse
import getpass
import sys

from django.core.exceptions import ValidationError

from weiye.base.accounts.actions import create_account, grant_membership, reset_password
from weiye.base.accounts.actions import second_factor as factors
from weiye.base.accounts.models import Account
from weiye.base.accounts.roles import roles
from weiye.base.accounts.rules import rules
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./weiye admin", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    create = verbs.add_parser("create", help="make an account (by default an administrator)")
    create.add_argument("username", help="small letters, digits and . _ @ -")
    create.add_argument("--name", help="shown to others; default: the user name")
    create.add_argument(
        "--unit", default="370000000000", help="12-digit code; default: the province"
    )
    staff = sorted(key for key, role in roles().items() if role.staff)
    create.add_argument("--role", default="administrator", choices=staff)
    create.add_argument("--capacity", default="", help="of a department or collector: which one")
    create.add_argument(
        "--password-stdin", action="store_true", help="read the password from standard input"
    )
    reset = verbs.add_parser(
        "reset", help="print a temporary password; lift the lock and the second factor"
    )
    reset.add_argument("username")
    options = parser.parse_args(argv)
    if options.verb == "reset":
        return _reset(options.username)
    return _create(options)


def _create(options: argparse.Namespace) -> int:
    rule = rules()
    password = (
        sys.stdin.readline().rstrip("\n")
        if options.password_stdin
        else getpass.getpass(
            f"密码（至少{rule.length}位，大小写字母、数字、符号用{rule.kinds}种；"
            f"或{rule.long_length}位以上用{rule.long_kinds}种）："
        )
    )
    actor = system()
    try:
        with fence(actor):
            unit = Unit.objects.get(code=options.unit)
            account = create_account(
                actor=actor,
                username=options.username,
                name=options.name or options.username,
                password=password,
                unit=unit,
            )
            grant_membership(
                actor=actor,
                account=account,
                role=options.role,
                unit=unit,
                capacity=options.capacity,
            )
    except Unit.DoesNotExist:
        sys.stderr.write(f"weiye: no unit has the code {options.unit}\n")
        return 2
    except ValidationError as error:
        sys.stderr.write("weiye: " + "；".join(error.messages) + "\n")
        return 2
    except ValueError as error:
        sys.stderr.write(f"weiye: {error}\n")
        return 2
    title = roles()[options.role].title
    sys.stderr.write(f"已创建{title} {options.username}（{unit.name}）。\n")
    return 0


def _reset(username: str) -> int:
    actor = system()
    with fence(actor):
        account = Account.objects.filter(username=username).first()
        if account is None:
            sys.stderr.write(f"weiye: no account has the user name {username}\n")
            return 2
        factors.reset(actor=actor, account_id=account.pk)
        _, password = reset_password(actor=actor, account_id=account.pk)
    sys.stdout.write(f"{password}\n")
    sys.stderr.write(
        f"{username} 的临时密码见上，{rules().temporary_age.days}天内有效，登录后须更换。\n"
    )
    return 0
