"""Contacts, lists, tags, segments, imports, suppression: who may get a message."""

from campaign_app.audience import search, sqlite_functions

search.attach()
sqlite_functions.attach()

from campaign_app.audience import (  # noqa: E402  (after the listeners)
    audiences,
    exports,
    imports,
    segment_service,
    service,
    suppression,
)

__all__ = ["audiences", "exports", "imports", "segment_service", "service", "suppression"]
