"""What can go wrong with sending accounts."""

from campaign_app.core.errors import Conflict, Invalid, NotFound, SavedMeanwhile


class AccountNotFound(NotFound):
    """No sending account with that id."""

    code = "account_not_found"


class AccountChanged(SavedMeanwhile):
    """Someone saved the account in between."""

    code = "account_changed"


class AccountInUse(Conflict):
    """A campaign that has not ended sends through it."""

    code = "account_in_use"


class AccountInvalid(Invalid):
    """The form is wrong; `fields` says where."""

    code = "account_invalid"
