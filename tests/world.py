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
    """One account of the world: its user name, role and unit."""

    username: str
    role: str
    unit: str


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
]


def plant() -> None:
    """Create units and accounts, committed, as the application's login."""
    from weiye.base.accounts.actions import create_account, grant_membership
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
            grant_membership(
                actor=actor,
                account=account,
                role=sign.role,
                unit=by_path[path_of(sign.unit)],
            )


def actor(username: str):  # type: ignore[no-untyped-def]
    """The actor behind one of the world's user names."""
    from weiye.base.accounts.models import Membership
    from weiye.base.accounts.queries import actor_of
    from weiye.base.scope.actor import system
    from weiye.base.scope.fence import fence

    with fence(system()):
        return actor_of(Membership.objects.active().get(account__username=username))


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
