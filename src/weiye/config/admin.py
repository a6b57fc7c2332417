"""``./weiye admin create``: the first administrator of an installation without demonstration.

With ``--role`` and ``--unit`` it makes any other account, until there is a page for that.
"""

import argparse
import getpass
import sys

from django.core.exceptions import ValidationError
from django.db import IntegrityError

from weiye.base.accounts.actions import create_account, grant_membership
from weiye.base.accounts.roles import roles
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./weiye admin", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    create = verbs.add_parser("create", help="make an account (by default an administrator)")
    create.add_argument("username")
    create.add_argument("--name", help="shown to others; default: the user name")
    create.add_argument(
        "--unit", default="370000000000", help="12-digit code; default: the province"
    )
    create.add_argument("--role", default="administrator", choices=sorted(roles()))
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
                actor=actor,
                username=options.username,
                name=options.name or options.username,
                password=password,
                unit=unit,
            )
            grant_membership(actor=actor, account=account, role=options.role, unit=unit)
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
    title = roles()[options.role].title
    sys.stderr.write(f"已创建{title} {options.username}（{unit.name}）。\n")
    return 0
