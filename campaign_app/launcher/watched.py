"""`python -m campaign_app.launcher.watched MODULE …`: one process under its watchdog, without `up`.

A process that hangs is killed and restarted. When it ends by itself, this process ends with its exit code, and
whoever started it (compose, systemd, a person) decides. SIGTERM and Ctrl-C are forwarded.
"""

import sys

from campaign_app.launcher.children import Child, python_module
from campaign_app.launcher.supervisor import Ended, Stopped, Supervisor

GRACE_S = 40.0
_NAMES = {"campaign_app.web_server": "Web", "campaign_app.worker": "Worker", "campaign_app.sandbox": "Sandbox"}


def main(arguments: list[str]) -> int:
    """The process's exit code."""
    module, *more = arguments
    child = Child(_NAMES.get(module, module), python_module(module, *more), {}, None, GRACE_S)
    supervisor = Supervisor(only_hung=True)
    with supervisor.signals():
        try:
            supervisor.start(child)
            supervisor.look_after()
        except Stopped:
            supervisor.stop_all()
            return _code(child.process.returncode if child.process else 0)
        except Ended as ended:
            supervisor.stop_all()
            return _code(ended.code)
    return 0


def _code(code: int) -> int:
    """The exit code as a shell reports it."""
    return 128 - code if code < 0 else code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
