"""One act on many items: what cannot be done says why, and stops no other."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.core.errors import AppError


@dataclass(frozen=True, slots=True)
class ItemResult:
    """What became of one item; `message` says why nothing did."""

    id: int
    name: str
    ok: bool
    message: str = ""


async def each(
    session: AsyncSession,
    ids: Sequence[int],
    name_of: Callable[[int], Awaitable[str]],
    act: Callable[[int], Awaitable[Any]],
) -> list[ItemResult]:
    """Carry out `act` on each item once, in the caller's transaction; a refused one changes nothing."""
    results = []
    for item_id in dict.fromkeys(ids):
        name = await name_of(item_id)
        try:
            async with session.begin_nested():
                await act(item_id)
            results.append(ItemResult(item_id, name, ok=True))
        except AppError as error:
            results.append(ItemResult(item_id, name, ok=False, message=error.message))
    return results
