"""Parsed rules asked person by person in plain Python: the whole language, slow and obvious.

Shares nothing with the compiler but the parsed tree and the names of the facts. A value is a plain
Python value (money: yuan as Decimal), ``NONE`` (known not to exist) or ``UNKNOWN``.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from weiye.engine.rules import Rule, Rulebook, language
from weiye.engine.rules.facts import EVERYBODY, NEVER, SUBJECTS, Items, Kind, Record

from .reference import NONE, UNKNOWN, completed, kleene_and, kleene_or, negate, shift

LEVELS = {"1": 6, "2": 5, "3": 4, "4": 3, "6": 3, "7": 2, "8": 1, "9": 0}


@dataclass
class World:
    """``everybody``: the JSON objects asked together, for households."""

    book: Rulebook
    subject: str
    today: date
    region: str
    everybody: list[dict[str, Any]]


@dataclass
class Thing:
    """Somebody or something with facts: a person, a firm, a hire, a certificate."""

    given: dict[str, Any] | None  # None: nobody knows it at all
    facts: dict[str, Any]
    unit: str | None = None

    def get(self, name: str):
        fact = self.facts[name]
        if self.given is None or name not in self.given:
            return UNKNOWN
        value = self.given[name]
        if value is None:
            if fact.none is NEVER:
                return NONE
            if fact.none is EVERYBODY:
                return UNKNOWN
            return list(fact.none) if isinstance(fact.none, tuple) else fact.none
        return plain(fact.type, value)


def plain(kind, value):
    if isinstance(kind, Items):
        if isinstance(kind.of, Record):
            return [Thing(item, by_name(kind.of)) for item in value]
        return [plain(kind.of, item) for item in value]
    if isinstance(kind, Record):
        return Thing(value, by_name(kind))
    if kind is Kind.DATE:
        return date.fromisoformat(value)
    return Decimal(str(value)) if kind is Kind.MONEY else value


def by_name(record: Record):
    return {fact.name: fact for fact in record.fields}


def subject(world: World, given: dict[str, Any]) -> Thing:
    schema = SUBJECTS[world.subject]
    return Thing(given, dict(schema.by_name), schema.unit)


@dataclass
class Asked:
    """One rule about one subject; clause id → verdict (parts: "clause/part")."""

    verdict: Any
    clauses: dict[str, Any]
    amount: Any
    since: Any
    near_miss: str | None


def ask(rule: Rule, world: World, given: dict[str, Any]) -> Asked:
    me = subject(world, given)
    clauses: dict[str, Any] = {}
    tops: dict[str, Any] = {}
    for clause in rule.clauses:
        if not live(clause, world.today):
            continue
        if clause.parts:
            parts = {
                part.id: value(part.when, world, me, {})
                for part in clause.parts
                if live(part, world.today)
            }
            if not parts:
                continue
            clauses |= {f"{clause.id}/{name}": found for name, found in parts.items()}
            tops[clause.id] = kleene_or(parts.values())
        else:
            tops[clause.id] = value(clause.when, world, me, {})
    verdict = kleene_and(tops.values())
    short = [name for name, found in tops.items() if found is not True]
    amount = since = None
    if verdict is True:
        amount = shown(rule.amount, world, me)
        since = shown(rule.since, world, me)
    return Asked(verdict, clauses | tops, amount, since, short[0] if len(short) == 1 else None)


def live(thing, today: date) -> bool:
    started = thing.valid_from is None or thing.valid_from <= today
    ended = thing.valid_to is not None and thing.valid_to < today
    return thing.enabled and started and not ended


def shown(node, world: World, me: Thing):
    found = UNKNOWN if node is None else value(node, world, me, {})
    return None if found is UNKNOWN or found is NONE else found


def value(node, world: World, me: Thing | None, names: dict[str, Any]):
    def again(part):
        return value(part, world, me, names)

    match node:
        case language.Literal():
            return node.value
        case language.Name():
            if node.name == "today":
                return world.today
            return names[node.name] if node.name in names else member(me, node.name, world)
        case language.Field():
            if node.owner == "param":
                return figure(node.name, world, me)
            owner = names[node.owner] if node.owner in names else record(me, node.owner)
            return member(owner, node.name, world)
        case language.Not():
            return negate(again(node.of))
        case language.Logic():
            parts = [again(part) for part in node.parts]
            return kleene_and(parts) if node.op == "and" else kleene_or(parts)
        case language.Compare():
            return compare(node.op, again(node.left), again(node.right))
        case language.Within():
            left = again(node.left)
            if left is UNKNOWN or left is NONE:
                return UNKNOWN if left is UNKNOWN else False
            return any(left == option.value for option in node.options)
        case language.IsNone():
            found = again(node.of)
            return UNKNOWN if found is UNKNOWN else found is NONE
        case language.Arithmetic():
            return arithmetic(node.op, again(node.left), again(node.right))
        case language.Choice():
            test = again(node.condition)
            if test is UNKNOWN:
                return UNKNOWN
            return again(node.then if test else node.otherwise)
        case language.Over():
            return over(node, world, me, names)
        case language.Call():
            return call(node, world, me, names)
    raise AssertionError(node)


def record(me: Thing, name: str) -> Thing:
    found = me.get(name)
    return Thing(None, by_name(me.facts[name].type)) if found is UNKNOWN else found


def member(owner: Thing, name: str, world: World):
    if name in owner.facts:
        return owner.get(name)
    return value(world.book.terms[name].when, world, owner, {})


def compare(op, left, right):
    if left is NONE or right is NONE:
        return op == "!="
    if left is UNKNOWN or right is UNKNOWN:
        return UNKNOWN
    less, same = left < right, left == right
    return {
        "<": less,
        "<=": less or same,
        ">": not less and not same,
        ">=": not less,
        "==": same,
        "!=": not same,
    }[op]


def missing(*given):
    """NONE or UNKNOWN if a function of these must be."""
    if any(one is NONE for one in given):
        return NONE
    return UNKNOWN if any(one is UNKNOWN for one in given) else None


def arithmetic(op, left, right):
    gap = missing(left, right)
    if gap is not None:
        return gap
    return left + right if op == "+" else left - right if op == "-" else left * right


def figure(name: str, world: World, me: Thing | None):
    """The most particular area first; the area asked about covers everybody in it."""
    periods = [
        period for period in world.book.parameters[name].periods if live(period, world.today)
    ]
    unit = None
    if me is not None and me.unit is not None:
        unit = me.get(me.unit)
    for period in sorted(periods, key=lambda period: -len(period.region)):
        here = world.region.startswith(period.region)
        inside = isinstance(unit, str) and unit.startswith(period.region)
        if not here and not (inside and part_of(period.region, world.region)):
            continue
        if not isinstance(period.value, dict):
            return period.value
        sex = me.get("sex")
        if sex in period.value:
            return period.value[sex]
        if here:
            return UNKNOWN
    return UNKNOWN


def part_of(region: str, code: str) -> bool:
    digits = next(n for n in (2, 4, 6, 9, 12) if set(code[n:]) <= {"0"})
    return region.startswith(code[:digits])


def over(node, world: World, me: Thing | None, names):
    whole = True
    if isinstance(node.source, language.Name) and node.source.name == "household":
        items, whole = household(world, me)
    elif isinstance(node.source, language.Name):
        items = me.get(node.source.name)
    else:
        source = node.source
        owner = names[source.owner] if source.owner in names else record(me, source.owner)
        items = owner.get(source.name)
    if items is UNKNOWN:
        return UNKNOWN
    wanted, bodies = [], []
    for item in items:
        inner = {node.variable: item}
        wanted.append(True if node.condition is None else value(node.condition, world, None, inner))
        bodies.append(value(node.body, world, None, inner))
    pairs = list(zip(wanted, bodies, strict=True))
    rest = [] if whole else [UNKNOWN]
    if node.function == "all":
        return kleene_and([kleene_or([negate(want), body]) for want, body in pairs] + rest)
    if node.function == "sum":
        counted = [(want, body) for want, body in pairs if want is not False]
        if not whole or any(want is UNKNOWN or body is UNKNOWN for want, body in counted):
            return UNKNOWN
        return sum(body for _, body in counted if body is not NONE)
    both = [kleene_and([want, body]) for want, body in pairs]
    if node.function == "any":
        return kleene_or(both + rest)
    if not whole or any(one is UNKNOWN for one in both):
        return UNKNOWN
    return sum(one is True for one in both)


def household(world: World, me: Thing):
    key = me.get("household_id")
    if key is UNKNOWN or key is NONE:
        return [me], key is NONE
    everybody = [subject(world, given) for given in world.everybody]
    return [other for other in everybody if other.get("household_id") == key], True


def call(node, world: World, me: Thing | None, names):
    name = node.function
    if name == "known":
        return value(node.arguments[0], world, me, names) is not UNKNOWN
    if name == "group":
        group = world.book.groups[node.arguments[0].value]
        return ask(group, world, me.given).verdict if live(group, world.today) else UNKNOWN
    given = [value(part, world, me, names) for part in node.arguments]
    if name.endswith("retirement_date"):
        return retirement(world, *given, name.removesuffix("retirement_date"))
    if name == "before_retirement":
        return before_retirement(world, *given)
    if name == "share":
        if (gap := missing(given[0])) is not None:
            return gap
        exact = Decimal(given[0]) * given[1] / given[2]
        return exact.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
    gap = missing(*given)
    if name in ("lies_in", "same_area", "is_village"):
        if gap is not None:
            return False if gap is NONE else UNKNOWN
        if name == "lies_in":
            return given[0].startswith(given[1])
        if name == "is_village":
            return 200 <= int(given[0][9:12]) <= 399
        return given[0][: given[2]] == given[1][: given[2]]
    return gap if gap is not None else plain_call(name, given, world)


def plain_call(name, given, world: World):
    if name in ("age", "years_since", "months_since", "days_since"):
        start, end = given[0], given[1] if len(given) > 1 else world.today
        if name == "days_since":
            return (end - start).days
        return completed(start, end, 1 if name == "months_since" else 12)
    match name:
        case "add_days":
            return given[0] + timedelta(days=given[1])
        case "add_months":
            return shift(given[0], given[1], overflow=False)
        case "add_years":
            return shift(given[0], given[1] * 12, overflow=False)
        case "turns":
            return shift(given[0], given[1] * 12, overflow=True)
        case "year":
            return given[0].year
        case "level":
            return LEVELS.get(str(given[0])[0], UNKNOWN)
        case "size":
            return len(given[0])
        case "min" | "max":
            return min(given) if name == "min" else max(given)
    raise AssertionError(name)


def retirement(world: World, birth, sex, base, choice):
    if (gap := missing(birth, sex)) is not None:
        return gap
    lines = figure_lines(world)[sex]
    if len(lines) == 1:
        base = next(iter(lines))
    if base not in lines:
        return UNKNOWN
    return retires(birth, base, lines[base], choice)


def figure_lines(world: World):
    periods = world.book.parameters["retirement_schedule"].periods
    (found,) = [period.value for period in periods if live(period, world.today)]
    return found


def retires(birth: date, base: int, delay, choice: str = "") -> date:
    """A month later for every ``every`` months of birth from the schedule's first January on."""
    late, steps, at = 0, 0, (delay.since, 1)
    while at <= (birth.year + base, birth.month) and late < delay.cap:
        late += steps % delay.every == 0
        steps += 1
        at = (at[0] + at[1] // 12, at[1] % 12 + 1)
    chosen = {"": late, "latest_": late + delay.flexible}
    chosen["earliest_"] = 0 if late < delay.flexible else late - delay.flexible
    return shift(birth, base * 12 + chosen[choice], overflow=False)


def before_retirement(world: World, birth, sex, base):
    if birth is UNKNOWN or sex is UNKNOWN:
        return UNKNOWN
    lines = figure_lines(world)[sex]
    ahead = {years: world.today < retires(birth, years, lines[years]) for years in lines}
    if len(ahead) == 1:
        return next(iter(ahead.values()))
    if base is UNKNOWN:
        return next(iter(ahead.values())) if len(set(ahead.values())) == 1 else UNKNOWN
    return ahead.get(base, UNKNOWN)
