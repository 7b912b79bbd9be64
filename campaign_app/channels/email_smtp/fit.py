"""Which messages can never be sent to a server. Pure."""

import re

from campaign_app.channels.base import Outgoing, Result, Verdict
from campaign_app.models.delivery import Reason

_SAFE_PATH = re.compile(r"[!-;=?-~]{1,255}@[!-;=?-~]{1,255}")


def unfit(message: Outgoing, limit: int | None) -> Result | None:
    """Why a message cannot go to a server that accepts `limit` octets; None when it can."""
    if not _SAFE_PATH.fullmatch(message.recipient):
        said = f"Not an address that SMTP can carry: {message.recipient[:100]!r}"
        return Result(Verdict.PERMANENT, Reason.ADDRESS_INVALID, said)
    if not _SAFE_PATH.fullmatch(message.sender):
        said = f"Not a sender's address: {message.sender[:100]!r}"
        return Result(Verdict.NOT_TRIED, Reason.ACCOUNT, said, account_trouble=True)
    if limit is not None and len(message.content) > limit:
        said = f"The message has {len(message.content)} octets, the server takes {limit}."
        return Result(Verdict.PERMANENT, Reason.MESSAGE_TOO_LARGE, said)
    return None
