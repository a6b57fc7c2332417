"""``./weiye admin create``: the first administrator of an installation without demonstration."""

import argparse
import getpass
import sys

from django.core.exceptions import ValidationError
from django.db import IntegrityError

from weiye.base.accounts.actions import create_account, grant_membership
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./weiye admin", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    create = verbs.add_parser("create", help="make an account that may make others")
    create.add_argument("username")
    create.add_argument("--name", default="系统管理员")
    create.add_argument(
        "--unit", default="370000000000", help="12-digit code; default: the province"
    )
    create.add_argument(
        "--password-stdin", action="store_true", help="read the password from standard input"
    )
    options = parser.parse_args(argv)
    password = (
        sys.stdin.readline().rstrip("\n")
        if options.password_stdin
        else getpass.getpass("密码（至少10位，不能全是数字）：")
    )
    actor = system()
    try:
        with fence(actor):
            unit = Unit.objects.get(code=options.unit)
            account = create_account(
                actor=actor, username=options.username, name=options.name, password=password
            )
            grant_membership(actor=actor, account=account, role="administrator", unit=unit)
    except Unit.DoesNotExist:
        sys.stderr.write(f"weiye: no unit has the code {options.unit}\n")
        return 2
    except ValidationError as error:
        sys.stderr.write("weiye: " + "；".join(error.messages) + "\n")
        return 2
    except (IntegrityError, ValueError) as error:
        said = str(error) if isinstance(error, ValueError) else "用户名已被占用"
        sys.stderr.write(f"weiye: {said}\n")
        return 2
    sys.stderr.write(f"已创建管理员 {options.username}（{unit.name}）。\n")
    return 0
