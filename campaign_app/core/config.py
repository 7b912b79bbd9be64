"""One typed configuration, read from the environment once per process."""

import ipaddress
import secrets
from functools import lru_cache
from pathlib import Path

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parents[2]


class Settings(BaseSettings):
    """Everything that can be set from outside; units are in the names."""

    model_config = SettingsConfigDict(
        env_prefix="BEACON_", env_ignore_empty=True, extra="ignore", populate_by_name=True
    )

    var_dir: Path = Field(default=ROOT / "var", validation_alias="BEACON_VAR")
    database_url: str = Field(default="", validation_alias="DATABASE_URL")
    redis_url: str = Field(default="", validation_alias="REDIS_URL")
    secret_key: str = ""
    host: str = "127.0.0.1"
    port: int = 8000
    base_url: str = ""
    web_processes: int = 1
    worker_jobs: int = 10
    retry_seconds: tuple[float, ...] = (60.0, 300.0, 1800.0)
    trusted_proxies: str = ""
    session_days: int = 14
    session_idle_hours: float = 12.0
    upload_limit_mb: int = 512
    media: Path | None = None
    media_limit_mb: int = 2_048
    log_level: str = "INFO"
    log_json: bool = False
    log_limit_mb: float = 5.0
    hang_seconds: float = 15.0
    redis_memory_mb: int = 0
    sandbox_smtp_port: int = 2525
    sandbox_http_port: int = 8025

    @field_validator("trusted_proxies")
    @classmethod
    def _addresses(cls, text: str) -> str:
        for part in filter(None, (part.strip() for part in text.split(","))):
            ipaddress.ip_network(part, strict=False)  # its error names the part
        return text

    @property
    def database(self) -> str:
        """SQLAlchemy URL with an async driver; a SQLite file in `var_dir` unless DATABASE_URL is set."""
        url = self.database_url or f"sqlite:///{self.var_dir / 'beacon.db'}"
        for given, driver in (
            ("postgres://", "postgresql+asyncpg://"),
            ("postgresql://", "postgresql+asyncpg://"),
        ):
            if url.startswith(given):
                return driver + url.removeprefix(given)
        return url.replace("sqlite://", "sqlite+aiosqlite://", 1) if url.startswith("sqlite://") else url

    @property
    def media_folder(self) -> Path:
        """Where uploaded media are. Hosts that share a database need one folder for all (BEACON_MEDIA)."""
        return self.media or self.var_dir / "media"

    @property
    def redis(self) -> str:
        """Redis URL; the launcher sets REDIS_URL when it starts a server of its own."""
        return self.redis_url or "redis://127.0.0.1:6379/0"

    @property
    def server_url(self) -> str:
        """Where programs beside this one reach it, without a slash at the end.

        What recipients get is `workspace.address`: people can set it in the browser.
        """
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104  (read, not bound)
        return (self.base_url or f"http://{f'[{host}]' if ':' in host else host}:{self.port}").rstrip("/")

    @property
    def key(self) -> str:
        """The installation's secret: from the environment, else made once and kept beside the data, owner-readable."""
        return self.secret_key or _secret_from_file(self.var_dir / "secret.key")


def _secret_from_file(path: Path) -> str:
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    fresh = secrets.token_urlsafe(48)
    draft = path.with_suffix(f".{secrets.token_hex(4)}")
    draft.touch(mode=0o600)
    draft.write_text(fresh)
    try:
        path.hardlink_to(draft)  # atomic: two processes starting at once agree on one key
    except FileExistsError:
        return path.read_text().strip()
    finally:
        draft.unlink()
    return fresh


@lru_cache
def settings() -> Settings:
    """The process's settings. Tests call `settings.cache_clear()` after changing the environment."""
    return Settings()
