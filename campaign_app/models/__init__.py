"""Every table. Importing this package fills the metadata."""

from campaign_app.models import (
    account,
    audit,
    campaign,
    contact,
    contact_import,
    delivery,
    media,
    segment,
    setting,
    suppression,
    template,
    user,
)
from campaign_app.models.base import metadata

__all__ = [
    "account",
    "audit",
    "campaign",
    "contact",
    "contact_import",
    "delivery",
    "media",
    "metadata",
    "segment",
    "setting",
    "suppression",
    "template",
    "user",
]
