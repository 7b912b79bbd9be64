"""Errors of sending accounts."""

from campaign_app.core.errors import Conflict, Invalid, NotFound, SavedMeanwhile


class AccountNotFound(NotFound):
    """No sending account with that id."""

    code = "account_not_found"


class AccountChanged(SavedMeanwhile):
    """Someone else saved the account meanwhile."""

    code = "account_changed"


class AccountInUse(Conflict):
    """A campaign that has not ended uses it."""

    code = "account_in_use"


class AccountInvalid(Invalid):
    """The form has errors; `fields` says where."""

    code = "account_invalid"
