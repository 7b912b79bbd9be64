"""Whether a mail server is this installation's own sandbox: told by where it points, never by a name.

A running sandbox leaves its ports in a file under `var` and takes the file away when it stops, so whatever else listens
on its usual port later is an ordinary mail server.
"""

import json
from pathlib import Path

from campaign_app.core.config import settings
from campaign_app.kit.hosts import Place, place


def _file() -> Path:
    return settings().var_dir / "sandbox" / "ports.json"


def is_sandbox(host: str, port: int) -> bool:
    """Whether mail to this server goes into the sandbox and to nobody."""
    if place(host) is not Place.THIS_MACHINE:
        return False
    try:
        found = json.loads(_file().read_text())
    except (OSError, ValueError):
        return False
    return isinstance(found, dict) and found.get("smtp_port") == port
