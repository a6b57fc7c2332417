"""Filling a template: its formulas, merged cells, lists and looks stay, its foot moves down."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.formatting.formatting import ConditionalFormattingList
from openpyxl.formula.translate import Translator
from openpyxl.utils import get_column_letter, range_boundaries
from openpyxl.workbook import Workbook
from openpyxl.worksheet.cell_range import MultiCellRange
from openpyxl.worksheet.worksheet import Worksheet

from ..sheets import KINDS
from ..sheets.header import plain_title
from .cells import Vocabulary, Written, in_words
from .references import reference_with_rows, with_rows
from .template import Template, open_workbook

Facts = Mapping[str, Any]
Report = Callable[[int, int], None]
#: Headers of a running number.
_COUNTED = ("序号", "编号", "行号", "NO")


@dataclass(frozen=True, slots=True)
class Filled:
    """The finished workbook and what became of it."""

    content: bytes
    people: int
    """Rows that hold somebody now."""
    absent: tuple[int, ...]
    """Rows of the template whose people are not in the ledger."""
    blanks: int
    """Cells left empty because nothing is known."""


def fill(
    content: bytes,
    template: Template,
    mapping: Mapping[int, str],
    people: Sequence[Facts] | Mapping[str, Facts],
    *,
    today: date,
    report: Report = lambda done, total: None,
) -> Filled:
    """Fill the columns of ``mapping`` (index → field of the roster).

    ``people``: in order, for a free template; by ID number, for one that names its people, of whom
    only the empty cells are filled. Columns that hold formulas keep them.
    """
    book = open_workbook(content)
    sheet = book[template.sheet]
    for row in template.examples:
        _empty(sheet, row)
    columns = _writable(book, sheet, template, mapping, today)
    if isinstance(people, Mapping):
        filled = _complete(sheet, template, columns, people)
    else:
        filled = _fill(book, sheet, template, columns, people, report)
    out = io.BytesIO()
    book.save(out)
    return Filled(out.getvalue(), *filled)


Writer = Callable[[Any], Written]


def _writable(
    book: Workbook, sheet: Worksheet, template: Template, mapping: Mapping[int, str], today: date
) -> dict[int, tuple[str, Writer]]:
    """Column (from 1) → field and how to say it; none that the template works out itself."""
    found: dict[int, tuple[str, Writer]] = {}
    for index, field in mapping.items():
        first = sheet.cell(template.first, index + 1)
        if _formula(first):
            continue
        allowed = _allowed(book, sheet, first.coordinate)
        known = KINDS["roster"].by_name.get(field)
        if allowed and known is not None:
            words = Vocabulary(known, allowed, today=today)
            found[index + 1] = field, words.word
        else:
            found[index + 1] = field, partial(in_words, field)
    return found


def _formula(cell: Cell | MergedCell) -> bool:
    return cell.data_type == "f"


def _allowed(book: Workbook, sheet: Worksheet, coordinate: str) -> list[str]:
    """The words of the drop-down list on a cell, written out or standing in another range."""
    for rule in sheet.data_validations.dataValidation:
        if rule.type != "list" or coordinate not in rule.sqref or not rule.formula1:
            continue
        source = str(rule.formula1)
        if source.startswith('"'):
            return [word.strip() for word in source.strip('"').split(",") if word.strip()]
        return [word for word in _range(book, sheet, source.lstrip("=")) if word]
    return []


def _range(book: Workbook, sheet: Worksheet, reference: str) -> Iterable[str]:
    if reference in book.defined_names:
        reference = str(book.defined_names[reference].attr_text)
    named, _, cells = reference.rpartition("!")
    name = named.strip("'").replace("''", "'")
    if name and name not in book.sheetnames:
        return
    try:
        bounds = range_boundaries(cells.replace("$", ""))
    except (ValueError, TypeError):
        return
    left, top, right, bottom = bounds
    found = book[name] if name else sheet
    for row in found.iter_rows(
        min_row=top, max_row=min(bottom or found.max_row, found.max_row), min_col=left,
        max_col=right, values_only=True,
    ):  # fmt: skip
        yield from (str(value).strip() for value in row if value is not None)


def _complete(
    sheet: Worksheet,
    template: Template,
    columns: Mapping[int, tuple[str, Writer]],
    people: Mapping[str, Facts],
) -> tuple[int, tuple[int, ...], int]:
    absent, blanks = [], 0
    for row, number in template.named.items():
        facts = people.get(number)
        if facts is None:
            absent.append(row)
            continue
        blanks += _write(sheet, row, columns, facts, only_empty=True)
    return len(template.named) - len(absent), tuple(absent), blanks


def _fill(
    book: Workbook,
    sheet: Worksheet,
    template: Template,
    columns: Mapping[int, tuple[str, Writer]],
    people: Sequence[Facts],
    report: Report,
) -> tuple[int, tuple[int, ...], int]:
    extra = len(people) - template.free
    if extra > 0 and template.foot:
        make_room(book, sheet, below=template.last, by=extra)
    pattern = _pattern(sheet, template)
    counted = next(
        (
            c.column.index + 1
            for c in template.choices
            if c.field is None and plain_title(c.column.parts[-1]) in _COUNTED
        ),
        0,
    )
    blanks = 0
    for number, facts in enumerate(people):
        row = template.first + number
        if row > template.last:
            _dress(sheet, pattern, template.first, row)
        blanks += _write(sheet, row, columns, facts, only_empty=False)
        _carry_formulas(sheet, pattern, template.first, row)
        if counted and not _formula(sheet.cell(row, counted)):
            sheet.cell(row, counted).value = number + 1
        if number % 200 == 0:
            report(number, len(people))
    return len(people), (), blanks


def _write(
    sheet: Worksheet,
    row: int,
    columns: Mapping[int, tuple[str, Writer]],
    facts: Facts,
    *,
    only_empty: bool,
) -> int:
    blanks = 0
    for column, (field, say) in columns.items():
        cell = sheet.cell(row, column)
        if isinstance(cell, MergedCell) or _formula(cell):
            continue
        if only_empty and cell.value not in (None, ""):
            continue
        value = say(facts.get(field))
        if value is None:
            blanks += 1
            continue
        if isinstance(value, date) and cell.number_format in ("General", "@"):
            # As text where the template expects text: a form's reader sees what was meant.
            value = value.isoformat()
        cell.value = value
        if isinstance(value, str):
            # Never a formula, whatever a name begins with; numbers of identity stay whole.
            cell.data_type = "s"
            if value.isdigit() and len(value) > 11:
                cell.number_format = "@"
    return blanks


def _empty(sheet: Worksheet, row: int) -> None:
    for cell in sheet[row]:
        if isinstance(cell, Cell) and not _formula(cell):
            cell.value = None


# --- rows that the template lacks ------------------------------------------------------------


def _pattern(sheet: Worksheet, template: Template) -> list[Any]:
    """The first free row: what further rows look like and work out."""
    return [sheet.cell(template.first, column) for column in range(1, sheet.max_column + 1)]


def _dress(sheet: Worksheet, pattern: Sequence[Any], first: int, row: int) -> None:
    for model in pattern:
        if model.has_style:
            # openpyxl has no other way of giving a cell the whole look of another.
            cell: Any = sheet.cell(row, model.column)
            cell._style = copy(model._style)
    sheet.row_dimensions[row].height = sheet.row_dimensions[first].height
    for merge in [m for m in sheet.merged_cells.ranges if m.min_row == m.max_row == first]:
        sheet.merge_cells(
            start_row=row, end_row=row, start_column=merge.min_col, end_column=merge.max_col
        )


def _carry_formulas(sheet: Worksheet, pattern: Sequence[Any], first: int, row: int) -> None:
    for model in pattern:
        if row != first and _formula(model) and isinstance(model.value, str):
            cell = sheet.cell(row, model.column)
            if cell.value in (None, ""):
                translated = Translator(model.value, origin=model.coordinate)
                cell.value = translated.translate_formula(cell.coordinate)


def make_room(book: Workbook, sheet: Worksheet, *, below: int, by: int) -> None:
    """Put ``by`` empty rows below a row: cells, merges, formulas, lists, print area follow."""
    height = sheet.max_row
    if height > below:
        sheet.move_range(f"A{below + 1}:{get_column_letter(sheet.max_column)}{height}", rows=by)
    for row in range(height, below, -1):
        sheet.row_dimensions[row + by].height = sheet.row_dimensions[row].height
    for merge in list(sheet.merged_cells.ranges):
        if merge.min_row > below:
            merge.shift(row_shift=by)
    for other in book.worksheets:
        for line in other.iter_rows():
            for cell in line:
                if _formula(cell) and isinstance(cell.value, str):
                    cell.value = with_rows(
                        cell.value, on=other.title, sheet=sheet.title, last=below, by=by
                    )

    def moved(cells: str) -> str:
        return " ".join(
            reference_with_rows(part, on=sheet.title, sheet=sheet.title, last=below, by=by)
            for part in cells.split()
        )

    for rule in sheet.data_validations.dataValidation:
        rule.sqref = MultiCellRange(moved(str(rule.sqref)))
    conditions = ConditionalFormattingList()
    for block in sheet.conditional_formatting:
        for rule in block.rules:
            conditions.add(moved(str(block.sqref)), rule)
    sheet.conditional_formatting = conditions
    if sheet.auto_filter.ref:
        sheet.auto_filter.ref = moved(sheet.auto_filter.ref)
    if area := sheet.print_area:
        sheet.print_area = ",".join(
            moved(part.rpartition("!")[2].replace("$", ""))
            for part in (area if isinstance(area, list) else str(area).split(","))
        )
    for names in (book.defined_names, *(one.defined_names for one in book.worksheets)):
        for name in names.values():
            if name.attr_text and not name.attr_text.startswith("#"):
                name.attr_text = ",".join(
                    reference_with_rows(part, on="", sheet=sheet.title, last=below, by=by)
                    for part in name.attr_text.split(",")
                )
