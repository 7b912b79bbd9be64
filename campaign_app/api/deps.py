"""What routes ask for: the signed-in actor."""

from typing import Annotated

from fastapi import Depends, Request

from campaign_app.api.guard import ACTOR
from campaign_app.auth.cookies import session_digest
from campaign_app.auth.current import current_actor
from campaign_app.core.actor import Actor
from campaign_app.core.errors import Unauthenticated


def client_ip(request: Request) -> str:
    """The browser's address; the guard has looked behind trusted proxies."""
    return request.client.host if request.client else ""


async def signed_in(request: Request) -> Actor:
    """The actor of the session cookie.

    Raises:
        Unauthenticated: no valid session.
    """
    known: Actor | None = request.scope.get(ACTOR)
    actor = known or await current_actor(session_digest(request.headers.get("cookie", "")), client_ip(request))
    if actor is None:
        raise Unauthenticated("You are signed out. Sign in and try again.", title="Signed out")
    return actor


SignedInActor = Annotated[Actor, Depends(signed_in)]
