"""What is set from outside."""

import pytest

from campaign_app.core.config import ROOT, Settings


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compose files and shells hand on variables that nobody filled in."""
    for name in ("BEACON_VAR", "BEACON_PORT", "BEACON_RETRY_SECONDS", "BEACON_LOG_JSON", "DATABASE_URL", "REDIS_URL"):
        monkeypatch.setenv(name, "")
    found = Settings()
    assert (found.var_dir, found.port, found.log_json) == (ROOT / "var", 8000, False)
    assert found.retry_seconds == (60.0, 300.0, 1800.0)
    assert found.database_url == found.redis_url == ""
