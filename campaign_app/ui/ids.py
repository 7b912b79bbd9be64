"""Ids in addresses."""

from campaign_app.core.errors import NotFound


def to_id(given: str, what: str) -> int:
    """The id in an address.

    Raises:
        NotFound: it is no number.
    """
    if not given.isdigit():
        raise NotFound(f"There is no such {what}.", title="Not found")
    return int(given)
