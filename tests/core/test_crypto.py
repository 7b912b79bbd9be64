"""Keyed hashes for many short messages."""

import hashlib
import hmac

from hypothesis import given
from hypothesis import strategies as st

from campaign_app.core import crypto


@given(st.binary(max_size=300))
def test_a_mac_is_the_standard_hmac(message: bytes) -> None:
    assert crypto.mac("message id")(message) == hmac.digest(crypto.derive("message id"), message, hashlib.sha256)
    assert crypto.mac("another purpose")(message) != crypto.mac("message id")(message)
