"""Names of browsers."""

import pytest

from campaign_app.auth.devices import describe


@pytest.mark.parametrize(
    ("user_agent", "shown"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox on Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/140.0.0.0 Safari/537.36",
            "Chrome on Windows",
        ),
        ("", "Unknown browser"),
        ("x" * 5_000, "Unknown browser"),
    ],
)
def test_describe(user_agent: str, shown: str) -> None:
    assert describe(user_agent) == shown
