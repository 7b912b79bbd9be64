"""All addresses of the interface: constants for pages, functions for addresses with an id or a query."""

from typing import Final
from urllib.parse import urlencode

DASHBOARD: Final = "/"
CAMPAIGNS: Final = "/campaigns"
CAMPAIGN_NEW: Final = "/campaigns/new"
CAMPAIGN: Final = "/campaigns/[campaign_id]"
CAMPAIGN_EDIT: Final = "/campaigns/[campaign_id]/edit"
CONTACTS: Final = "/contacts"
CONTACT: Final = "/contacts/[contact_id]"
LISTS: Final = "/lists"
SEGMENTS: Final = "/segments"
SEGMENT: Final = "/segments/[segment_id]"
TEMPLATES: Final = "/templates"
TEMPLATE: Final = "/templates/[template_id]"
MEDIA: Final = "/media"
ANALYTICS: Final = "/analytics"
IMPORTS: Final = "/imports"
IMPORT: Final = "/imports/[import_id]"
SUPPRESSIONS: Final = "/suppressions"
ACCOUNTS: Final = "/accounts"
ACCOUNT: Final = "/accounts/[account_id]"
OPERATIONS: Final = "/operations"
SETTINGS: Final = "/settings"
PROFILE: Final = "/settings/profile"
USERS: Final = "/settings/users"
AUDIT: Final = "/settings/audit"
FIELDS: Final = "/settings/fields"
LOGIN: Final = "/login"
LOGIN_CODE: Final = "/login/code"
SETUP: Final = "/setup"
WORKSPACE_SETUP: Final = "/setup/workspace"

POST_LOGIN: Final = "/auth/login"
POST_CODE: Final = "/auth/code"
POST_LOGOUT: Final = "/auth/logout"
POST_SETUP: Final = "/auth/setup"


def campaign(campaign_id: object) -> str:
    """The page of one campaign."""
    return f"/campaigns/{campaign_id}"


def campaign_edit(campaign_id: object) -> str:
    """The builder with a campaign."""
    return f"/campaigns/{campaign_id}/edit"


def contact(contact_id: object) -> str:
    """The page of one contact."""
    return f"/contacts/{contact_id}"


def segment(segment_id: object) -> str:
    """One segment's rules; "new" creates one."""
    return f"/segments/{segment_id}"


def template(template_id: object) -> str:
    """One template in its editor; "new" creates one."""
    return f"/templates/{template_id}"


def contact_import(import_id: object) -> str:
    """One import: mapping, check, progress, result."""
    return f"/imports/{import_id}"


def account(account_id: object) -> str:
    """One sending account; "new" creates one."""
    return f"/accounts/{account_id}"


def with_query(path: str, **values: object) -> str:
    """`path` with the set values as its query."""
    query = urlencode({key: value for key, value in values.items() if value not in ("", None, False)})
    return f"{path}?{query}" if query else path
