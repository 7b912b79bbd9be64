"""Same origin and the browser's address: the pure parts."""

import pytest

from campaign_app.api.origin import is_same_origin, peer


@pytest.mark.parametrize(
    ("origin", "host", "same"),
    [
        ("https://beacon.example", "beacon.example", True),
        ("https://beacon.example", "beacon.example:443", True),
        ("http://beacon.example:8000", "beacon.example:8000", True),
        ("http://BEACON.example", "beacon.example", True),
        ("https://[::1]:8000", "[::1]:8000", True),
        ("https://beacon.example.evil", "beacon.example", False),
        ("https://evil.example", "beacon.example", False),
        ("http://beacon.example:8001", "beacon.example:8000", False),
        ("null", "null", False),
        ("file://", "", False),
        ("https://user@beacon.example", "beacon.example", False),
        ("http://[broken", "[broken", False),
    ],
)
def test_origin_host_must_equal_host(origin: str, host: str, same: bool) -> None:
    assert is_same_origin({"origin": origin, "host": host}) is same


@pytest.mark.parametrize(
    ("client", "chain", "trusted", "found"),
    [
        ("10.0.0.1", "203.0.113.9", "10.0.0.0/8", "203.0.113.9"),
        ("10.0.0.1", "1.1.1.1, 203.0.113.9, 10.0.0.7", "10.0.0.0/8", "203.0.113.9"),
        ("10.0.0.1", "[2001:db8::1]:443", "10.0.0.0/8", "2001:db8::1"),
        ("10.0.0.1", "203.0.113.9:51000", "10.0.0.0/8", "203.0.113.9"),
        ("10.0.0.1", "nonsense", "10.0.0.0/8", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.0/8", "10.0.0.1"),
        ("203.0.113.1", "1.1.1.1", "10.0.0.0/8", "203.0.113.1"),
        ("203.0.113.1", "1.1.1.1", "", "203.0.113.1"),
        ("", "1.1.1.1", "10.0.0.0/8", ""),
    ],
)
def test_address_behind_proxies(client: str, chain: str, trusted: str, found: str) -> None:
    assert peer(client, "http", {"x-forwarded-for": chain}, trusted).ip == found


@pytest.mark.parametrize(
    ("scheme", "forwarded", "found"),
    [("http", "https", "https"), ("ws", "https", "wss"), ("https", "http", "http"), ("http", "javascript", "http")],
)
def test_scheme_behind_proxies(scheme: str, forwarded: str, found: str) -> None:
    assert peer("127.0.0.1", scheme, {"x-forwarded-proto": forwarded}, "127.0.0.1").scheme == found
