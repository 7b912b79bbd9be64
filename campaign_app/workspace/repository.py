"""Every SQL statement about the workspace."""

from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.models.setting import Setting

_KEY = "workspace"


async def load(session: AsyncSession) -> dict[str, Any]:
    """The saved settings; {} before the first time."""
    found = await session.get(Setting, _KEY, populate_existing=True)
    return found.value if found else {}


async def save(session: AsyncSession, value: dict[str, Any]) -> None:
    """Insert or replace the settings."""
    dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = dialect.insert(Setting).values(key=_KEY, value=value)
    await session.execute(statement.on_conflict_do_update(index_elements=["key"], set_={"value": value}))
