"""`./campaign web`, `worker`, `sandbox`, `migrate`: single processes, for several hosts or for examining one."""

import argparse
import os
import sys

from campaign_app.core.config import ROOT, settings
from campaign_app.launcher import console, redis_server
from campaign_app.launcher.console import Problem


def add_parsers(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The flags of every process."""
    web = commands.add_parser(
        "web",
        help="only the web process",
        description="Serves pages and API. Several may run over one database and one Redis (DATABASE_URL, REDIS_URL).",
    )
    web.add_argument("--host", default="", help="address to listen on (default 127.0.0.1)")
    web.add_argument("--port", type=int, default=0, help="port (default 8000)")
    web.set_defaults(run=_web)
    worker = commands.add_parser(
        "worker",
        help="only a worker",
        description="Sends campaigns and runs imports. Start as many as you like, on any host that reaches the same "
        "database and Redis (DATABASE_URL, REDIS_URL).",
    )
    worker.set_defaults(run=_worker)
    sandbox = commands.add_parser(
        "sandbox", help="only the sandbox: an SMTP server that keeps all mail", add_help=False
    )
    sandbox.set_defaults(run=_sandbox, rest=True)
    migrate = commands.add_parser(
        "migrate",
        help="migrate the database to the newest schema",
        description="Runs the migrations on DATABASE_URL, or on the SQLite file in ./var.",
    )
    migrate.set_defaults(run=_migrate)


def _web(given: argparse.Namespace) -> int:
    from campaign_app import frontend

    for name, value in (("HOST", given.host), ("PORT", given.port)):
        if value:
            os.environ[f"BEACON_{name}"] = str(value)
    settings.cache_clear()
    _need_redis("web")
    if not (ROOT / ".web" / "build" / "client" / "index.html").exists():
        with console.step("Building the front end", "Front end built"):
            frontend.build(lambda _: None)
    return _become("campaign_app.launcher.watched", "campaign_app.web_server")


def _worker(_given: argparse.Namespace) -> int:
    _need_redis("worker")
    return _become("campaign_app.launcher.watched", "campaign_app.worker")


def _sandbox(given: argparse.Namespace) -> int:
    return _become("campaign_app.launcher.watched", "campaign_app.sandbox", *given.arguments)


def _migrate(_given: argparse.Namespace) -> int:
    from campaign_app.launcher.database import migrate

    with console.step("Migrating", "The database has the newest schema"):
        migrate()
    return 0


def _need_redis(part: str) -> None:
    """REDIS_URL, else the server of an `up` that runs in this folder."""
    if settings().redis_url:
        return
    var = settings().var_dir
    if not redis_server.answers(var):
        raise Problem(
            f"The {part} needs Redis: REDIS_URL is not set and no `./campaign up` runs here.",
            f"REDIS_URL=redis://HOST:6379/0 ./campaign {part}",
        )
    redis_server.use(redis_server.url(var))


def _become(module: str, *arguments: str) -> int:
    """Replace this process, which frees the memory of its imports."""
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])  # noqa: S606  (our own module)
