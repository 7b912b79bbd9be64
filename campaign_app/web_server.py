"""Serves the built front end and the backend on one port, without Node and without compiling."""

import functools
import os
import sys

from redis import Redis

from campaign_app.core import pulse
from campaign_app.core.config import ROOT, settings


def _extends_locks() -> bool:
    """Reflex's optimistic lock needs PEXPIRE XX, which Redis has since 7.0; the bundled server is 6.2."""
    with Redis.from_url(settings().redis, socket_connect_timeout=5) as redis:
        return int(str(redis.info("server")["redis_version"]).split(".")[0]) >= 7


def main(*, with_pages: bool = True) -> None:
    """Runs until it is told to stop; the processes share what was imported before they forked.

    Tests that need no browser leave the pages out: then nothing has to be built.
    """
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("GRANIAN_WORKERS", str(settings().web_processes))
    # State stays in the worker's memory while nobody else asks for it: a third of the Redis round trips.
    if _extends_locks():
        os.environ.setdefault("REFLEX_OPLOCK_ENABLED", "true")
    os.environ.setdefault("REFLEX_TELEMETRY_ENABLED", "false")
    os.environ.setdefault("REFLEX_CHECK_LATEST_VERSION", "false")

    from granian import server
    from reflex.utils import exec as reflex_exec
    from reflex_base import constants
    from reflex_base.environment import environment

    # One process that was killed is replaced; without this granian ends the others with it.
    server.Server = functools.partial(server.Server, respawn_failed_workers=True)  # type: ignore[assignment]
    pulse.keep_in_thread("web supervisor")
    environment.REFLEX_ENV_MODE.set(constants.Env.PROD)
    environment.REFLEX_SKIP_COMPILE.set(True)
    reflex_exec.run_backend_prod(
        settings().host, settings().port, constants.LogLevel.WARNING, mount_frontend_compiled_app=with_pages
    )


if __name__ == "__main__":
    main()
