"""Errors of people and sessions."""

from campaign_app.core.errors import Conflict, Forbidden, Invalid, TooMany, Unauthenticated


class WrongCredentials(Unauthenticated):
    """Address unknown, password wrong or user switched off. The answer is the same for all three, to reveal nothing."""

    code = "wrong_credentials"

    def __init__(self) -> None:
        super().__init__(
            "This e-mail address and password do not belong together. Check both and try again.",
            title="Not signed in",
        )


class SecondFactorNeeded(Unauthenticated):
    """The password was right; a code is also needed."""

    code = "second_factor"

    def __init__(self) -> None:
        super().__init__("This account is protected by a second factor. Sign in on the page.", title="Code needed")


class WrongCode(Invalid):
    """The code is neither the app's nor an unused recovery code."""

    code = "wrong_code"

    def __init__(self) -> None:
        sentence = "This code is not right or was used before. Enter the code that the app shows now."
        super().__init__(sentence, {"code": sentence}, title="Code not accepted")


class PendingOver(Unauthenticated):
    """The pending sign-in is too old or used up, or the password was changed since."""

    code = "pending_over"

    def __init__(self) -> None:
        super().__init__("The time to enter the code has expired. Sign in again.", title="Sign in again")


class FactorInUse(Conflict):
    """The person already has a second factor."""

    code = "factor_in_use"

    def __init__(self) -> None:
        super().__init__(
            "Your account already has a second factor. Switch it off before you set up another one.",
            title="Second factor in use",
        )


class NoFactor(Conflict):
    """The person has no second factor, or it is in another state."""

    code = "no_factor"

    def __init__(self) -> None:
        super().__init__("There is no such second factor. Reload the page.", title="Nothing to change")


class FactorRequired(Forbidden):
    """Signed in, but the workspace requires a second factor of this role and the person has none."""

    code = "second_factor_required"

    def __init__(self) -> None:
        super().__init__(
            "Owners and admins of this workspace need one. Set yours up on the page Your profile; until then nothing "
            "else opens.",
            title="Set up your second factor first",
        )


class OwnFactorFirst(Invalid):
    """Only a person with a second factor may require it of others."""

    code = "own_factor_first"

    def __init__(self) -> None:
        sentence = "Set up your own second factor first, on the page Your profile. Then switch this on."
        super().__init__(sentence, {"require_factor": sentence}, title="Settings not saved")


class SignInThrottled(TooMany):
    """Too many attempts for this address or from this network."""

    code = "sign_in_throttled"


class AlreadySetUp(Conflict):
    """The first owner already exists."""

    code = "already_set_up"


class NoSetupLink(Forbidden):
    """The first owner can be created only with the one-time link that the server printed."""

    code = "setup_link"

    def __init__(self) -> None:
        super().__init__(
            "The owner is created with the one-time link that the server printed when it started. "
            "This is not the current link.",
            title="Open the link first",
            hint="Print it again with: campaign user setup-link",
        )


class LastOwner(Conflict):
    """The workspace must keep at least one active owner."""

    code = "last_owner"


class AddressTaken(Conflict):
    """Another user signs in with this address."""

    code = "address_taken"
