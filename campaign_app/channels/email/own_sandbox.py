"""Whether a mail server is this installation's own sandbox. Its host and port decide, never a name.

A running sandbox writes its ports to a file under `var` and deletes the file when it stops. A server that later uses
the same port is an ordinary mail server.
"""

import json
from pathlib import Path

from campaign_app.core.config import settings
from campaign_app.kit.hosts import Place, place


def _file() -> Path:
    return settings().var_dir / "sandbox" / "ports.json"


def is_sandbox(host: str, port: int) -> bool:
    """Whether mail to this server goes to the sandbox, so that nobody receives it."""
    if place(host) is not Place.THIS_MACHINE:
        return False
    try:
        found = json.loads(_file().read_text())
    except (OSError, ValueError):
        return False
    return isinstance(found, dict) and found.get("smtp_port") == port
