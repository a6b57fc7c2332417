"""From rows to changes of the tree, in an order in which they can be made."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import date

from django.core.exceptions import ValidationError
from django.db import connection, transaction

from weiye.base.audit.actions import record
from weiye.base.scope.actor import Actor, NotAllowed
from weiye.base.scope.turn import take_turn

from ...levels import LEVELS
from ...models import Unit, UnitPast, UrbanRural, Verb
from ...reading import CODE_LENGTH, common_path, level_of
from ..changing import add, amend, close, merge, move, split
from ..placing import Part
from ..step import RIGHT, TURNS, Outcome, step, trying, wrong
from .sheet import CHANGES, Judged, Line, Row, Sheet

MOST_CHANGES = 3000
"""Rows that change the tree one by one; rows with another class alone do not count."""


def import_changes(
    *,
    actor: Actor,
    sheet: Sheet,
    day: date,
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> Judged:
    """Apply the good rows of a file in one transaction; `preview` tries it.

    ``tell`` hears before each change how many of how many are made; what it raises ends the work.

    Raises `NotAllowed` without ``units.edit`` and ``ValidationError`` for a file with too many
    changes at once.
    """
    actor.require(RIGHT)
    with transaction.atomic():
        if not trying():
            for kind in TURNS:
                take_turn(kind, actor.path)
        work = _Import(actor, sheet, day)
        judged = work.run(tell)
        if judged.changed and not trying():
            record(
                actor=actor,
                verb="unit.import",
                path=common_path(unit.path for unit in judged.outcome.units),
                detail={"rows": len(judged.lines), "changed": len(judged.changed), "day": day},
            )
    return judged


class _Import:
    def __init__(self, actor: Actor, sheet: Sheet, day: date) -> None:
        self.actor, self.day = actor, day
        self.rows = sheet.rows
        self.judged = Judged()
        self.done: dict[int, Line] = {}
        wanted = {row.code for row in self.rows} | {old for row in self.rows for old in row.olds}
        self.units = {u.code: u for u in Unit.objects.open().filter(code__in=wanted)}

    def run(self, tell: Callable[[int, int], None]) -> Judged:
        for row, sentence in self._unusable():
            self._bad(row, sentence)
        work = list(self._steps([row for row in self.rows if row.number not in self.done]))
        if len(work) > MOST_CHANGES:
            raise ValidationError(
                f"这个文件有{len(work)}处变更，一次最多{MOST_CHANGES}处，请按县分成几个文件。"
            )
        self._classes()
        for done, (rows, words, change) in enumerate(work):
            tell(done, len(work))
            self._try(rows, words, change)
        self.judged.lines = [self.done[row.number] for row in self.rows]
        return self.judged

    # Reading the rows ------------------------------------------------------------------------

    def _unusable(self) -> Iterator[tuple[Row, str]]:
        seen: dict[str, int] = {}
        for row in self.rows:
            if not re.fullmatch(r"[0-9A-Za-z-]{2,32}", row.code):
                yield row, f"代码“{row.code}”不对，应为12位数字。" if row.code else "没有填代码。"
            elif row.code in seen:
                yield row, f"代码与第{seen[row.code]}行重复。"
            elif row.verb and row.verb not in CHANGES:
                yield row, f"“变更”只能填{'、'.join(CHANGES)}，或留空。"
            elif row.urban_rural and row.urban_rural not in UrbanRural.values:
                known = "、".join(UrbanRural.values)
                yield row, f"城乡分类代码“{row.urban_rural}”不对，应为{known}之一。"
            seen.setdefault(row.code, row.number)

    def _steps(self, rows: list[Row]) -> Iterator[tuple[list[Row], str, Callable[[], Outcome]]]:
        """The changes in an order in which they can be made: from the top, closings last and from
        the bottom. Rows that change nothing, or the class alone, are settled on the way."""
        self.only_class: list[tuple[Row, Unit]] = []
        users: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            for old in row.olds:
                if old != row.code:
                    users[old].append(row)
        stays = {row.code for row in rows}
        split_done: set[str] = set()
        closings: list[Row] = []
        ordered = sorted(rows, key=lambda row: (self._depth(row), row.number))
        for row in ordered:
            olds = [old for old in row.olds if old != row.code]
            if row.verb == "撤销":
                closings.append(row)
            elif not olds:
                yield from self._plain(row)
            elif any(len(users[old]) > 1 for old in olds):
                if len(olds) > 1 or any(len(other.olds) > 1 for other in users[olds[0]]):
                    self._bad(row, "一个原代码又拆又并，请分成几个文件，一步一步来。")
                elif olds[0] not in split_done:
                    split_done.add(olds[0])
                    group = [each for each in ordered if each in users[olds[0]]]
                    yield group, "拆分", self._split(olds[0], group, keep=olds[0] in stays)
            elif len(olds) > 1 or row.code in self.units or olds[0] in stays:
                yield self._merge_or_split(row, olds, stays)
            else:
                yield [row], "变更代码", self._recode(row, olds[0])
        for row in sorted(closings, key=lambda row: (-self._depth(row), row.number)):
            yield [row], "撤销", self._close(row)

    def _merge_or_split(
        self, row: Row, olds: list[str], stays: set[str]
    ) -> tuple[list[Row], str, Callable[[], Outcome]]:
        if len(olds) == 1 and row.code not in self.units and olds[0] in stays:
            return [row], "拆分", self._split(olds[0], [row], keep=True)
        return [row], "合并", self._merge(row, olds)

    def _depth(self, row: Row) -> int:
        unit = self.units.get(row.code)
        if unit is not None:
            return LEVELS.index(unit.level)
        official = row.code.isdigit() and len(row.code) == CODE_LENGTH
        return LEVELS.index(level_of(row.code)) if official else len(LEVELS)

    def _plain(self, row: Row) -> Iterator[tuple[list[Row], str, Callable[[], Outcome]]]:
        unit = self.units.get(row.code)
        if unit is None:
            yield [row], "新增", self._add(row)
            return
        renamed = bool(row.name) and row.name != unit.name
        reclassed = bool(row.urban_rural) and row.urban_rural != unit.urban_rural
        if renamed:
            yield [row], f"改名：{unit.name} → {row.name}", self._amend(row, row.code)
        elif reclassed:
            self.only_class.append((row, unit))
        else:
            self.done[row.number] = Line(row, "没有变化", changes=False)

    # Making the changes ----------------------------------------------------------------------

    def _try(self, rows: list[Row], words: str, change: Callable[[], Outcome]) -> None:
        try:
            with transaction.atomic():
                outcome = change()
        except ValidationError as error:
            for row in rows:
                self._bad(row, "".join(error.messages))
            return
        except NotAllowed:
            for row in rows:
                self._bad(row, "这个单位（或新的上级）不在您管理的范围内。")
            return
        self.judged.outcome.add(outcome)
        for row in rows:
            if row.verb and row.verb != words[: len(row.verb)] and row.verb != "撤销":
                words = f"{words}（文件写的是{row.verb}）"
            self.done[row.number] = Line(row, words)

    def _bad(self, row: Row, sentence: str) -> None:
        self.done[row.number] = Line(row, sentence, bad=True)

    def _unit(self, code: str) -> Unit:
        unit = Unit.objects.open().filter(code=code).first()
        if unit is None:
            raise wrong(f"没有代码为{code}的单位，或它已撤销。")
        return unit

    def _parent(self, code: str) -> Unit:
        if not (code.isdigit() and len(code) == CODE_LENGTH):
            raise wrong("新单位请填写12位统计用区划代码。")
        level = level_of(code)
        ends = {"city": 2, "county": 4, "street": 6, "community": 9}
        if level not in ends:
            raise wrong("不能新增省级单位。")
        above = code[: ends[level]].ljust(CODE_LENGTH, "0")
        unit = Unit.objects.open().filter(code=above).first()
        if unit is None:
            raise wrong(f"上级单位（代码{above}）还不存在，请先新增上级。")
        return unit

    def _add(self, row: Row) -> Callable[[], Outcome]:
        def change() -> Outcome:
            parent = self._parent(row.code)
            return add(
                actor=self.actor,
                parent=parent,
                level=level_of(row.code),
                name=row.name,
                code=row.code,
                urban_rural=row.urban_rural,
                day=self.day,
            )

        return change

    def _amend(self, row: Row, code: str) -> Callable[[], Outcome]:
        return lambda: amend(
            actor=self.actor,
            unit=self._unit(code),
            day=self.day,
            name=row.name or None,
            code=row.code,
            urban_rural=row.urban_rural or None,
        )

    def _recode(self, row: Row, old: str) -> Callable[[], Outcome]:
        def change() -> Outcome:
            found = Unit.objects.open().filter(code=old).first()
            if found is None:
                # The code came along with that of a unit above.
                along = Unit.objects.open().filter(code=row.code).first()
                past = UnitPast.objects.filter(code=old, during__endswith=self.day)
                if along is None or not past.filter(unit=along).exists():
                    raise wrong(f"没有代码为{old}的单位，或它已撤销。")
                if _same(row.name, along.name) and _same(row.urban_rural, along.urban_rural):
                    return Outcome(units=[along])
                return self._amend(row, row.code)()
            parent = self._parent(row.code)
            outcome = Outcome()
            if parent.pk != found.parent_id:
                outcome.add(
                    move(actor=self.actor, unit=found, parent=parent, day=self.day, code=row.code)
                )
                if _same(row.name, found.name) and _same(row.urban_rural, found.urban_rural):
                    return outcome
            outcome.add(self._amend(row, found.code)())
            return outcome

        return change

    def _merge(self, row: Row, olds: list[str]) -> Callable[[], Outcome]:
        def change() -> Outcome:
            givers = [self._unit(old) for old in olds]
            into: Unit | Part | None = Unit.objects.open().filter(code=row.code).first()
            parent = None
            if into is None:
                parent = self._parent(row.code)
                into = Part(row.code, row.name, row.urban_rural)
            outcome = merge(actor=self.actor, units=givers, into=into, parent=parent, day=self.day)
            if isinstance(into, Unit) and row.name and row.name != into.name:
                outcome.add(self._amend(row, row.code)())
            return outcome

        return change

    def _split(self, old: str, group: list[Row], *, keep: bool) -> Callable[[], Outcome]:
        def change() -> Outcome:
            unit = self._unit(old)
            parts = [Part(row.code, row.name, row.urban_rural) for row in group]
            if not keep and unit.children.open().exists():
                raise wrong(f"{unit.name}有下级单位，文件说不清它们归谁，请在页面上拆分。")
            return split(actor=self.actor, unit=unit, parts=parts, keep=keep, day=self.day)

        return change

    def _close(self, row: Row) -> Callable[[], Outcome]:
        return lambda: close(actor=self.actor, unit=self._unit(row.code), day=self.day)

    def _classes(self) -> None:
        """Rows with another class alone, however many, in a few statements."""
        late = set(
            UnitPast.objects.filter(
                unit__in=[unit.pk for _, unit in self.only_class], during__endswith__gt=self.day
            ).values_list("unit_id", flat=True)
        )
        good: list[tuple[Row, Unit]] = []
        for row, unit in self.only_class:
            if not self.actor.covers(unit.path):
                self._bad(row, "这个单位（或新的上级）不在您管理的范围内。")
            elif unit.pk in late or (unit.since is not None and unit.since > self.day):
                self._bad(row, "这个单位在生效日期之后已有变更。")
            else:
                good.append((row, unit))
        if not good:
            return
        top = good[0][1]
        with step(self.actor, self.day, Verb.AMEND, top) as now, connection.cursor() as cursor:
            now.remember_all([unit.pk for _, unit in good])
            cursor.execute(
                "UPDATE regions_unit u SET urban_rural = c.class "
                "FROM unnest(%s::bigint[], %s::text[]) AS c (id, class) WHERE u.id = c.id",
                [[unit.pk for _, unit in good], [row.urban_rural for row, _ in good]],
            )
        self.judged.outcome.units += [unit for _, unit in good]
        counts = Counter(row.urban_rural for row, _ in good)
        if not trying():
            record(
                actor=self.actor,
                verb="unit.amend",
                path=common_path(unit.path for _, unit in good),
                detail={"urban_rural": dict(counts), "units": len(good), "day": self.day},
            )
        for row, _ in good:
            shown = UrbanRural(row.urban_rural).label
            self.done[row.number] = Line(row, f"城乡分类：{row.urban_rural} {shown}")


def _same(wanted: str, present: str) -> bool:
    """An empty cell leaves what is there."""
    return wanted in ("", present)
