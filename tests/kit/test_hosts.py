"""Where a host is, however its name is written; which text is the address of a website."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign_app.kit.hosts import Place, ascii_host, place, web_address

THIS_MACHINE = (
    "localhost", "LOCALHOST", "localhost.", "beacon.localhost", "127.0.0.1", "127.1", "0x7f000001", "2130706433",
    "0177.0.0.1", "127.0.0.1.", "１２７.0.0.1", "127。0。0。1", "0.0.0.0", "0", "::1", "[::1]", "::",
    "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
)  # fmt: skip
NETWORK = (
    "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.127.255.254", "224.0.0.1", "fe80::1",
    "fe80::1%eth0", "fd00::1", "fec0::1", "ff02::1", "::ffff:10.0.0.1", "beacon", "BEACON", "printer.local",
    "Printer.Local.", "beacon.internal", "nas.lan", "box.home.arpa", "192.0.2.1",
)  # fmt: skip
NOWHERE = ("a.test", "shop.example", "SHOP.EXAMPLE.", "a.invalid", "mail.example.com", "example.org", "x.onion")
PUBLIC = (
    "mail.meridian-supply.com", "Mail.Meridian-Supply.COM.", "müller.de", "xn--mller-kva.de", "8.8.8.8", "0x08080808",
    "2606:4700::1111", "a_b.meridian-supply.com", "testing.de", "local.de", "example.de", "notexample.com",
)  # fmt: skip
UNREADABLE = (
    "",
    ".",
    "a..b",
    "-a.de",
    "a-.de",
    "a b.de",
    "1.2.3.4.5",
    "256.1.1.1",
    "foo.123",
    "08.1",
    "[::1",
    "a" * 64,
)


@pytest.mark.parametrize(
    ("host", "expected"),
    [(host, Place.THIS_MACHINE) for host in THIS_MACHINE]
    + [(host, Place.NETWORK) for host in NETWORK]
    + [(host, Place.NOWHERE) for host in NOWHERE]
    + [(host, Place.PUBLIC) for host in PUBLIC]
    + [(host, Place.UNREADABLE) for host in UNREADABLE],
)
def test_where_a_host_is(host: str, expected: Place) -> None:
    assert place(host) is expected


@pytest.mark.parametrize(
    ("given_text", "url"),
    [
        ("mail.meridian-supply.com", "https://mail.meridian-supply.com"),
        (" HTTPS://Mail.Meridian-Supply.COM.:443/ ", "https://mail.meridian-supply.com"),
        ("http://a.de:80/beacon/", "http://a.de/beacon"),
        ("http://a.de:443", "http://a.de:443"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("https://[2606:4700:0::1111]", "https://[2606:4700::1111]"),
        ("http://2130706433:8000", "http://127.0.0.1:8000"),
        ("https://müller.de", "https://xn--mller-kva.de"),
        ("mail.de:8443", "https://mail.de:8443"),
    ],
)
def test_an_address_has_one_form(given_text: str, url: str) -> None:
    assert web_address(given_text).url == url
    assert web_address(url).url == url


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "https://", ":8000", "//a.de", "ftp://a.de", "javascript:alert(1)", "data:text/html,x", "a.de:99999",
        "https://user:secret@a.de", "https://a.de@evil.de", "https://a.de?x=1", "https://a.de/?", "https://a.de#x",
        "https://a.de/../x", "https://a.de/%2e%2e", "https://a.de//x", "https://a.de/<b>", "https://a.de\\x", "a\nb.de",
        "https://a.de\x00", "https://a b.de", "https://[::1", "https://[fe80::1%25eth0]", "https://" + "a" * 300,
        "https://a.de/\N{RIGHT-TO-LEFT OVERRIDE}", "9" * 5_000,
    ],
)  # fmt: skip
def test_what_is_no_address_says_why(text: str) -> None:
    with pytest.raises(ValueError, match=r"^[A-Z“].*\.$"):
        web_address(text)


@given(st.text(max_size=300))
def test_any_text_gets_an_answer(text: str) -> None:
    assert place(text) in set(Place)
    try:
        found = web_address(text)
    except ValueError:
        pass
    else:
        assert web_address(found.url) == found
        assert found.url.isascii()
        assert "@" not in found.url


@given(st.ip_addresses())
def test_an_ip_address_is_its_own_name(address: object) -> None:
    assert place(ascii_host(str(address))) is place(str(address))
