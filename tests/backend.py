"""The web process without the built front end: pages' states, HTTP side, guard. `python -m tests.backend`."""

import os

from campaign_app.core.config import settings


def main() -> None:
    """As campaign_app.web_server, but nothing has to be built first."""
    os.environ.setdefault("GRANIAN_WORKERS", "1")
    os.environ.setdefault("REFLEX_TELEMETRY_ENABLED", "false")
    os.environ.setdefault("REFLEX_CHECK_LATEST_VERSION", "false")
    from reflex.utils import exec as reflex_exec
    from reflex_base import constants
    from reflex_base.environment import environment

    environment.REFLEX_ENV_MODE.set(constants.Env.PROD)
    environment.REFLEX_SKIP_COMPILE.set(True)
    reflex_exec.run_backend_prod(settings().host, settings().port, constants.LogLevel.WARNING)


if __name__ == "__main__":
    main()
