"""Ids in addresses."""

from campaign_app.core.errors import NotFound
from campaign_app.kit.ids import number


def to_id(given: str, what: str) -> int:
    """The id in an address.

    Raises:
        NotFound: it is not a number.
    """
    value = number(given)
    if value is None:
        raise NotFound(f"There is no such {what}.", title="Not found")
    return value
