"""The contact list."""

from typing import Any

import reflex as rx

from campaign_app.ui import browser, palette_sources, routes
from campaign_app.ui import components as c
from campaign_app.ui.audience.contact_form import contact_dialog
from campaign_app.ui.audience.contact_form_state import ContactForm
from campaign_app.ui.audience.contacts_state import ContactLine, Contacts
from campaign_app.ui.kit.dialogs import open_form
from campaign_app.ui.kit.lists import Table, bulk_dialog, bulk_question, list_page
from campaign_app.ui.layout import page
from campaign_app.ui.pages import Area, Link


def _permission(line: ContactLine) -> rx.Component:
    return rx.cond(
        line.suppressed,
        rx.el.span(c.icon("mail_x", 14, color="var(--red-11)"), line.permission, class_name="b-row b-danger-words"),
        rx.el.span(c.icon("mail", 14), line.permission, class_name="b-row b-muted"),
    )


def _name(line: ContactLine) -> rx.Component:
    return c.name_cell(line.name, f"{routes.CONTACTS}/{line.id}", before=c.avatar(line.initials))


def _tags(line: ContactLine) -> rx.Component:
    return rx.el.span(rx.foreach(line.tags, lambda name: c.tag(name)), class_name="b-row")


def _phone_row(line: ContactLine) -> rx.Component:
    return c.phone_item(
        line.name,
        f"{routes.CONTACTS}/{line.id}",
        status=rx.cond(line.suppressed, _permission(line), rx.fragment()),
        left=line.address,
        right=line.when,
    )


def _bulk_dialogs() -> rx.Component:
    changes = f"This changes {Contacts.asked_words}."
    tag = c.text_input("bulk-tag", value=Contacts.value, on_change=Contacts.set_value)

    def choice(name: str) -> rx.Component:
        lists = c.select_input(name, Contacts.choices["list"], Contacts.value, Contacts.set_value)
        return c.form_field("List", lists, name=name)

    return rx.fragment(
        bulk_dialog(
            Contacts, "tag", "Tag contacts", c.form_field("Tag", tag, name="bulk-tag"), act="Add tag", text=changes
        ),
        bulk_dialog(Contacts, "list", "Add to a list", choice("bulk-list"), act="Add to list", text=changes),
        bulk_dialog(Contacts, "unlist", "Take off a list", choice("bulk-unlist"), act="Take off list", text=changes),
        bulk_question(
            Contacts,
            "delete",
            f"Delete {Contacts.asked_words}?",
            "Their fields, tags and list memberships are removed and cannot be brought back. What they received stays "
            "in the ledger, and suppressed addresses stay suppressed.",
            act="Delete contacts",
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
        links=[c.if_allowed("contacts:write", c.text_link("Add contact", on_click=open_form(ContactForm)))],
    )


_TABLE = Table(
    "Contacts",
    [
        c.Column("Name", sort="name", cell=_name),
        c.Column("Company", sort="company", hide="narrow", cell=lambda line: line.company),
        c.Column("E-mail or phone", muted=True, cell=lambda line: line.address),
        c.Column("May be contacted", cell=_permission),
        c.Column("Tags", hide="narrow", cell=_tags),
        c.Column("Last activity", hide="narrow", cell=lambda line: line.activity),
        c.Column(
            "Changed",
            sort="updated",
            align="right",
            muted=True,
            cell=lambda line: line.when,
            title=lambda line: line.exact,
        ),
        c.Column("Messages", align="right", hide="narrow", cell=lambda line: line.messages),
    ],
    phone_row=_phone_row,
    check_label=lambda line: line.name,
    two_lines=False,
    search="Search name, company, address",
    search_width="260px",
)


@page(
    routes.CONTACTS,
    title="Contacts",
    on_load=Contacts.load,
    may="contacts:read",
    icon="users",
    links=[Link(Area.MAIN, 30, phone="Contacts")],
    find=palette_sources.find_contacts,
)
def contacts() -> Any:
    """Filters, the table, bulk actions."""
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
        c.if_allowed("contacts:write", c.primary_button("Add contact", "plus", on_click=open_form(ContactForm))),
    ]
    return rx.fragment(
        list_page(Contacts, _TABLE, actions=actions, empty=_empty(), keeps_actions=True),
        _bulk_dialogs(),
        contact_dialog(),
    )
