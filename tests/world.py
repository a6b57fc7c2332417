"""The small world that every database test finds: real units, one account per role.

Two neighbouring communities of one street, another street, another county, another city; planted
once, committed, never changed by a test (each test's own changes roll back).
"""

from dataclasses import dataclass

PASSWORD = "correct horse battery"

# code, name, level; real codes and names of 威海市环翠区 and 济南市历下区.
UNITS = [
    ("370000000000", "山东省", "province"),
    ("371000000000", "威海市", "city"),
    ("371002000000", "环翠区", "county"),
    ("371002001000", "环翠楼街道", "street"),
    ("371002001001", "测试甲社区", "community"),
    ("371002001002", "测试乙社区", "community"),
    ("371002002000", "鲸园街道", "street"),
    ("371002002001", "测试丙社区", "community"),
    ("371003000000", "文登区", "county"),
    ("371003001000", "测试丁街道", "street"),
    ("371003001001", "测试丁社区", "community"),
    ("370100000000", "济南市", "city"),
    ("370102000000", "历下区", "county"),
    ("370102001000", "测试戊街道", "street"),
    ("370102001001", "测试戊社区", "community"),
]

A, B, C, D, E = (
    "371002001001",
    "371002001002",
    "371002002001",
    "371003001001",
    "370102001001",
)


def path_of(code: str) -> str:
    cuts = [(0, 2), (2, 4), (4, 6), (6, 9), (9, 12)]
    parts = [code[a:b] for a, b in cuts]
    while len(parts) > 1 and set(parts[-1]) == {"0"}:
        parts.pop()
    return "".join(part + "/" for part in parts)


@dataclass(frozen=True)
class Sign:
    """One account of the world: its user name, role and unit, and whom or what it acts for."""

    username: str
    role: str
    unit: str
    subject: tuple[str, int] | None = None
    capacity: str = ""


# Whom the residents' and institutions' accounts act for. The world holds no such rows: a test that
# needs them makes them under these keys.
PERSON_1, PERSON_2 = 900_000_001, 900_000_002
INSTITUTION_1, INSTITUTION_2 = 900_000_001, 900_000_002


SIGNS = [
    Sign("grid-a", "grid_worker", A),
    Sign("worker-a", "station_worker", A),
    Sign("worker-b", "station_worker", B),
    Sign("worker-c", "station_worker", C),
    Sign("worker-d", "station_worker", D),
    Sign("worker-e", "station_worker", E),
    Sign("clerk", "street_clerk", "371002001000"),
    Sign("county", "county_agency", "371002000000"),
    Sign("city", "city_manager", "371000000000"),
    Sign("province", "province_manager", "370000000000"),
    Sign("admin", "administrator", "370000000000"),
    # The same roles elsewhere, and the roles that have no page of a person.
    Sign("grid-d", "grid_worker", D),
    Sign("clerk-c", "street_clerk", "371002002000"),
    Sign("county-d", "county_agency", "371003000000"),
    Sign("city-e", "city_manager", "370100000000"),
    Sign("admin-city", "administrator", "371000000000"),
    Sign("admin-d", "administrator", "371003000000"),
    Sign("auditor", "auditor", "371002000000"),
    Sign("auditor-d", "auditor", "371003000000"),
    Sign("justice", "justice_clerk", "371002001000"),
    Sign("justice-c", "justice_clerk", "371002002000"),
    Sign("department", "department", "371002000000", capacity="残联"),
    Sign("department-e", "department", "370100000000", capacity="民政"),
    Sign("collector-a", "collector", A, capacity="物业管理人员"),
    Sign("collector-b", "collector", B, capacity="志愿者"),
    Sign("expert", "reviewing_expert", "371002000000"),
    Sign("expert-e", "reviewing_expert", "370100000000"),
    # All of community A, each with rows of its own.
    Sign("resident-1", "resident", A, ("person", PERSON_1)),
    Sign("resident-2", "resident", A, ("person", PERSON_2)),
    Sign("employer-1", "employer", A, ("institution", INSTITUTION_1)),
    Sign("employer-2", "employer", A, ("institution", INSTITUTION_2)),
    Sign("trainer", "training_body", A, ("institution", 900_000_003)),
    Sign("agency", "hr_agency", A, ("institution", 900_000_004)),
    Sign("incubator", "incubator", A, ("institution", 900_000_005)),
    Sign("bank", "bank", A, ("institution", 900_000_006)),
]


def plant() -> None:
    """Create units and accounts, committed, as the application's login."""
    from weiye.base.accounts.actions import create_account, grant_membership
    from weiye.base.accounts.models import Membership
    from weiye.base.regions.models import Unit
    from weiye.base.scope.actor import system
    from weiye.base.scope.fence import fence

    actor = system()
    with fence(actor):
        by_path: dict[str, Unit] = {}
        for number, (code, name, level) in enumerate(UNITS):
            path = path_of(code)
            parent = by_path.get(path[: path[:-1].rfind("/") + 1])
            by_path[path] = Unit.objects.create(
                code=code,
                name=name,
                level=level,
                path=path,
                parent=parent,
                lon=122.10 + number * 0.002,
                lat=37.50,
                point_source="test",
            )
        for sign in SIGNS:
            account = create_account(
                actor=actor,
                username=sign.username,
                name=sign.username,
                password=PASSWORD,
                unit=by_path[path_of(sign.unit)],
            )
            unit = by_path[path_of(sign.unit)]
            if sign.subject is None and not sign.capacity:
                grant_membership(actor=actor, account=account, role=sign.role, unit=unit)
                continue
            kind, key = sign.subject or ("", None)
            # Straight into the table: the persons and institutions acted for are not there yet.
            Membership.objects.create(
                account=account,
                account_name=account.name,
                role=sign.role,
                unit=unit,
                unit_path=unit.path,
                capacity=sign.capacity,
                subject_kind=kind,
                subject_id=key,
            )


def actor(username: str):  # type: ignore[no-untyped-def]
    """The actor behind one of the world's user names."""
    from weiye.base.accounts.models import Membership
    from weiye.base.accounts.queries import actor_of
    from weiye.base.scope.actor import system
    from weiye.base.scope.fence import fence

    with fence(system()):
        return actor_of(Membership.objects.active().get(account__username=username, origin="grant"))


def account(username: str):  # type: ignore[no-untyped-def]
    """The account of one of the world's user names."""
    from weiye.base.accounts.models import Account
    from weiye.base.scope.actor import system
    from weiye.base.scope.fence import fence

    with fence(system()):
        return Account.objects.get(username=username)


def sign_in(client, username: str) -> None:  # type: ignore[no-untyped-def]
    """Sign a test client in as one of the world's user names."""
    from weiye.base.scope.actor import system
    from weiye.base.scope.fence import fence

    with fence(system()):
        client.force_login(account(username))
