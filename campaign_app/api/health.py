"""Reports whether this web process works and whether a worker runs."""

from dataclasses import asdict

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from campaign_app import __version__
from campaign_app.ops.health import report

router = APIRouter(prefix="/api", tags=["Health"])


@router.get("/health", summary="200 when database and Redis answer, else 503")
async def health() -> JSONResponse:
    """{"status": "ok" | "failing", "database", "redis", "migrations", "worker": "ok" or what is wrong, "version"}.

    A missing worker does not fail it: pages work without one, and a load balancer must not take them away.
    """
    found = await report()
    content = {"status": "ok" if found.can_serve else "failing", **asdict(found), "version": __version__}
    return JSONResponse(content, 200 if found.can_serve else 503)
