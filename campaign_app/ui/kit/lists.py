"""A list as components: views, search and filters, the table with its pager, placeholders, the bulk bar."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import reflex as rx

from campaign_app.ui import pages
from campaign_app.ui.app_state import AppState
from campaign_app.ui.components.base import Content, Text, tooltip
from campaign_app.ui.components.buttons import ghost_button, outline_button, primary_button, small_button
from campaign_app.ui.components.dialogs import confirm_dialog, dialog
from campaign_app.ui.components.empty import callout, no_match
from campaign_app.ui.components.filters import bulk_bar, choice_chip, filter_bar, saved_views, search_field
from campaign_app.ui.components.guards import if_allowed
from campaign_app.ui.components.page import page_body, page_header
from campaign_app.ui.components.table import Column, data_table, pager, table_row
from campaign_app.ui.kit.bulk_state import BulkAction, BulkState
from campaign_app.ui.kit.list_query import Filter
from campaign_app.ui.kit.lists_state import ListState
from campaign_app.ui.kit.selection_state import Selection
from campaign_app.ui.kit.vars import all_of, any_of, as_text, contains, entry, is_empty, is_set, not_, same

Row = Callable[[Any], rx.Component]


@dataclass(frozen=True, slots=True)
class Table:
    """How the rows look: the columns that show them, a line of the phone's list, what opens `/`'s search field."""

    label: str
    columns: Sequence[Column]
    phone_row: Row | None = None
    check_label: Callable[[Any], Text] | None = None
    two_lines: bool = True
    bleed: bool = True
    search: str = ""
    search_width: str = "220px"
    no_match: str = ""
    foot: Text | None = None


def is_blank(state: type[ListState]) -> rx.Var[bool]:
    """The list has no rows at all."""
    return all_of(has_no_rows(state), not_(state.narrowed), same(state.view, state.spec.start.view))


def has_no_rows(state: type[ListState]) -> rx.Var[bool]:
    """The result has arrived, and it is empty."""
    return all_of(is_empty(state.rows), not_(state.loading), not_(is_set(state.problem)))


def list_page(
    state: type[ListState],
    table: Table,
    *,
    empty: Content,
    actions: Sequence[Content] = (),
    meta: Content | None = None,
    above: Sequence[Content] = (),
    below: Sequence[Content] = (),
    blank: Any = None,
    keeps_actions: bool = False,
) -> rx.Component:
    """A page with one list. While the list has no rows at all, `empty` is shown and the header has no actions."""
    nothing = is_blank(state) if blank is None else blank
    shown_actions = list(actions) if keeps_actions else [rx.cond(nothing, rx.fragment(), act) for act in actions]
    return page_body(
        page_header(pages.at(state.spec.address).title, *shown_actions, meta=meta),
        *above,
        rx.cond(nothing, empty, list_view(state, table)),
        *below,
    )


def list_view(state: type[ListState], table: Table) -> rx.Component:
    """Views, filters, the rows or a placeholder, the pager, the bulk bar."""
    parts: list[Content] = []
    if state.spec.views:
        parts.append(saved_views(state.views, state.view, state.choose_view))
    if table.search or state.spec.filters:
        parts.append(toolbar(state, search=table.search, width=table.search_width))
    nothing = no_match(table.no_match or f"No {state.spec.plural} match", state.clear)
    return rx.fragment(
        *parts,
        problem(state),
        rx.cond(has_no_rows(state), nothing, rows_of(state, table)),
        *([bulk(state)] if issubclass(state, BulkState) else []),
    )


def toolbar(
    state: type[ListState],
    *,
    search: str = "",
    width: str = "220px",
    more: Sequence[Content] = (),
    actions: Content | None = None,
    counts: bool = True,
) -> rx.Component:
    """Search, one chip per filter, the number of matching rows."""
    return filter_bar(
        *(chip(state, one) for one in state.spec.filters if one.chip),
        *more,
        search=search_field(state.search_text, state.search.debounce(250), search, width=width) if search else None,
        result=state.total_text if counts else None,
        actions=actions,
    )


def chip(state: type[ListState], one: Filter) -> rx.Component:
    """The chip of a filter."""
    value = entry(state.filters, one.name)

    def choose(option: Text) -> Any:
        return state.choose(one.name, option)

    if one.options is not None:
        return choice_chip(one.label, value, list(one.options), choose)
    return choice_chip(one.label, value, state.choices[one.name], choose, shown=entry(state.filter_words, one.name))


def problem(state: type[ListState]) -> rx.Component:
    """Why the rows could not be read. Rows read earlier stay below."""
    again = small_button("Try again", on_click=state.retry)
    return rx.cond(is_set(state.problem), callout(state.problem, "error", action=again), rx.fragment())


def rows_of(state: type[ListState], table: Table) -> rx.Component:
    """The table with its pager."""
    return rx.fragment(table_of(state, table), pager_of(state, table.foot))


def table_of(state: type[ListState], table: Table) -> rx.Component:
    """The rows, or a skeleton while the first ones are read."""
    sort = {"sort": state.sort, "on_sort": state.sort_by} if state.spec.sorts else {}
    choice = {}
    if issubclass(state, Selection):
        choice = {"all_checked": state.all_checked, "on_check_all": state.check_page}
    return data_table(
        table.columns,
        state.rows,
        lambda row: _row(state, table, row),
        label=table.label,
        loading=all_of(state.loading, is_empty(state.rows)),
        bleed=table.bleed,
        two_lines=table.two_lines,
        phone_row=table.phone_row,
        **sort,
        **choice,
    )


def _row(state: type[ListState], table: Table, row: Any) -> rx.Component:
    cells = [column.show(row) for column in table.columns]
    if not issubclass(state, Selection):
        return table_row(*cells, key=as_text(row.id))
    return table_row(
        *cells,
        on_check=lambda on: state.check(row.id, on),
        checked=any_of(state.everything, contains(state.chosen, row.id)),
        check_label="Choose row" if table.check_label is None else f"Choose {table.check_label(row)}",
        key=as_text(row.id),
    )


def pager_of(state: type[ListState], foot: Text | None = None) -> rx.Component:
    """Which rows are shown, Previous, Next. Nothing for one-page lists without a count."""
    if not state.spec.paged:
        return rx.fragment()
    return pager(
        state.range_text if foot is None else foot,
        has_previous=state.has_previous,
        has_next=state.has_next,
        on_previous=state.turn(False),
        on_next=state.turn(True),
    )


def bulk(state: type[BulkState]) -> rx.Component:
    """The bar for the selected rows."""
    return bulk_bar(
        state.chosen_words,
        *(_bulk_button(state, name, action) for name, action in state.actions.items() if action.in_bar),
        on_clear=state.uncheck,
        on_all=state.check_all,
        all_label=state.everything_words,
    )


def _bulk_button(state: type[BulkState], name: str, action: BulkAction) -> rx.Component:
    on_click = state.ask(name, [], "") if action.asks else state.run(name, [])
    why_not = entry(state.why_not, name)
    button = ghost_button(action.label, action.icon, on_click, disabled=is_set(why_not))
    explained = tooltip(rx.el.span(button, tab_index=0), why_not)
    return if_allowed(action.may, rx.cond(is_set(why_not), explained, button))


def _is_asked(state: type[BulkState], name: str) -> rx.Var[bool]:
    """Like the kit's dialogs: open within one visit of the page."""
    return all_of(same(state.asked_action, name), same(state.asked_in, AppState.visit))


def bulk_question(
    state: type[BulkState], name: str, title: Text, text: Content, *, act: Text, danger: bool = True
) -> rx.Component:
    """The question before an action."""
    return confirm_dialog(
        title,
        text,
        act=act,
        on_confirm=state.answer,
        danger=danger,
        open=_is_asked(state, name),
        on_open_change=state.show_question,
        busy=state.working,
    )


def bulk_dialog(
    state: type[BulkState], name: str, title: Text, control: Content, *, act: Text, text: Text
) -> rx.Component:
    """A dialog that asks for the action's value."""
    return dialog(
        title,
        control,
        open=_is_asked(state, name),
        on_open_change=state.show_question,
        text=text,
        foot=[
            outline_button("Cancel", on_click=state.show_question(False)),
            primary_button(act, on_click=state.answer, busy=state.working, disabled=same(state.value, "")),
        ],
    )
