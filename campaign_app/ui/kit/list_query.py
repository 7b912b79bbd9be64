"""The questions that a list can answer, and their form in the page's address. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from campaign_app.kit import text
from campaign_app.kit.pagination import Page
from campaign_app.ui import routes

Option = tuple[str, str]  # value, label
_LONGEST: Final = 200
_LONGEST_CURSOR: Final = 2_000
_RESERVED: Final = frozenset({"view", "search", "sort", "page", "from"})


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter of the list. `name` is its key in the address. `options` None means that the state provides them.

    A filter that the page shows in another way has no `chip`.
    """

    name: str
    label: str
    options: Sequence[Option] | None = None
    chip: bool = True

    def clean(self, value: str) -> str:
        """The value if the filter has it, else ""."""
        if self.options is None:
            return value[:_LONGEST]
        return value if any(value == known for known, _ in self.options) else ""


@dataclass(frozen=True, slots=True)
class ListQuery:
    """One question to a list: which rows, in which order, which page."""

    view: str = ""
    search: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)
    sort: str = ""  # "key" or "-key"
    cursor: str = ""
    first: int = 1  # the number of the page's first row, if known
    limit: int = 50

    @property
    def key(self) -> str:
        """What to sort by."""
        return self.sort.removeprefix("-")

    @property
    def descending(self) -> bool:
        return self.sort.startswith("-")

    def filter(self, name: str) -> str:
        """The value of a filter; "" when it is not set."""
        return self.filters.get(name, "")

    @property
    def is_narrowed(self) -> bool:
        """Whether search or a filter hides rows."""
        return bool(self.search) or any(self.filters.values())

    def from_start(self, **changes: Any) -> "ListQuery":
        """A changed question, from its first page."""
        start: dict[str, Any] = {"cursor": "", "first": 1}
        return replace(self, **{**start, **changes})

    def filtered(self, name: str, value: str) -> "ListQuery":
        """With one filter set; "" removes it."""
        return self.from_start(filters={**self.filters, name: value})


@dataclass(frozen=True, slots=True)
class ListSpec:
    """What a list declares. `may` is the permission to see it. Without an `address` its question is kept in the tab."""

    may: str
    one: str
    many: str = ""
    address: str = ""
    views: Mapping[str, str] = field(default_factory=dict)  # value → label; the first one is shown at first
    filters: Sequence[Filter] = ()
    sorts: Sequence[str] = ()
    sort: str = ""
    page_size: int = 50
    paged: bool = True

    def __post_init__(self) -> None:
        taken = [one.name for one in self.filters if one.name in _RESERVED]
        if taken:
            raise ValueError(f"A filter cannot be called {taken[0]}: the list itself has that in its address.")

    @property
    def plural(self) -> str:
        """ "campaigns"."""
        return self.many or f"{self.one}s"

    @property
    def start(self) -> ListQuery:
        """The question of a page with no query in its address."""
        return ListQuery(view=next(iter(self.views), ""), sort=self.sort, limit=self.page_size)

    def find_filter(self, name: str) -> Filter | None:
        """One of the filters."""
        return next((one for one in self.filters if one.name == name), None)

    def read(self, value_of: Callable[[str], str]) -> ListQuery:
        """The question in an address. Invalid parts are ignored."""
        start, view, sort, first = self.start, value_of("view"), value_of("sort"), value_of("from")
        return replace(
            start,
            view=view if view in self.views else start.view,
            search=value_of("search")[:_LONGEST],
            filters={one.name: value for one in self.filters if (value := one.clean(value_of(one.name)))},
            sort=self.clean_sort(sort) or start.sort,
            cursor=value_of("page")[:_LONGEST_CURSOR],
            first=int(first) if first.isascii() and first.isdecimal() and len(first) < 10 else 1,
        )

    def clean_sort(self, sort: str) -> str:
        """The order if the list has it, else ""."""
        return sort if sort.removeprefix("-") in self.sorts else ""

    def path(self, query: ListQuery) -> str:
        """The address of a question, as short as possible."""
        start = self.start
        return routes.with_query(
            self.address,
            view="" if query.view == start.view else query.view,
            **query.filters,
            search=query.search,
            sort="" if query.sort == start.sort else query.sort,
            page=query.cursor,
            **({"from": query.first} if query.cursor and query.first > 1 else {}),
        )

    def counted(self, total: int | None, is_minimum: bool) -> str:
        """ "48 campaigns", "10,000+ contacts", "" when they were not counted."""
        if total is None:
            return ""
        return f"{text.number(total)}+ {self.plural}" if is_minimum else self.number(total)

    def number(self, count: int) -> str:
        """ "1 campaign", "48 campaigns"."""
        return text.plural(count, self.one, self.many)


def range_of(page: Page[object], first: int) -> str:
    """Which rows are shown: "51–100 of 18,942"."""
    if not page.rows:
        return ""
    known = "" if page.total is None else f" of {text.number(page.total)}{'+' * page.total_is_minimum}"
    return f"{first:,}–{first + len(page.rows) - 1:,}{known}"
