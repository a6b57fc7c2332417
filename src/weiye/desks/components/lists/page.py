from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce
from django.http import QueryDict
from django.utils.safestring import SafeString

from weiye.base.drafts.queries import preference
from weiye.base.scope.actor import Actor

from ..params import whole_number
from .columns import Column
from .filters import Active, Filter, Search


@dataclass(frozen=True)
class ListSpec:
    """What a list shows.

    ``name`` names it for preferences and exports (`exports.offer`). ``order`` is the key of the
    column it is first sorted by, '-' descending. ``counted`` says in one sentence what is in the
    list and what is not (口径).
    """

    columns: Sequence[Column]
    name: str = ""
    filters: Sequence[Filter] = ()
    search: Search | None = None
    order: str = ""
    measure: str = "人"
    counted: str = ""
    empty: str = "没有符合条件的记录"
    page_size: int = 50
    # How far a narrowed list counts at once: whoever wants to know more exactly, or turns to a
    # page beyond, has everything counted (`ListPage.found`). 0 counts always.
    cap: int = 0
    # Parameters that are not filters but belong to the page, such as the unit drilled into.
    keep: tuple[str, ...] = ()
    # Adds what the columns show beyond what rows are narrowed and sorted by; a count needs none.
    dress: Callable[[QuerySet[Any]], QuerySet[Any]] = lambda rows: rows

    def column(self, key: str) -> Column | None:
        return next((c for c in self.columns if c.key == key), None)


@dataclass(frozen=True)
class Header:
    label: str
    css: str
    url: str
    sorted: str
    """``ascending``, ``descending`` or ''."""


@dataclass(frozen=True)
class Found:
    """How many there are: ``number``, or more than that."""

    number: int
    more: bool = False


@dataclass(frozen=True)
class ListRow:
    """``cells`` are the <td> of all columns but the first, whose text is ``head``."""

    key: object
    head: SafeString
    cells: SafeString


def column_key(name: str) -> str:
    """The preference that holds the columns an account chose for a list."""
    return f"columns:{name}"


class ListPage:
    """One page of a list, bound to its rows and the request's parameters.

    With ``actor`` the columns that the account chose before are shown.
    """

    def __init__(
        self,
        spec: ListSpec,
        rows: QuerySet[Any],
        params: QueryDict,
        actor: Actor | None = None,
    ) -> None:
        self.spec, self.params, self.actor = spec, params, actor
        self.active: list[Active] = []
        self.complaints: list[str] = []
        parts: list[Filter] = (
            [*spec.filters] if spec.search is None else [spec.search, *spec.filters]
        )
        for part in parts:
            rows, active, complaint = part.narrow(rows, params)
            if active:
                self.active.append(active)
            if complaint:
                self.complaints.append(complaint)
        self.filtered = rows.order_by(*self._order(searched=self._searched))

    # Order and columns

    @cached_property
    def sort(self) -> tuple[Column | None, bool]:
        """The column sorted by and whether descending."""
        wanted = self.params.get("sort") or self.spec.order
        column = self.spec.column(wanted.lstrip("-"))
        if column is None or not column.order:
            wanted = self.spec.order
            column = self.spec.column(wanted.lstrip("-"))
        return column, wanted.startswith("-")

    @property
    def _searched(self) -> bool:
        search = self.spec.search
        return search is not None and any(a.keys == (search.key,) for a in self.active)

    def _order(self, *, searched: bool) -> list[Any]:
        column, descending = self.sort
        terms: list[Any] = []
        for term in column.order if column else ():
            if isinstance(term, str) and searched:
                # What is searched for has an index of its own. Offered the order's too, PostgreSQL
                # goes through a whole city by name, for those whose name begins with it stand
                # together: 2.6 s instead of 0.1 s.
                name = term.removeprefix("-")
                same = Coalesce(F(name), F(name))
                down = term.startswith("-") != descending
                terms.append(same.desc() if down else same.asc())
            elif isinstance(term, str):
                flipped = term[1:] if term.startswith("-") else f"-{term}"
                terms.append(flipped if descending else term)
            else:
                terms.append(
                    term.desc(nulls_last=True) if descending else term.asc(nulls_last=True)
                )
        # The key last: equal rows keep their place from page to page.
        return [*terms, "pk"]

    @cached_property
    def columns(self) -> list[Column]:
        """The chosen columns; the first is always there, it names the row."""
        known = {c.key for c in self.spec.columns}
        wanted = set(self.params.getlist("col"))
        if not wanted & known and self.actor is not None and self.remembers:
            wanted = set(preference(self.actor, column_key(self.spec.name)) or ())
        if not wanted & known:
            return [c for i, c in enumerate(self.spec.columns) if c.shown or i == 0]
        return [c for i, c in enumerate(self.spec.columns) if c.key in wanted or i == 0]

    @property
    def remembers(self) -> bool:
        """Whether the columns chosen are kept for the account."""
        return bool(self.spec.name) and self.actor is not None and bool(self.actor.account_id)

    @property
    def column_choices(self) -> list[tuple[str, str, bool]]:
        shown = {c.key for c in self.columns}
        return [(c.key, c.label, c.key in shown) for c in self.spec.columns[1:]]

    @property
    def headers(self) -> list[Header]:
        current, descending = self.sort
        found = []
        for column in self.columns:
            here = column == current
            url = ""
            if column.order:
                key = f"-{column.key}" if here and not descending else column.key
                url = self.url(sort=key, page=None)
            state = ("descending" if descending else "ascending") if here else ""
            found.append(Header(column.label, column.css, url, state))
        return found

    # Rows

    @cached_property
    def total(self) -> int:
        """How many exactly; among a million this may take a second where much is narrowed by."""
        return self.filtered.count()

    @cached_property
    def _first(self) -> list[Any]:
        """The keys of the first that are found, in no order; one more than the cap at most."""
        return list(self.filtered.order_by().values_list("pk", flat=True)[: self.spec.cap + 1])

    @cached_property
    def _asked(self) -> int:
        return max(1, whole_number(self.params.get("page", "")) or 1)

    @cached_property
    def _counts(self) -> bool:
        """Whether everything is counted. What nothing narrows is counted by an index alone."""
        cap = self.spec.cap
        beyond = (self._asked - 1) * self.spec.page_size >= cap
        return not cap or not self.active or beyond or self.params.get("count") == "1"

    @cached_property
    def found(self) -> Found:
        if self._counts:
            return Found(self.total)
        return Found(min(len(self._first), self.spec.cap), len(self._first) > self.spec.cap)

    @property
    def count_url(self) -> str:
        """This page with everything counted."""
        return self.url(count="1")

    @property
    def pages(self) -> int:
        return max(1, -(-self.found.number // self.spec.page_size))

    @cached_property
    def number(self) -> int:
        return min(self._asked, self.pages)

    @cached_property
    def objects(self) -> list[Any]:
        if not self.found.number:
            return []
        start, size = (self.number - 1) * self.spec.page_size, self.spec.page_size
        if not self._counts and not self.found.more:
            # All of them are known: PostgreSQL need not guess how soon fifty turn up by name.
            rows = self.filtered.filter(pk__in=self._first).order_by(*self._order(searched=True))
        elif (first := self._first_of_few(start, size)) is not None:
            return first
        elif start:
            return self._deep(start, size)
        else:
            rows = self.filtered
        return list(self.spec.dress(rows)[start : start + size])

    def _first_of_few(self, start: int, size: int) -> list[Any] | None:
        """A page of those that have what is sorted by, if it is full; see `Column.holds`."""
        column, _ = self.sort
        if column is None or column.holds is None:
            return None
        found = list(self.spec.dress(self.filtered.filter(column.holds))[start : start + size])
        return found if len(found) == size else None

    def _deep(self, start: int, size: int) -> list[Any]:
        """A page further on: its keys first, since what a row shows is worked out for every row
        that is passed over; and counted from the nearer end."""
        keys = self.filtered.values("pk")
        stop = min(start + size, self.total) if self._counts else start + size
        if self._counts and start > self.total // 2:
            keys = keys.reverse()[self.total - stop : self.total - start]
        else:
            keys = keys[start:stop]
        return list(self.spec.dress(self.filtered.filter(pk__in=keys)))

    @cached_property
    def rows(self) -> list[ListRow]:
        first, *rest = self.columns
        # A template that asks for each cell's parts takes most of a page's time.
        return [
            ListRow(row.pk, first.cell(row), SafeString("".join(c.td(row) for c in rest)))
            for row in self.objects
        ]

    def picked(self, sent: QueryDict) -> QuerySet[Any]:
        """The rows that a bulk form named: the ids, or with ``all`` every row found.

        Starts from the list's own rows, so that an id outside them is none.
        """
        if sent.get("all") == "1":
            return self.filtered
        keys = [whole_number(text) for text in sent.getlist("pick")]
        return self.filtered.filter(pk__in=[key for key in keys if key is not None])

    def table(self) -> tuple[list[str], Iterator[list[object]]]:
        """Everything that is seen, for a file: the labels, and the plain values of all pages."""
        rows = self.spec.dress(self.filtered).iterator(2000)
        values = ([c.text(row) for c in self.columns] for row in rows)
        return [c.label for c in self.columns], values

    # Addresses

    def url(self, **changes: str | None) -> str:
        params = self.params.copy()
        for key, value in changes.items():
            params.pop(key, None)
            if value is not None:
                params[key] = value
        return f"?{params.urlencode()}"

    @property
    def query(self) -> str:
        """The parameters without the page, and the columns if they are not the usual ones: what an
        export or a bulk action repeats."""
        params = self.params.copy()
        params.pop("page", None)
        params.pop("count", None)
        usual = [c for i, c in enumerate(self.spec.columns) if c.shown or i == 0]
        if self.columns != usual:
            params.setlist("col", [c.key for c in self.columns[1:]] or [self.columns[0].key])
        return params.urlencode()

    @property
    def plain_url(self) -> str:
        """This page of the list without columns in its address."""
        return self.url(col=None)

    @property
    def chips(self) -> list[tuple[str, str]]:
        """The narrowings in force, each with the address that lifts it."""
        lifted = dict.fromkeys(("page", "count"))
        return [(a.text, self.url(**lifted, **dict.fromkeys(a.keys))) for a in self.active]

    @property
    def clear_url(self) -> str:
        keys = [key for active in self.active for key in active.keys]
        return self.url(**dict.fromkeys([*keys, "page", "count"]))

    @property
    def page_links(self) -> list[tuple[str, str]]:
        """Page numbers with addresses; ('…', '') stands for a gap, ('3', '') for this page."""
        near = {1, self.pages, *range(self.number - 1, self.number + 2)}
        found: list[tuple[str, str]] = []
        last = 0
        for number in sorted(n for n in near if 1 <= n <= self.pages):
            if number > last + 1:
                found.append(("…", ""))
            here = number == self.number
            found.append((str(number), "" if here else self.url(page=str(number))))
            last = number
        return found

    @property
    def previous_url(self) -> str:
        return self.url(page=str(self.number - 1)) if self.number > 1 else ""

    @property
    def next_url(self) -> str:
        more = self.number < self.pages or self.found.more
        return self.url(page=str(self.number + 1)) if more else ""

    # The filter form

    @property
    def filter_fields(self) -> list[dict[str, Any]]:
        return [
            {"kind": f.kind, "key": f.key, "label": f.label, **f.field(self.params)}
            for f in self.spec.filters
        ]

    @property
    def search_value(self) -> str:
        return str(self.spec.search.field(self.params)["value"]) if self.spec.search else ""

    @property
    def search_held(self) -> str:
        """The concealed text searched for, which the field does not show."""
        return str(self.spec.search.field(self.params)["held"]) if self.spec.search else ""

    @property
    def filters_active(self) -> int:
        """Narrowings other than the search text."""
        return sum(1 for a in self.active if self.spec.search is None or a.keys != ("q",))

    @property
    def carried(self) -> list[tuple[str, str]]:
        """Every parameter but the columns and the page: what the column chooser repeats."""
        return [
            (key, value)
            for key, values in self.params.lists()
            if key not in ("col", "page", "count")
            for value in values
            if isinstance(value, str)
        ]

    @property
    def kept(self) -> list[tuple[str, str]]:
        """Parameters that the filter form repeats as they are."""
        names = (*self.spec.keep, "sort")
        kept = [(name, self.params.get(name, "")) for name in names if self.params.get(name)]
        return kept + [("col", str(key)) for key in self.params.getlist("col")]
