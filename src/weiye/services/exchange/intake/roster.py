"""People of a roster, into `registers.people`."""

from __future__ import annotations

from datetime import date
from typing import Any

from weiye.base.privacy.documents import CITIZEN
from weiye.base.privacy.fields import blind_index, blind_indexes
from weiye.base.regions.models import Unit
from weiye.registers.people.columns import FACTS, SINCE
from weiye.registers.people.intake import Entry, PeopleIntake
from weiye.registers.people.intake.journal import Journal
from weiye.registers.people.models import Person
from weiye.registers.people.transfers.actions import Ask
from weiye.registers.people.transfers.queries import asked_for

from .. import links
from ..sheets import NEVER, Block, SheetRefused
from ..sheets.job_words import occupation_code
from ..sheets.text import text_of
from .outcome import Adapter, Outcome, RowOutcome
from .places import Buildings, Communities, Counties

ELSEWHERE = "这个身份证号已在其他社区登记，需要办理迁移后才能导入"
WITHHELD = "今天核对的外地登记人数已达上限，这一行没有核对、没有导入，请明天再试或请街道核对"
ASKED = "这个身份证号已在其他社区登记，已提交迁入申请，等待原社区确认"
DOUBLE = (
    "台账里已有一个人，姓名、出生日期、电话都与这一行相同，身份证号却不同，请核对是不是同一个人；"
    "没有导入，列入待核对"
)
UNCERTAIN = "台账里有一个人的姓名和出生日期（或电话）与这一行相同，不能自动认定是谁，列入待核对"
#: Fields of the file by what they become in the register, where the names differ.
_SOURCES = {
    "household_role": ("relation",),
    "household": ("household_id", "relation"),
    "hukou_unit": ("hukou_address",),
    "unit": ("building", "address"),
    "minimum_living": ("minimum_living", "low_income_edge", "destitute", "categories"),
    "status": (
        "employment_status",
        "unemployed_since",
        "employed_since",
        "registered_unemployed_since",
    ),
    "wish": (
        "wanted_jobs",
        "min_wage",
        "hours",
        "max_walk_minutes",
        "needs_accessible",
        "skills",
        "training_wish",
    ),
}
_RENAMED = {"relation": "household_role"}


class RosterAdapter(Adapter):
    """Rows to entries: where somebody lives, in which household, and what is said of them."""

    def open(self) -> None:
        self.communities = Communities(self.unit)
        self.buildings = Buildings()
        self.counties = Counties()
        if self.communities.only is None and "residence_unit" not in self.mapped:
            raise SheetRefused(
                f"{self.unit.name}下有多个社区，名册里要有“社区”一列（写社区名称或12位代码）。"
                "也可以选择一个社区后再上传。"
            )
        self._household = ""
        self._counted: dict[tuple[str, str], str] = {}
        self._journal = Journal()

    def carry(self, block: Block) -> dict[str, Any]:
        return {"households": self._households(block)}

    def begin(self, state: dict[str, Any]) -> None:
        self._journal = Journal()
        self.register = PeopleIntake(
            actor=self.actor,
            unit=self.unit,
            source=self.source,
            as_of=self.as_of,
            write=self.write,
            sheet=self.sheet,
            told=tuple(state.get("told", (0, 0))),
            journal=self._journal if self.write else None,
        )

    def end(self) -> dict[str, Any]:
        self.register.close()
        return {"told": self.register.told}

    def journal(self) -> dict[str, Any]:
        return self._journal.plain()

    def take(self, block: Block) -> list[RowOutcome]:
        households = block.carried.get("households") or self._households(block)
        outcomes = [RowOutcome(Outcome.ERROR)] * len(block.lines)
        entries: list[Entry] = []
        positions: list[int] = []
        homes: list[Unit] = []
        linked = self._linked(block, households, outcomes)
        for at in range(len(block.lines)):
            community = self._community(block, at)
            if at in block.errors or community is None:
                continue
            row = block.row(at)
            if at in linked:
                row["id_number"], row["id_kind"] = linked[at]
            entry = self._entry(row, community, households[at])
            if entry.status == "失业" and entry.since is None and not entry.registered:
                block.warn(at, "employment_status", "没有失业日期，失业了多久按未知处理，请补充")
            entries.append(entry)
            positions.append(at)
            homes.append(community)
        taken = self.register.take(entries) if entries else []
        away = [
            Ask(home, entry.id_number, str(entry.facts.get("name") or ""))
            for entry, home, result in zip(entries, homes, taken, strict=True)
            if result.result == "elsewhere"
        ]
        unasked = self._unasked(away)
        self.transfers += unasked
        waiting = {one.id_number for one in away} - {one.id_number for one in unasked}
        for at, entry, result in zip(positions, entries, taken, strict=True):
            if result.result == "elsewhere":
                block.error(at, "id_number", ASKED if entry.id_number in waiting else ELSEWHERE)
                outcomes[at] = RowOutcome(Outcome.TRANSFER)
            elif result.result == "withheld":
                block.error(at, "id_number", WITHHELD)
            elif result.result == "double":
                block.error(at, "id_number", DOUBLE)
                outcomes[at] = RowOutcome(Outcome.REVIEW)
            elif result.result == "named":
                known = result.kept[0][0][:1]
                block.error(
                    at,
                    "name",
                    f"台账里这个身份证号登记的姓名是“{known}*”，与这里的姓名不同：可能号码抄错，也可能"
                    "改过名；没有导入，列入待核对。确实改了名的，请先在台账里改好姓名",
                )
                outcomes[at] = RowOutcome(Outcome.REVIEW)
            else:
                fields = frozenset(f for name in result.fields for f in _SOURCES.get(name, (name,)))
                outcomes[at] = RowOutcome(Outcome(result.result), fields)
                for name, day in result.kept:
                    _tell_kept(block, at, name, day)
        if self.write:
            waiting_rows = [
                _link_row(block, at, households[at])
                for at, outcome in enumerate(outcomes)
                if outcome.outcome == Outcome.REVIEW
            ]
            links.keep(self.actor, self.unit, self.batch_id, self.source, waiting_rows)
        return outcomes

    def _linked(
        self, block: Block, households: list[str], outcomes: list[RowOutcome]
    ) -> dict[int, tuple[str, str]]:
        """Rows that lack a valid number alone: number and kind of the person who is meant."""
        asked = [
            at
            for at, problems in sorted(block.errors.items())
            if block.columns["name"][at] and all(p.field == "id_number" for p in problems)
        ]
        # A number that stands twice in the file is no missing number.
        asked = [at for at in asked if not block.columns["id_number"][at]]
        rows = [_link_row(block, at, households[at]) for at in asked]
        answers = links.resolve(self.actor, self.unit, rows)
        for at, answer in zip(asked, answers, strict=True):
            if answer == "review":
                block.error(at, "id_number", UNCERTAIN)
                outcomes[at] = RowOutcome(Outcome.REVIEW)
        meant = {at: a for at, a in zip(asked, answers, strict=True) if isinstance(a, int)}
        people = {
            person.pk: (person.id_number, person.id_kind)
            for person in Person.objects.visible_to(self.actor)
            .filter(pk__in=set(meant.values()), unit_path__startswith=self.unit.path)
            .only("id", "id_number", "id_kind")
        }
        found: dict[int, tuple[str, str]] = {}
        used: set[int] = set()
        for at, pk in meant.items():
            if pk in people and people[pk][0] and pk not in used:
                used.add(pk)
                found[at] = people[pk]
                del block.errors[at]
                block.warn(
                    at, "id_number", "没有有效的身份证号，按姓名等信息认定是台账里的同一个人"
                )
        return found

    def _unasked(self, away: list[Ask]) -> list[Ask]:
        """Those whom their row's community has not asked for yet."""
        indexes = {one.id_number: blind_indexes(one.id_number) for one in away}
        known = asked_for(self.actor, [i for all_ in indexes.values() for i in all_])
        return [
            one
            for one in away
            if not any((one.to.path, index) in known for index in indexes[one.id_number])
        ]

    def _community(self, block: Block, at: int) -> Unit | None:
        column = block.columns.get("residence_unit")
        text = column[at] if column is not None else None
        if not text:
            if self.communities.only is None:
                block.error(at, "residence_unit", "社区没有填写")
            return self.communities.only
        found = self.communities.find(text)
        if isinstance(found, str):
            block.error(at, "residence_unit", found)
            return None
        return found

    def _households(self, block: Block) -> list[str]:
        """Household numbers; without that column a 户主 begins a household.

        A blank number below a filled one belongs to it where the relation says so: text files lose
        the merged cells.
        """
        numbers, relations = block.columns.get("household_id"), block.columns.get("relation")
        ids = block.columns["id_number"]
        if numbers is None and relations is None:
            return [""] * len(block.lines)
        found = []
        for at in range(len(block.lines)):
            number = numbers[at] if numbers is not None else None
            head = relations is not None and relations[at] == "户主"
            if number:
                self._household = self._numbered(block, at, str(number))
            elif relations is None or relations[at] is None:
                self._household = ""
            elif head:
                # Named after its head without telling who that is; stays the same when repeated.
                self._household = _named_after(ids[at])
            found.append(self._household)
        return found

    def _numbered(self, block: Block, at: int, number: str) -> str:
        """A number as registers give it stands; one that only counts is the file's own.

        Every sender counts from one: taken as it is, household 1 of two files would be one family.
        """
        if sum(map(str.isdigit, number)) > _COUNTING_DIGITS:
            return number
        places = block.columns.get("residence_unit")
        key = (str(places[at] or "") if places is not None else "", number)
        if not self._counted.get(key):
            self._counted[key] = _named_after(block.columns["id_number"][at])
        return self._counted[key]

    def _entry(self, row: dict[str, Any], community: Unit, household: str) -> Entry:
        facts = {
            name: value
            for name, value in ((_RENAMED.get(k, k), v) for k, v in row.items())
            if name in FACTS and value is not NEVER
        }
        none = frozenset(
            name for name, value in row.items() if value is NEVER and name in (*FACTS, *SINCE)
        )
        if "children" in facts:
            facts["children"] = list(facts["children"])
        if "skill_certificates" in facts:
            facts["skill_certificates"] = [
                {"code": name} | ({"level": level} if level else {})
                for name, level in facts["skill_certificates"]
            ]
        if hukou := row.get("hukou_address"):
            code = self.counties.find(hukou)
            if code:
                facts["hukou_unit"] = code
        address = row.get("address", "")
        unit = self.buildings.find(community, row.get("building", ""), address) or community
        status = row.get("employment_status", "")
        since = row.get("unemployed_since" if status == "失业" else "employed_since")
        if status == "失业" and since is NEVER:
            # Never had a job: without work since leaving school.
            since = row.get("graduated_on")
        registered = row.get("registered_unemployed_since")
        died = row.get("died_on")
        return Entry(
            id_number=row["id_number"],
            id_kind=row.get("id_kind") or CITIZEN,
            died_on=died if isinstance(died, date) else self.as_of if row.get("dead") else None,
            died_sure=isinstance(died, date),
            unit=unit,
            facts=facts,
            phone=row.get("phone", ""),
            address=address,
            none=none,
            household=household,
            status=status,
            since=since if isinstance(since, date) and status in _DATED else None,
            registered=False if registered is NEVER else registered,
            wish=_wish(row),
        )


def _link_row(block: Block, at: int, household: str) -> links.LinkRow:
    row = block.row(at)
    born = row.get("birth_date")
    written = block.raw[at][block.sources["id_number"]]
    return links.LinkRow(
        line=block.lines[at],
        name=str(row.get("name") or ""),
        birth_date=born if isinstance(born, date) else None,
        phone=str(row.get("phone") or ""),
        address=str(row.get("address") or ""),
        household=household,
        written=text_of(written)[:40],
        sex=row.get("sex"),
        sheet=block.sheet,
    )


def _tell_kept(block: Block, at: int, name: str, day: date) -> None:
    """The row is older than what the ledger knows."""
    possible = _SOURCES.get("status" if name == "employment_status" else name, (name,))
    shown = next((field for field in possible if field in block.columns), possible[0])
    label = block.labels.get(shown, "这一项")
    block.warn(at, shown, f"台账里的“{label}”更新（{day}），没有改动")


# 户口簿 numbers have nine digits; a count within a file has fewer.
_COUNTING_DIGITS = 5


def _named_after(id_number: str | None) -> str:
    """A household named after its first member, who cannot be told from it."""
    return f"户{blind_index(id_number)[:12]}" if id_number else ""


_DATED = ("失业", "就业", "灵活就业")


def _wish(row: dict[str, Any]) -> dict[str, Any]:
    """What the row says about the work that is wanted; what is not said stays out."""
    wish: dict[str, Any] = {}
    if jobs := row.get("wanted_jobs"):
        codes = [occupation_code(job) for job in jobs]
        wish["occupation_codes"] = list(dict.fromkeys(code for code in codes if code))
    certificates = [name for name, _level in row.get("skill_certificates") or ()]
    skills = list(dict.fromkeys([*(row.get("skills") or ()), *certificates]))
    if skills:
        wish["skills"] = [skill[:40] for skill in skills]
    if "min_wage" in row:
        wish["min_wage"] = row["min_wage"][0]
    for name in ("hours", "max_walk_minutes", "needs_accessible"):
        if name in row:
            wish[name] = row[name]
    if training := row.get("training_wish"):
        wish["training_wishes"] = [text[:40] for text in training]
    return wish
