"""Contacts, lists, tags, segments, imports, suppression: who may get a message."""

from campaign_app.audience import search, sqlite_functions

search.attach()
sqlite_functions.attach()

from campaign_app.audience import audiences, segment_service, service, suppression  # noqa: E402  (after the listeners)

__all__ = ["audiences", "segment_service", "service", "suppression"]
