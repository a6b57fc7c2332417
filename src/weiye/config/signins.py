"""``./weiye signins``: the demonstration's sign-ins, one per role."""

import sys

from django.conf import settings

from weiye.services.demonstration import queries


def main(argv: list[str]) -> int:
    if not settings.DEMO:
        sys.stderr.write("weiye: there is no demonstration data here (see --demo)\n")
        return 1
    for sign_in in queries.sign_ins():
        sys.stdout.write(
            f"  {sign_in.role_title:\u3000<14} {sign_in.username:18} {sign_in.password:18} "
            f"{sign_in.unit_name}\n"
        )
    return 0
