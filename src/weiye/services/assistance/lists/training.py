"""培训清单: needs × the county's catalogue, each programme with why it fits."""

from collections import Counter
from collections.abc import Iterator, Sequence

import polars as pl

from weiye.engine.matching.codes import segments
from weiye.engine.matching.explain import EDUCATION_NAMES
from weiye.engine.matching.schema import EDUCATION_LEVELS
from weiye.registers.employers.models import PublicVacancy
from weiye.registers.training import queries as training
from weiye.registers.training.models import Programme

from ..models import ListKind
from .entries import Entry, Sheet, cut

TOP_PROGRAMMES = 5

# A wish counts most, then a skill that jobs nearby ask for, then likeness of the occupation.
WISHED, ASKED, PER_VACANCY = 1000, 200, 20
LIKE = {4: 160, 3: 120, 2: 60}
_LIKE_WORDS = {4: "就是想做的工种", 3: "与想做的工种很接近", 2: "与想做的工种相近"}


def entries(sheet: Sheet, pairs: pl.DataFrame) -> Iterator[Entry]:
    """``pairs``: the job list, whose skills tell what is asked for nearby."""
    programmes = [
        programme
        for programme in training.catalogue(sheet.path, sheet.as_of)
        # A class that has begun takes nobody in.
        if programme.starts_on is None or programme.starts_on >= sheet.as_of
    ]
    asked = _asked_nearby(pairs)
    by_word: dict[str, list[int]] = {}
    by_skill: dict[str, list[int]] = {}
    by_code: dict[str, dict[int, int]] = {}
    for person in sheet.people.iter_rows(named=True):
        if person["labour_capacity"] is False or person["employment_status"] == "服役":
            continue
        scores: Counter[int] = Counter()
        why: dict[int, list[str]] = {}
        for word in person["training_wishes"]:
            if word not in by_word:
                by_word[word] = [n for n, p in enumerate(programmes) if _teaches(p, word)]
            for number in by_word[word]:
                scores[number] += WISHED
                why.setdefault(number, []).append(f"想学{word}")
        for skill, vacancies in asked.get(person["person_id"], Counter()).items():
            if skill in person["skills"]:
                continue
            if skill not in by_skill:
                by_skill[skill] = [n for n, p in enumerate(programmes) if skill in p.skills]
            for number in by_skill[skill]:
                scores[number] += ASKED + PER_VACANCY * vacancies
                why.setdefault(number, []).append(
                    f"附近{vacancies}个岗位要求会{skill}，还没有这项技能"
                )
        likeness: Counter[int] = Counter()
        for code in person["occupation_codes"]:
            if code not in by_code:
                by_code[code] = {
                    n: like for n, p in enumerate(programmes) if (like := _likeness(code, p)) >= 2
                }
            for number, like in by_code[code].items():
                likeness[number] = max(likeness[number], like)
        for number, like in likeness.items():
            scores[number] += LIKE[like]
            why.setdefault(number, []).append(_LIKE_WORDS[like])
        best = sorted(scores, key=lambda n: (-scores[n], programmes[n].code, programmes[n].pk))
        rank = 0
        for number in best:
            programme = programmes[number]
            fits, note = _education(person["education"], programme)
            if not fits:
                continue
            rank += 1
            if rank > TOP_PROGRAMMES:
                break
            yield _entry(sheet.files[person["person_id"]], rank, programme, [*why[number], *note])


def _asked_nearby(pairs: pl.DataFrame) -> dict[int, Counter[str]]:
    """Person → skill → how many of the person's listed vacancies name it."""
    skills = dict(
        PublicVacancy.objects.filter(pk__in=pairs["vacancy_id"].unique().to_list())
        .order_by("pk")
        .values_list("pk", "skills")
    )
    found: dict[int, Counter[str]] = {}
    for person, vacancy in pairs.select("person_id", "vacancy_id").iter_rows():
        if skills[vacancy]:
            found.setdefault(person, Counter()).update(skills[vacancy])
    return found


def _teaches(programme: Programme, word: str) -> bool:
    """Whether title, content or a skill names the word, or the word names a skill."""
    return (
        word in programme.title
        or word in programme.content
        or any(word in skill or (len(skill) > 1 and skill in word) for skill in programme.skills)
    )


def _likeness(code: str, programme: Programme) -> int:
    """Classes shared, 4 if the programme lies in the wanted class itself."""
    wanted = segments(code)
    best = 0
    for other in programme.occupation_codes:
        given = segments(other)
        shared = 0
        while shared < min(len(wanted), len(given)) and wanted[shared] == given[shared]:
            shared += 1
        best = max(best, 4 if wanted and shared == len(wanted) else shared)
    return best


def level(code: int) -> int:
    return EDUCATION_LEVELS.get(int(str(code)[0]), 0)


def _education(code: int | None, programme: Programme) -> tuple[bool, Sequence[str]]:
    if programme.min_education is None:
        return True, ()
    asked = level(programme.min_education)
    name = EDUCATION_NAMES.get(asked, "其他")
    if code is None:
        return True, (f"要求{name}及以上学历，学历未登记，报名前请核实",)
    return level(code) >= asked, ()


def _entry(file_id: int, rank: int, programme: Programme, reasons: list[str]) -> Entry:
    start = programme.starts_on
    facts = [
        f"{programme.hours}学时" if programme.hours else "",
        f"{start.month}月{start.day}日开班" if start else "开班日期待定",
        programme.place,
        programme.subsidy,
    ]
    return Entry(
        file_id=file_id,
        kind=ListKind.TRAINING,
        subject=str(programme.pk),
        rank=rank,
        title=cut(programme.title, 200),
        summary=cut(" · ".join(fact for fact in facts if fact), 300),
        reasons=tuple(cut(reason, 300) for reason in reasons),
        source=cut(f"培训目录{programme.code} {programme.provider}".strip(), 300),
        detail={
            "programme_id": programme.pk,
            "code": programme.code,
            "hours": programme.hours,
            "starts_on": start.isoformat() if start else None,
            "place": programme.place,
            "provider": programme.provider,
            "requirement": programme.requirement,
            "subsidy": programme.subsidy,
        },
    )
