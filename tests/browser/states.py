"""What opens over a page, or shows in it only after an act: how a person gets there, and who in the code makes it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pyotp
from playwright.async_api import Page, expect

from campaign_app.ui.settings.factor_state import CODES_ID, KEY_ID
from tests.browser.conftest import OWNER

Step = Callable[[Page], Awaitable[object]]
OVERLAYS = ".rt-BaseDialogContent, [data-radix-popper-content-wrapper], .b-sheet, .cm-tooltip, .cm-search"
MENU, DIALOG, QUESTION, LIST = "menu", "dialog", "alertdialog", "listbox"


@dataclass(frozen=True)
class State:
    """Open `address`, take the `steps`, see `shows`: a role among the overlays, or a selector of the page.

    `made_by` is the function that the component stands in, "folder/module.py::function".
    """

    address: str
    shows: str
    steps: tuple[Step, ...]
    made_by: str = ""
    on_phone: bool = False

    @property
    def is_overlay(self) -> bool:
        """Whether it stands over the page, which then is looked at by test_pages.py alone."""
        return self.shows in (MENU, DIALOG, QUESTION, LIST)


def press(name: str) -> Step:
    """A button by its name; the first of several."""
    return lambda page: page.get_by_role("button", name=name).first.click()


def acts(row: str = "") -> Step:
    """The menu of the first row (that says `row`), else of the page."""
    return lambda page: (
        page.locator("tbody tr, .tp-card").filter(has_text=row).locator("[aria-haspopup=menu]").first.click()
    )


def pick(name: str) -> Step:
    """An act of the open menu."""
    return lambda page: page.get_by_role("menuitem", name=name).click()


def of_page(page: Page) -> Awaitable[object]:
    """The menu beside the page's title."""
    return page.get_by_role("button", name="More actions").first.click()


def chip(key: str) -> Step:
    """A filter."""
    return lambda page: page.locator(".b-chip-button").filter(has_text=key).first.click()


def choose(field: str) -> Step:
    """The list of a select, by the id of its field."""
    return lambda page: page.locator(f"#{field}").click()


def tick(page: Page) -> Awaitable[object]:
    """The first row's checkbox."""
    return page.locator("tbody [role=checkbox]").first.click()


def switch(name: str) -> Step:
    """One of a few choices in a row."""
    return lambda page: page.get_by_role("radio", name=name, exact=True).click()


def fill(label: str, text: str) -> Step:
    """A field by its label."""
    return lambda page: page.get_by_label(label, exact=True).last.fill(text)


def click(selector: str) -> Step:
    """Whatever a selector finds first."""
    return lambda page: page.locator(selector).first.click()


def key(name: str) -> Step:
    """A key."""
    return lambda page: page.keyboard.press(name)


def see(selector: str) -> Step:
    """Wait until it is there."""
    return lambda page: expect(page.locator(selector).first).to_be_visible()


async def _switch_factor_on(page: Page) -> None:
    """With the code of an app; a recovery code is kept in the page for the way back."""
    secret = page.locator(f"#{KEY_ID}")
    await expect(secret).not_to_have_value("")
    await page.locator("#setup-code").fill(pyotp.TOTP((await secret.input_value()).replace(" ", "")).now())
    await page.locator("[role=dialog] [type=submit]").click()
    codes = page.locator(f"#{CODES_ID}")
    await expect(codes).not_to_have_value("")
    await page.evaluate("code => { window.recoveryCode = code }", (await codes.input_value()).split("\n")[0])


async def _switch_factor_off(page: Page) -> None:
    """The owner of the other pages signs in with the password alone."""
    await page.locator("#disable-factor-password").fill(OWNER[1])
    await page.locator("#disable-code").fill(await page.evaluate("window.recoveryCode"))
    await page.locator("[role=dialog] [type=submit]").click()


DASHBOARD, CAMPAIGNS, CONTACTS = "/", "/campaigns", "/contacts"
CAMPAIGN, UNANSWERED = "/campaigns/{campaign_id}", "/campaigns/{unanswered}"
CONTENT = "/campaigns/{draft}/edit?step=content"
CONTACT, ACCOUNT = "/contacts/{contact_id}", "/accounts/{account_id}"
TEMPLATE, NEW_TEMPLATE = "/templates/{template_id}", "/templates/new"
PROFILE, USERS, FIELDS = "/settings/profile", "/settings/users", "/settings/fields"
PASSWORDS = (fill("Present password", "x"), fill("New password", "brown horses eat green apples"))
TOAST, WRONG = "[data-sonner-toast]", ".b-field-error"
CODE, SIMPLE = (switch("HTML"), see(".cm-line")), (switch("Simple text"), see(".message-editor"))

SHELL = (
    State(DASHBOARD, DIALOG, (press("Search or jump to"),), "layout.py::_shell"),
    State(DASHBOARD, DIALOG, (press("Search or jump to"), fill("Search or jump to", "qqqq"), see(".b-palette-none"))),
    State(DASHBOARD, MENU, (click(".b-person"),), "layout.py::_person_menu"),
    State(DASHBOARD, DIALOG, (press("More"),), "layout.py::_tab_bar", on_phone=True),
)
CAMPAIGN_PAGES = (
    State(CAMPAIGNS, MENU, (chip("Status"),), "kit/lists.py::chip"),
    State(CAMPAIGNS, MENU, (acts("Draft"),), "campaigns/list.py::_menu"),
    State(CAMPAIGNS, QUESTION, (acts("Draft"), pick("Delete")), "campaigns/list.py::campaigns"),
    State(CAMPAIGNS, ".b-bulk", (tick,)),
    State(CAMPAIGN, MENU, (of_page,), "campaign_detail/page.py::_menu"),
    State(CAMPAIGN, QUESTION, (press("Cancel campaign"),), "campaign_detail/page.py::_questions"),
    State(CAMPAIGN, DIALOG, (of_page, pick("Save as template")), "campaign_detail/template_dialog.py::template_dialog"),
    State(CAMPAIGN, MENU, (chip("Status"),)),
    State(CAMPAIGN, MENU, (chip("Reason"),)),
    State(CAMPAIGN, DIALOG, (click("td .b-row-link"), see(".b-dialog .b-item")), "campaign_detail/why.py::why_dialog"),
    State(UNANSWERED, QUESTION, (press("Send again"),), "campaign_detail/page.py::_questions"),
    State(UNANSWERED, QUESTION, (of_page, pick("Delete campaign")), "campaign_detail/page.py::_questions"),
)
BUILDER = (
    State(CONTENT, DIALOG, (key("Control+k"),), "layout.py::_window"),
    State(CONTENT, DIALOG, (press("Send a test"),), "campaign_builder/builder.py::_test_dialog"),
    State(CONTENT, DIALOG, (press("Choose a template"), see(".tp-pick")), "campaign_builder/templates.py::picker"),
    State(CONTENT, DIALOG, (click(".bd-person"), see(".bd-pick")), "campaign_builder/preview.py::_person"),
    State(CONTENT, DIALOG, (press("Insert a variable into the subject"),), "components/editors/variable_menu.jsx"),
    State(CONTENT, ".cm-line", CODE),
    State(CONTENT, QUESTION, (*CODE, switch("Simple text")), "campaign_builder/content.py::_switch_question"),
    State(CONTENT, ".bd-plain", (switch("Text"),)),
    State(CONTENT, "#text", (click("summary"),)),
    State("/campaigns/{draft}/edit?step=setup", LIST, (choose("account_id"),), "campaign_builder/setup.py::_account"),
    State("/campaigns/{draft}/edit?step=audience", "main [role=checkbox]", ()),
    State("/campaigns/{draft}/edit?step=schedule", LIST, (choose("priority"),), "campaign_builder/schedule.py::_pace"),
    State(
        "/campaigns/{draft}/edit?step=review", QUESTION, (press("Launch to"),), "campaign_builder/review.py::_question"
    ),
)
AUDIENCE = (
    State(CONTACTS, MENU, (chip("May be contacted"),)),
    State(CONTACTS, MENU, (chip("Tag"),), "kit/lists.py::chip"),
    State(CONTACTS, MENU, (chip("List"),)),
    State(CONTACTS, MENU, (of_page,), "audience/contacts.py::contacts"),
    State(CONTACTS, DIALOG, (press("Add contact"), press("Add attribute")), "audience/contact_form.py::contact_dialog"),
    State(CONTACTS, DIALOG, (press("Add contact"), press("Save contact"), see(WRONG))),
    State(CONTACTS, ".b-bulk", (tick,)),
    State(CONTACTS, DIALOG, (click(".b-bulk button >> text=Tag"),), "audience/contacts.py::_bulk_dialogs"),
    State(CONTACTS, DIALOG, (press("Add to list"),), "audience/contacts.py::_bulk_dialogs"),
    State(CONTACTS, LIST, (press("Add to list"), choose("bulk-list")), "audience/contacts.py::choice"),
    State(CONTACTS, DIALOG, (press("Take off list"),), "audience/contacts.py::_bulk_dialogs"),
    State(CONTACTS, QUESTION, (click(".b-bulk button >> text=Delete"),), "audience/contacts.py::_bulk_dialogs"),
    State(CONTACT, MENU, (of_page,), "audience/contact.py::contact"),
    State(CONTACT, DIALOG, (press("Edit"),)),
    State(CONTACT, QUESTION, (of_page, pick("Delete contact")), "audience/contact.py::_questions"),
    State(CONTACT, QUESTION, (press("Stop all messages"),), "audience/contact.py::_questions"),
    State(
        CONTACT,
        QUESTION,
        (
            press("Stop all messages"),
            click("[role=alertdialog] button >> text=Stop all messages"),
            press("Allow messages"),
        ),
        "audience/contact.py::_questions",
    ),
    State("/lists", MENU, (acts(),), "audience/lists.py::_menu"),
    State("/lists", DIALOG, (press("New list"), press("Save list")), "audience/list_forms.py::list_dialogs"),
    State("/lists", DIALOG, (acts(), pick("Rename"))),
    State("/lists", TOAST, (acts("Customers"), pick("Delete list"))),
    State("/lists", QUESTION, (acts("Newsletter"), pick("Delete list")), "audience/list_forms.py::list_dialogs"),
    State("/segments", MENU, (acts(),), "audience/segments.py::_menu"),
    State("/segments", QUESTION, (acts(), pick("Delete segment")), "audience/segments.py::segments"),
    State("/segments/{segment_id}", "main", (press("Add rule"), press("Add group"))),
    State("/suppressions", MENU, (chip("Reason"),)),
    State("/suppressions", DIALOG, (press("Add addresses"),), "audience/suppression_forms.py::suppression_dialogs"),
    State("/suppressions", QUESTION, (press("Remove"),), "audience/suppression_forms.py::suppression_dialogs"),
    State("/imports/{letters_id}", ".b-choices", ()),
)
MEDIA = (
    State("/media", MENU, (acts("Lake in winter"),), "media/library.py::_menu"),
    State("/media", DIALOG, (click("td .b-row-link"), see(".md-address")), "media/details.py::media_dialogs"),
    State("/media", DIALOG, (acts("Lake in winter"), pick("Edit")), "media/details.py::media_dialogs"),
    State("/media", QUESTION, (acts("Lake in winter"), pick("Delete")), "media/library.py::media"),
    State("/media", MENU, (chip("Kind"),)),
    State("/media", ".b-bulk", (tick,)),
)
TEMPLATES = (
    State("/templates", MENU, (acts(),), "templates/library.py::_menu"),
    State("/templates", QUESTION, (acts("(copy)"), pick("Delete")), "templates/library.py::_delete_question"),
    State(TEMPLATE, ".cm-line", (see(".cm-line"),)),
    State(TEMPLATE, ".cm-search", (click(".cm-line"), key("Control+f"))),
    State(TEMPLATE, ".cm-tooltip-autocomplete", (click(".cm-line"), lambda page: page.keyboard.type("{{ "))),
    State(TEMPLATE, QUESTION, (switch("Simple text"),), "templates/edit.py::_switch_question"),
    State(NEW_TEMPLATE, ".message-editor", (press("Save template"), see(WRONG))),
    State(NEW_TEMPLATE, DIALOG, (press("Link"),), "components/editors/toolbar.jsx"),
    State(NEW_TEMPLATE, DIALOG, (press("Image"),)),
    State(NEW_TEMPLATE, DIALOG, (press("Button"),)),
)
WORKSPACE = (
    State(ACCOUNT, MENU, (of_page,), "accounts/account.py::_actions"),
    State(ACCOUNT, QUESTION, (of_page, pick("Delete account")), "accounts/account.py::_delete_question"),
    State(ACCOUNT, LIST, (choose("tls"),), "accounts/form.py::_list_field"),
    State("/accounts/new", LIST, (choose("preset"),)),
    State(ACCOUNT, "main details[open]", (press("Test connection"), see("main details[open]"))),
    State(ACCOUNT, DIALOG, (press("Generate key"),), "accounts/providers/dkim_card.py::_key_form"),
    State(ACCOUNT, LIST, (press("Generate key"), choose("dkim_kind"))),
    State(
        ACCOUNT,
        MENU,
        (press("Generate key"), click(".rt-BaseDialogContent [type=submit]"), press("More for DKIM")),
        "accounts/providers/dkim_card.py::_signed",
    ),
    State(
        ACCOUNT,
        QUESTION,
        (press("More for DKIM"), pick("Stop signing")),
        "accounts/providers/dkim_card.py::dkim_dialogs",
    ),
    State("/settings", LIST, (choose("default_country"),), "kit/forms.py::field_of"),
    State(PROFILE, QUESTION, (press("End all others"),), "settings/profile.py::profile"),
    State(PROFILE, TOAST, (press("Save profile"), see(TOAST))),
    State(
        "/settings/profile",
        WRONG,
        (fill("Present password", "x"), fill("New password", "x"), press("Change password")),
    ),
    State(PROFILE, DIALOG, (press("Set up"),), "settings/factor.py::_set_up"),
    State(PROFILE, DIALOG, (press("Set up"), _switch_factor_on, see(f"#{CODES_ID}")), "settings/factor.py::_codes"),
    State(PROFILE, DIALOG, (press("New recovery codes"),), "settings/factor.py::_new_codes"),
    State(PROFILE, DIALOG, (press("Switch off"),), "settings/factor.py::_disable"),
    State(PROFILE, TOAST, (press("Switch off"), _switch_factor_off, see("main button >> text=Set up"))),
    State(USERS, MENU, (acts("Viewer"),), "settings/users.py::_menu"),
    State(USERS, DIALOG, (press("Add person"),), "settings/users.py::_dialogs"),
    State(USERS, LIST, (press("Add person"), choose("new-role"))),
    State(USERS, DIALOG, (acts("Viewer"), pick("Edit person")), "settings/users.py::_dialogs"),
    State(USERS, QUESTION, (acts("Viewer"), pick("Switch off")), "settings/users.py::_dialogs"),
    State(USERS, QUESTION, (acts("Viewer"), pick("New password")), "settings/users.py::_dialogs"),
    State(USERS, QUESTION, (acts("Viewer"), pick("Remove second factor")), "settings/users.py::_dialogs"),
    State(
        USERS,
        DIALOG,
        (acts("Viewer"), pick("New password"), press("Make password"), see("text=Password for")),
        "settings/users.py::_password_dialog",
    ),
    State(FIELDS, MENU, (acts(),), "settings/fields.py::_row"),
    State(FIELDS, DIALOG, (acts(), pick("Rename")), "settings/fields.py::_dialogs"),
    State(FIELDS, DIALOG, (acts(), pick("Merge into another")), "settings/fields.py::_dialogs"),
    State(FIELDS, LIST, (acts(), pick("Merge into another"), choose("field-into"))),
    State(FIELDS, QUESTION, (acts(), pick("Delete from all contacts")), "settings/fields.py::_dialogs"),
    State("/settings/audit", MENU, (chip("Action"),)),
    State("/settings/audit", MENU, (chip("Object"),)),
    State("/settings/audit", MENU, (chip("Person"),)),
    State("/setup/workspace", "main", ()),
)
STATES = (*SHELL, *CAMPAIGN_PAGES, *BUILDER, *AUDIENCE, *MEDIA, *TEMPLATES, *WORKSPACE)


def addresses() -> list[str]:
    """Every page with states, once, in the order of the table."""
    return list(dict.fromkeys(state.address for state in STATES))
