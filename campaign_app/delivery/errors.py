"""What can stop a use case of the engine, in the words people know."""

from campaign_app.core.errors import Conflict, Invalid


class AlreadyRunning(Conflict):
    """The campaign is running: a second launch changes nothing."""

    code = "already_running"

    def __init__(self) -> None:
        super().__init__("This campaign is already running.", title="Already running")


class CannotStart(Conflict):
    """The campaign's status does not allow a start."""

    code = "cannot_start"

    def __init__(self, status: str) -> None:
        super().__init__(
            f"Cannot start campaign with status {status}.",
            title="Cannot start",
            hint="Duplicate it to send it again." if status in {"completed", "failed", "cancelled"} else "",
        )


class AccountNotConnected(Conflict):
    """There is no working account to send with."""

    code = "account_not_connected"

    def __init__(self, detail: str) -> None:
        super().__init__(
            f"The sending account is not connected: {detail}",
            title="Account is not connected",
            hint="Open Settings → Sending accounts and test the connection.",
        )


class SetupIncomplete(Conflict):
    """The workspace lacks something without which no campaign may go out."""

    code = "setup_incomplete"

    def __init__(self, title: str, detail: str) -> None:
        super().__init__(f"{title}. {detail}", title=title)


class EmptyAudience(Invalid):
    """Nobody would receive the campaign."""

    code = "empty_audience"

    def __init__(self) -> None:
        super().__init__(
            "The audience is empty: nobody would receive this campaign.",
            {"audience": "Choose a list or segment with contacts"},
            title="Empty audience",
        )


class NothingToSend(Invalid):
    """The campaign has no subject or no message."""

    code = "nothing_to_send"

    def __init__(self, what: str) -> None:
        super().__init__(f"The campaign has no {what}.", {"content": f"Write the {what}"}, title="Nothing to send")
