"""Serves the built front end and the backend on one port, without Node and without compiling."""

import os
import sys

from campaign_app.core.config import ROOT, settings


def main() -> None:
    """Runs until it is told to stop; the processes share what was imported before they forked."""
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("GRANIAN_WORKERS", str(settings().web_processes))
    # State stays in the worker's memory while nobody else asks for it: a third of the Redis round trips.
    os.environ.setdefault("REFLEX_OPLOCK_ENABLED", "true")
    os.environ.setdefault("REFLEX_TELEMETRY_ENABLED", "false")
    os.environ.setdefault("REFLEX_CHECK_LATEST_VERSION", "false")

    from reflex.utils import exec as reflex_exec
    from reflex_base import constants
    from reflex_base.environment import environment

    environment.REFLEX_ENV_MODE.set(constants.Env.PROD)
    environment.REFLEX_SKIP_COMPILE.set(True)
    reflex_exec.run_backend_prod(
        settings().host, settings().port, constants.LogLevel.WARNING, mount_frontend_compiled_app=True
    )


if __name__ == "__main__":
    main()
