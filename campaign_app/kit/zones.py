"""Time zone names, without the historical aliases where people choose."""

from functools import lru_cache
from zoneinfo import available_timezones

_REGIONS = frozenset(
    ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
)


@lru_cache
def _known() -> frozenset[str]:
    return frozenset(available_timezones())


def is_known(name: str) -> bool:
    """Whether it is an IANA name, old aliases included."""
    return name in _known()


@lru_cache
def names() -> list[str]:
    """IANA names to choose from: UTC first, then by region."""
    return ["UTC", *sorted(zone for zone in _known() if zone.partition("/")[0] in _REGIONS)]
