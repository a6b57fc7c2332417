"""The language once more, row by row in plain Python: slow, obvious, and written on its own.

Works on nested tuples (as the strategies make them), never on the engine's trees. A value is a
plain Python value, ``NONE`` (known not to exist) or ``UNKNOWN``.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal


class _Mark:
    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


UNKNOWN = _Mark("UNKNOWN")
NONE = _Mark("NONE")

DAYS_OF = {1: 31, 3: 31, 4: 30, 5: 31, 6: 30, 7: 31, 8: 31, 9: 30, 10: 31, 11: 30, 12: 31}
NULL_MEANS = {
    "education": 90,
    "disability_grade": 0,
    "minimum_living": "无",
    "monthly_income": Decimal(0),
    "insured_months_local": 0,
    "labour_capacity": False,
    "veteran": False,
    "pension_drawn": False,
    "children": [],
    "skill_certificates": [],
    "birth_date": UNKNOWN,
    "sex": UNKNOWN,
    "retirement_base": UNKNOWN,
    "employment_status": UNKNOWN,
}


def month_length(year: int, month: int) -> int:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return DAYS_OF[month]


def shift(day: date, months: int, *, overflow: bool) -> date:
    """``overflow``: a day that the month lacks is the next month's first, else the month's last."""
    year, month = day.year, day.month
    for _ in range(abs(months)):
        month += 1 if months > 0 else -1
        if month == 13:
            year, month = year + 1, 1
        if month == 0:
            year, month = year - 1, 12
    if day.day <= month_length(year, month):
        return date(year, month, day.day)
    last = date(year, month, month_length(year, month))
    return last + timedelta(days=1) if overflow else last


def completed(start: date, end: date, months: int) -> int:
    """How many periods of ``months`` are complete: step by step."""
    count = (end.year - start.year) * 12 // months - 13
    while shift(start, (count + 1) * months, overflow=True) <= end:
        count += 1
    return count


def retires(birth: date, base: int) -> date:
    """Month by month through the 2025 schedule."""
    every, cap = {60: (4, 36), 55: (4, 36), 50: (2, 60)}[base]
    reached = (birth.year + base, birth.month)
    late = 0
    at = (2025, 1)
    steps = 0
    while at <= reached and late < cap:
        if steps % every == 0:
            late += 1
        steps += 1
        at = (at[0], at[1] + 1) if at[1] < 12 else (at[0] + 1, 1)
    return shift(birth, base * 12 + late, overflow=False)


@dataclass
class World:
    today: date
    people: list[dict]
    elder_age: dict


def fact(person: dict, name: str):
    if name not in person:
        return UNKNOWN
    value = person[name]
    if value is None:
        return NULL_MEANS.get(name, NONE)
    if isinstance(value, str) and name.endswith(("_on", "_since", "_date")):
        return date.fromisoformat(value)
    if name == "monthly_income":
        return Decimal(str(value))
    return value


def household(world: World, person: dict) -> tuple[list[dict], bool]:
    """The members, and whether they are all known."""
    key = fact(person, "household_id")
    if key is UNKNOWN:
        return [person], False
    if key is NONE:
        return [person], True
    return [other for other in world.people if fact(other, "household_id") == key], True


def kleene_and(values):
    values = list(values)
    if any(value is False for value in values):
        return False
    return UNKNOWN if any(value is UNKNOWN for value in values) else True


def negate(value):
    return UNKNOWN if value is UNKNOWN else not value


def kleene_or(values):
    return negate(kleene_and([negate(value) for value in values]))


def value_of(tree, world: World, me: dict, item=None):
    kind = tree[0]
    again = lambda part: value_of(part, world, me, item)  # noqa: E731
    match kind:
        case "literal":
            return tree[1]
        case "today":
            return world.today
        case "fact":
            return fact(me, tree[1])
        case "member":  # m.x: ``item`` is the member
            return fact(item, tree[1])
        case "item":
            return date.fromisoformat(item) if isinstance(item, str) else item
        case "level_of_item":
            return item.get("level", UNKNOWN)
        case "elder_age":
            sex = fact(me, "sex")
            return UNKNOWN if sex is UNKNOWN else world.elder_age[sex]
        case "and" | "or":
            parts = [again(part) for part in tree[1:]]
            return kleene_and(parts) if kind == "and" else kleene_or(parts)
        case "not":
            return negate(again(tree[1]))
        case "compare":
            return compare(tree[1], again(tree[2]), again(tree[3]))
        case "in":
            left = again(tree[1])
            if left is UNKNOWN:
                return UNKNOWN
            return False if left is NONE else left in tree[2]
        case "is none":
            left = again(tree[1])
            return UNKNOWN if left is UNKNOWN else left is NONE
        case "known":
            return fact(me, tree[1]) is not UNKNOWN
        case "if":
            test = again(tree[1])
            if test is UNKNOWN:
                return UNKNOWN
            return again(tree[2]) if test else again(tree[3])
        case "call":
            return call(tree[1], [again(part) for part in tree[2:]], world)
        case "over":
            return over(tree, world, me)
    raise AssertionError(kind)


def compare(op, left, right):
    if left is NONE or right is NONE:
        return op == "!="
    if left is UNKNOWN or right is UNKNOWN:
        return UNKNOWN
    return {
        "<": left < right,
        "<=": left <= right,
        ">": left > right,
        ">=": left >= right,
        "==": left == right,
        "!=": left != right,
    }[op]


def call(name, given, world: World):
    if name == "before_retirement":
        return before_retirement(*given, world.today)
    if name == "size":
        return UNKNOWN if given[0] is UNKNOWN else len(given[0])
    if name in ("min", "max"):
        if any(value is UNKNOWN for value in given):
            return UNKNOWN if not any(value is NONE for value in given) else NONE
        if any(value is NONE for value in given):
            return NONE
        return min(given) if name == "min" else max(given)
    if any(value is NONE for value in given):
        return False if name == "lies_in" else NONE
    if any(value is UNKNOWN for value in given):
        return UNKNOWN
    if name in ("age", "years_since", "months_since", "days_since"):
        start, end = given[0], given[1] if len(given) > 1 else world.today
        if name == "days_since":
            return (end - start).days
        return completed(start, end, 1 if name == "months_since" else 12)
    if name == "level":
        first = int(str(given[0])[0])
        return {1: 6, 2: 5, 3: 4, 4: 3, 6: 3, 7: 2, 8: 1, 9: 0}.get(first, UNKNOWN)
    if name == "add_months":
        return shift(given[0], given[1], overflow=False)
    if name == "turns":
        return shift(given[0], given[1] * 12, overflow=True)
    if name == "year":
        return given[0].year
    if name == "lies_in":
        return given[0].startswith(given[1])
    if name in ("+", "-", "*"):
        return {
            "+": lambda a, b: a + b,
            "-": lambda a, b: a - b,
            "*": lambda a, b: a * b,
        }[name](*given)
    if name == "share":
        exact = given[0] * given[1] / Decimal(given[2])
        return exact.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
    raise AssertionError(name)


def before_retirement(birth, sex, base, today):
    if UNKNOWN in (birth, sex):
        return UNKNOWN
    if sex == "男":
        return today < retires(birth, 60)
    if base is UNKNOWN:
        answers = {today < retires(birth, 50), today < retires(birth, 55)}
        return answers.pop() if len(answers) == 1 else UNKNOWN
    return UNKNOWN if base == 60 else today < retires(birth, base)


def over(tree, world: World, me: dict):
    _, function, source, body, condition = tree
    complete = True
    if source == "household":
        items, complete = household(world, me)
    else:
        items = fact(me, source)
        if items is UNKNOWN:
            return UNKNOWN
    wanted, bodies = [], []
    for item in items:
        wanted.append(True if condition is None else value_of(condition, world, me, item))
        bodies.append(value_of(body, world, me, item))
    if function == "all":
        parts = [kleene_or([negate(w), b]) for w, b in zip(wanted, bodies, strict=True)]
        return kleene_and(parts if complete else [*parts, UNKNOWN])
    parts = [kleene_and([w, b]) for w, b in zip(wanted, bodies, strict=True)]
    if function == "any":
        return kleene_or(parts if complete else [*parts, UNKNOWN])
    if not complete or any(part is UNKNOWN for part in parts):
        return UNKNOWN
    return sum(part is True for part in parts)
