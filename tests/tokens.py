"""Signed addresses of one delivery, as its message carries them."""

from campaign_app.rendering.links import Addresses


def click_url(delivery_id: int, position: int) -> str:
    """Path that counts a click on a link without variables and leads to it."""
    name = f"link_{position}"
    return Addresses(position + 1, {name}, "").make(delivery_id).variables[name]


def delivery_token(delivery_id: int) -> str:
    """What X-Beacon-Delivery carries."""
    return Addresses(0, (), "").make(delivery_id).token
