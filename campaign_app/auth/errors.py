"""What can go wrong with people and sessions."""

from campaign_app.core.errors import Conflict, Forbidden, TooMany, Unauthenticated


class WrongCredentials(Unauthenticated):
    """Address unknown, password wrong or user switched off: one answer for all, so that nothing can be found out."""

    code = "wrong_credentials"

    def __init__(self) -> None:
        super().__init__(
            "This e-mail address and password do not belong together. Check both and try again.",
            title="Not signed in",
        )


class SignInThrottled(TooMany):
    """Too many attempts for this address or from this network."""

    code = "sign_in_throttled"


class AlreadySetUp(Conflict):
    """The first owner exists."""

    code = "already_set_up"


class NoSetupLink(Forbidden):
    """Whoever makes the owner must have the one-time link that the server printed."""

    code = "setup_link"

    def __init__(self) -> None:
        super().__init__(
            "The owner is made with the one-time link that the server printed when it started. "
            "This is not its present one.",
            title="Open the link first",
            hint="Print it again with: campaign user setup-link",
        )


class LastOwner(Conflict):
    """Someone must be able to do everything."""

    code = "last_owner"


class AddressTaken(Conflict):
    """Another user signs in with this address."""

    code = "address_taken"
