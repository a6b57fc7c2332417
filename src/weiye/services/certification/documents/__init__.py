"""The papers of a case (认定文书): said once; shown, printed, or handed over as .docx."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from weiye.base.privacy.masking import mask_id_number, mask_name

from ..evidence import Paper
from ..models import CaseState
from ..queries import CasePage
from .docx import document

__all__ = ["DOCX", "Sheet", "document", "kinds_of", "sheet"]

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@dataclass(frozen=True)
class Sheet:
    """One page of A4. ``rows``: label and value; ``synthetic``: 演示 is written across it."""

    key: str
    title: str
    subtitle: str
    rows: tuple[tuple[str, str], ...]
    paragraphs: tuple[str, ...]
    signs: tuple[str, ...]
    foot: str
    synthetic: bool


_Build = Callable[[CasePage, date], Sheet]


def kinds_of(page: CasePage) -> list[tuple[str, str]]:
    """The papers that a case has by now: key and title."""
    return [(key, title) for key, (title, has, _) in _KINDS.items() if has(page)]


def sheet(page: CasePage, key: str, *, on: date) -> Sheet | None:
    """One paper, as of today; None if the case has no such paper (yet)."""
    known = _KINDS.get(key)
    if known is None or not known[1](page):
        return None
    return known[2](page, on)


def _day(day: date | None) -> str:
    return f"{day.year}年{day.month}月{day.day}日" if day else "—"


def _said(page: CasePage, *verbs: str) -> str:
    return next((step.note for step in reversed(page.steps) if step.verb in verbs), "")


def _when(page: CasePage, *verbs: str) -> date | None:
    return next((step.on for step in reversed(page.steps) if step.verb in verbs), None)


def _sheet(
    page: CasePage,
    key: str,
    *,
    rows: tuple[tuple[str, str], ...] = (),
    paragraphs: tuple[str, ...] = (),
    signs: tuple[str, ...] = (),
    foot: str = "",
) -> Sheet:
    return Sheet(
        key=key,
        title=_KINDS[key][0],
        subtitle=f"申请编号 {page.case.pk}",
        rows=rows,
        paragraphs=paragraphs,
        signs=signs,
        foot=foot,
        synthetic=page.person.synthetic,
    )


def _who(page: CasePage) -> tuple[tuple[str, str], ...]:
    person = page.person
    return (
        ("姓名", person.name),
        ("身份证号", mask_id_number(person.id_number or "") or "未登记"),
        ("社区", page.community),
        ("认定类别", page.case.category_text),
    )


def _application(page: CasePage, on: date) -> Sheet:
    case = page.case
    there = [f"{p.document.text}（{_how(p)}）" for p in page.papers if p.there]
    return _sheet(
        page,
        "application",
        rows=(
            *_who(page),
            ("申请方式", case.get_origin_display()),
            ("本人同意", case.consent or "本人提交"),
            ("情况说明", case.statement or "—"),
            ("材料", "；".join(there) or "—"),
            ("提交日期", _day(page.filed_on)),
            ("街道审核意见", _said(page, "pass") or ""),
            ("县级认定意见", _said(page, "publish", "refuse", "overturn", "maintain") or ""),
        ),
        paragraphs=("本人承诺以上情况和材料真实。情况有变化的，及时告诉社区。",),
        signs=("申请人签字：", "经办人：", "日期："),
        foot="依据：" + page.terms.certification.source,
    )


def _how(paper: Paper) -> str:
    if paper.held:
        return f"系统已有，{paper.held.source}，{paper.held.as_of}"
    return "已核对原件" if paper.seen else f"上传{len(paper.files)}份"


def _accepted(page: CasePage, on: date) -> Sheet:
    when = _when(page, "accept")
    return _sheet(
        page,
        "accepted",
        rows=_who(page),
        paragraphs=(
            f"{page.person.name}：",
            f"您提交的就业困难人员认定申请，材料齐全，已于{_day(when)}受理。",
            (
                "接下来由街道（乡镇）审核，县级公共就业服务机构认定并公示。办理情况可以问社区，"
                "也可以登录“我的”查看。"
            ),
        ),
        signs=("受理单位（盖章）：", f"日期：{_day(when)}"),
    )


def _correction(page: CasePage, on: date) -> Sheet:
    when = _when(page, "correct")
    until = page.case.due_on if page.case.state == CaseState.CORRECTION else None
    term = f"请在{_day(until)}前补齐。" if until else ""
    return _sheet(
        page,
        "correction",
        rows=_who(page),
        paragraphs=(
            f"{page.person.name}：",
            f"您提交的就业困难人员认定申请，需要补正：{_said(page, 'correct')}",
            f"{term}补齐后可以再次提交，原来的材料不用重复交。",
        ),
        signs=("通知单位（盖章）：", f"日期：{_day(when)}"),
    )


def _refusal(page: CasePage, on: date) -> Sheet:
    when = _when(page, "refuse", "uphold", "maintain")
    until = page.case.due_on if page.case.state == CaseState.REFUSED else None
    within = f"在{_day(until)}前" if until else ""
    return _sheet(
        page,
        "refusal",
        rows=_who(page),
        paragraphs=(
            f"{page.person.name}：",
            "经审核，您不符合就业困难人员认定条件，决定不予认定。理由：",
            _said(page, "refuse", "uphold", "maintain"),
            (
                f"对本决定有异议的，可以{within}向认定单位申请复核，由其他人员重新审核；也可以依法申请"
                "行政复议或者提起行政诉讼。情况有变化的，可以重新申请。"
            ),
        ),
        signs=("认定单位（盖章）：", f"日期：{_day(when)}"),
    )


def _notice(page: CasePage, on: date) -> Sheet:
    posting = page.posting
    assert posting is not None
    end = page.ends.ends_on if page.ends else posting.closed_on
    return Sheet(
        key="notice",
        title=_KINDS["notice"][0],
        subtitle="",
        # What a notice needs and nothing more.
        rows=(
            ("姓名", mask_name(page.person.name)),
            ("社区", page.community),
            ("认定类别", page.case.category_text),
        ),
        paragraphs=(
            (
                f"以上人员拟认定为就业困难人员，现予公示。公示期{posting.days}个工作日，"
                f"自{_day(posting.posted_on)}起至{_day(end)}止。"
            ),
            "对公示内容有异议的，请在公示期内向认定单位反映，或在网上“公示”页提出，可以不写姓名。",
        ),
        signs=("认定单位（盖章）：", f"日期：{_day(posting.posted_on)}"),
        foot="公示期满即撤下。",
        synthetic=page.person.synthetic,
    )


def _certificate(page: CasePage, on: date) -> Sheet:
    held = page.certificate
    assert held is not None
    over = held.during.upper
    state = f"，已于{_day(over)}退出" if over else ""
    return _sheet(
        page,
        "certificate",
        rows=(
            ("认定编号", held.number),
            *_who(page),
            ("认定单位", held.issuer),
            ("认定日期", _day(held.during.lower)),
            ("下次年检", _day(page.case.next_check_on) if not over else "—"),
        ),
        paragraphs=(f"经审核并公示，认定{page.person.name}为就业困难人员{state}。",),
        signs=("认定单位（盖章）：", f"打印日期：{_day(on)}"),
        foot="请按期参加年检。就业、退休等情况变化的，请及时告诉社区。",
    )


def _moved(*verbs: str) -> Callable[[CasePage], bool]:
    return lambda page: any(step.verb in verbs for step in page.steps)


_KINDS: dict[str, tuple[str, Callable[[CasePage], bool], _Build]] = {
    "application": ("就业困难人员申请认定表", lambda page: True, _application),
    "accepted": ("受理通知书", _moved("accept"), _accepted),
    "correction": ("补正通知书", _moved("correct"), _correction),
    "refusal": ("不予认定通知书", _moved("refuse", "uphold", "maintain"), _refusal),
    "notice": ("就业困难人员认定公示", lambda page: page.posting is not None, _notice),
    "certificate": (
        "就业困难人员认定证明",
        lambda page: page.certificate is not None,
        _certificate,
    ),
}
