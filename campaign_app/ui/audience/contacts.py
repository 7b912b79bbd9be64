"""The contact list."""

from typing import Any

import reflex as rx

from campaign_app.ui import browser, routes
from campaign_app.ui import components as c
from campaign_app.ui.audience.contact_bulk_state import ContactBulk
from campaign_app.ui.audience.contact_form import contact_dialog
from campaign_app.ui.audience.contact_form_state import ContactForm
from campaign_app.ui.audience.contacts_state import ContactLine, Contacts
from campaign_app.ui.layout import page

_COLUMNS = [
    c.Column("Name", sort="name"),
    c.Column("Company", sort="company", hide="narrow"),
    c.Column("E-mail or phone"),
    c.Column("May be contacted"),
    c.Column("Tags", hide="narrow"),
    c.Column("Last activity", hide="narrow"),
    c.Column("Changed", sort="updated", align="right"),
    c.Column("Messages", align="right", hide="narrow"),
]


def _permission(line: ContactLine) -> rx.Component:
    return rx.cond(
        line.suppressed,
        rx.el.span(c.icon("mail_x", 14, color="var(--red-11)"), line.permission, class_name="b-row b-danger-words"),
        rx.el.span(c.icon("mail", 14), line.permission, class_name="b-row b-muted"),
    )


def _row(line: ContactLine) -> rx.Component:
    tags = rx.el.span(rx.foreach(line.tags, lambda name: c.tag(name)), class_name="b-row")
    return c.table_row(
        c.name_cell(line.name, f"{routes.CONTACTS}/{line.id}", before=c.avatar(line.initials)),
        c.cell(line.company, hide="narrow"),
        c.cell(line.address, muted=True),
        c.cell(_permission(line)),
        c.cell(tags, hide="narrow"),
        c.cell(line.activity, hide="narrow"),
        c.cell(line.when, align="right", muted=True, title=line.exact),
        c.cell(line.messages, align="right", hide="narrow"),
        on_check=lambda checked: ContactBulk.toggle(line.id, checked),
        checked=ContactBulk.everything | ContactBulk.chosen.contains(line.id),
        check_label=f"Choose {line.name}",
        key=line.id.to_string(),
    )


def _phone_row(line: ContactLine) -> rx.Component:
    return c.phone_item(
        line.name,
        f"{routes.CONTACTS}/{line.id}",
        status=rx.cond(line.suppressed, _permission(line), rx.fragment()),
        left=line.address,
        right=line.when,
    )


def _filters() -> rx.Component:
    status = [("active", "Allowed"), ("suppressed", "Not allowed")]
    return c.filter_bar(
        c.choice_chip(
            "May be contacted", Contacts.status, status, lambda v: Contacts.choose("status", v), any_value="any"
        ),
        _chip_of("List", "list_id", Contacts.list_id, Contacts.list_name, Contacts.lists),
        c.choice_chip("Tag", Contacts.tag, Contacts.tags, lambda v: Contacts.choose("tag", v)),
        _chip_of("Segment", "segment_id", Contacts.segment_id, Contacts.segment_name, Contacts.segments),
        search=c.search_field(
            Contacts.search, Contacts.find.debounce(250), "Search name, company, address", width="260px"
        ),
        result=Contacts.total_text,
    )


def _chip_of(key: str, name: str, value: Any, shown: Any, options: Any) -> rx.Component:
    def item(pair: Any) -> rx.Component:
        return rx.dropdown_menu.item(pair[1], on_select=Contacts.choose(name, pair[0]))

    opener = rx.el.button(
        rx.el.span(key, class_name="b-muted"),
        rx.el.span(rx.cond(value == "", "Any", shown), class_name="b-strong"),
        c.icon("chevron_down", 12),
        type="button",
        class_name="b-chip-button",
    )
    cross = rx.el.button(
        c.icon("x", 12),
        type="button",
        class_name="b-chip-clear",
        aria_label=f"Clear {key}",
        on_click=Contacts.choose(name, ""),
    )
    return rx.el.span(
        rx.dropdown_menu.root(
            rx.dropdown_menu.trigger(opener),
            rx.dropdown_menu.content(
                rx.dropdown_menu.item("Any", on_select=Contacts.choose(name, "")),
                rx.foreach(options, item),
                align="start",
                variant="soft",
                color_scheme="gray",
                class_name="b-float",
            ),
            modal=False,
        ),
        rx.cond(value != "", cross, rx.fragment()),
        class_name="b-chip",
        data_active=rx.cond(value != "", "true", "false"),
    )


def chosen_words() -> rx.Var[str]:
    """How many contacts are chosen; empty when none is."""
    number = ContactBulk.chosen.length()
    some = rx.cond(number > 0, f"{number} selected", "")
    return rx.cond(ContactBulk.everything, f"All {Contacts.total_text} selected", some)


def _bulk() -> rx.Component:
    return c.bulk_bar(
        chosen_words(),
        c.if_allowed("contacts:write", c.ghost_button("Tag", "tag", on_click=ContactBulk.ask("tag"))),
        c.if_allowed("contacts:write", c.ghost_button("Add to list", "list_plus", on_click=ContactBulk.ask("list"))),
        c.if_allowed(
            "contacts:write", c.ghost_button("Take off list", "list_minus", on_click=ContactBulk.ask("unlist"))
        ),
        c.if_allowed("contacts:delete", c.ghost_button("Delete", "trash_2", on_click=ContactBulk.ask("delete"))),
        on_clear=ContactBulk.clear,
        on_all=ContactBulk.choose_everything,
        all_label=rx.cond(ContactBulk.everything, "All that match are chosen", f"Choose all {Contacts.total_text}"),
    )


def _bulk_dialogs() -> rx.Component:
    who = rx.cond(ContactBulk.everything, f"all {Contacts.total_text}", f"{ContactBulk.chosen.length()} contacts")

    def form(question: str, title: str, act: str, control: rx.Component) -> rx.Component:
        return c.dialog(
            title,
            control,
            open=ContactBulk.question == question,
            on_open_change=ContactBulk.close,
            text=f"This changes {who}.",
            foot=[
                c.outline_button("Cancel", on_click=ContactBulk.close(False)),
                c.primary_button(
                    act, on_click=ContactBulk.carry_out, busy=ContactBulk.working, disabled=ContactBulk.value == ""
                ),
            ],
        )

    tag = c.form_field(
        "Tag", c.text_input("bulk-tag", value=ContactBulk.value, on_change=ContactBulk.set_value), name="bulk-tag"
    )

    def choice(name: str) -> rx.Component:
        return c.form_field(
            "List", c.select_input(name, Contacts.lists, ContactBulk.value, ContactBulk.set_value), name=name
        )

    return rx.fragment(
        form("tag", "Tag contacts", "Add tag", tag),
        form("list", "Add to a list", "Add to list", choice("bulk-list")),
        form("unlist", "Take off a list", "Take off list", choice("bulk-unlist")),
        c.confirm_dialog(
            f"Delete {who}?",
            "Their fields, tags and list memberships are removed and cannot be brought back. What they received stays "
            "in the ledger, and suppressed addresses stay suppressed.",
            act="Delete contacts",
            on_confirm=ContactBulk.carry_out,
            danger=True,
            open=ContactBulk.question == "delete",
            on_open_change=ContactBulk.close,
        ),
    )


def _empty() -> rx.Component:
    return c.empty_state(
        "users",
        "Bring your contacts in",
        "Everyone you write to is here, once, with everything they received.",
        c.setup_step("Import a CSV file", "Columns are recognised, duplicates merge", False),
        c.setup_step("Or add people one by one", "E-mail address or phone number is enough", False),
        action=c.if_allowed("contacts:import", c.primary_button("Import CSV", "upload", href=routes.IMPORTS)),
        links=[c.if_allowed("contacts:write", c.text_link("Add contact", on_click=ContactForm.open_new))],
    )


def _list() -> rx.Component:
    all_checked = ContactBulk.everything | (
        (ContactBulk.chosen.length() == Contacts.rows.length()) & (Contacts.rows.length() > 0)
    )
    table = c.data_table(
        _COLUMNS,
        Contacts.rows,
        _row,
        label="Contacts",
        loading=Contacts.loading,
        sort=Contacts.sort,
        on_sort=Contacts.sort_by,
        all_checked=all_checked,
        on_check_all=ContactBulk.toggle_page,
        two_lines=False,
        phone_row=_phone_row,
    )
    pager = c.pager(
        Contacts.range_text,
        has_previous=Contacts.has_previous,
        has_next=Contacts.has_next,
        on_previous=Contacts.back,
        on_next=Contacts.forward,
    )
    none = (Contacts.rows.length() == 0) & ~Contacts.loading
    return rx.fragment(
        _filters(), rx.cond(none, c.no_match("No contacts match", Contacts.clear), rx.fragment(table, pager))
    )


@page(routes.CONTACTS, title="Contacts", on_load=Contacts.load)
def contacts() -> Any:
    """Filters, the table, acts on what is chosen."""
    actions = [
        c.if_allowed(
            "contacts:export",
            c.menu(
                c.menu_item(
                    "Export CSV", browser.on_click_download(Contacts.export_address, "contacts.csv"), "download"
                ),
                c.menu_item("Lists", href=routes.LISTS, icon_name="list"),
                c.menu_item("Suppressions", href=routes.SUPPRESSIONS, icon_name="shield_ban"),
            ),
        ),
        c.if_allowed("contacts:import", c.outline_button("Import CSV", "upload", href=routes.IMPORTS)),
        c.if_allowed("contacts:write", c.primary_button("Add contact", "plus", on_click=ContactForm.open_new)),
    ]
    return rx.fragment(
        c.page_header("Contacts", *actions),
        c.page_body(rx.cond(Contacts.nothing_yet & ~Contacts.loading, _empty(), _list())),
        _bulk(),
        _bulk_dialogs(),
        contact_dialog(),
    )
