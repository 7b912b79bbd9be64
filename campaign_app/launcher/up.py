"""`./campaign up`: starts everything on this machine in order, supervises it and stops it together."""

import argparse
import asyncio
import json
import os
import time
import urllib.error
import urllib.request
from contextlib import ExitStack

from campaign_app.auth import setup_link
from campaign_app.core import db, redis
from campaign_app.core.config import settings
from campaign_app.launcher import console, ports, redis_server, running
from campaign_app.launcher.children import Child, python_module
from campaign_app.launcher.owner import Given, ensure
from campaign_app.launcher.supervisor import Stopped, Supervisor

HEALTHY_S = 90.0
WORKER_GRACE_S = 40.0


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The flags of `up`."""
    made = commands.add_parser(
        "up",
        help="start everything on this machine and keep it running",
        description="Starts Redis (unless REDIS_URL is set), web and worker, waits until they are healthy "
        "and prints the address. Ctrl-C or SIGTERM stops all of it.",
    )
    made.add_argument("--host", default="", help="address to listen on (default 127.0.0.1, this machine only)")
    made.add_argument("--port", type=int, default=0, help="port of the web pages (default 8000)")
    made.add_argument("--demo", action="store_true", help="add demo data and the sandbox that receives all mail")
    made.add_argument("--owner-email", default="", help="first start: the owner's address (or BEACON_OWNER_EMAIL)")
    made.add_argument(
        "--owner-password", default="", help="first start: the owner's password (or BEACON_OWNER_PASSWORD)"
    )
    made.add_argument("--owner-name", default="", help="first start: the owner's name (or BEACON_OWNER_NAME)")
    made.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Run until a stop signal; 0 after one."""
    started = time.monotonic()
    _configure(given)
    configured = settings()
    with ExitStack() as stack:
        stack.enter_context(running.only_one(configured.var_dir, configured.server_url))
        supervisor = Supervisor()
        stack.enter_context(supervisor.signals())
        stack.callback(supervisor.stop_all)
        try:
            token = _start(supervisor, given)
            _announce(given, token, time.monotonic() - started)
            supervisor.look_after()
        except Stopped:
            console.out.print("\nStopping …")
    console.done("Everything stopped")
    return 0


def _configure(given: argparse.Namespace) -> None:
    """Copy flags to the environment, so that every child reads the same configuration."""
    if given.host:
        os.environ["BEACON_HOST"] = given.host
    if given.port:
        os.environ["BEACON_PORT"] = str(given.port)
    settings.cache_clear()


def _start(supervisor: Supervisor, given: argparse.Namespace) -> str:
    configured = settings()
    ports.require_free(configured.host, configured.port)
    _build_frontend()
    if not configured.redis_url:
        _start_redis(supervisor)
    with console.step("Bringing the database to the newest schema", f"Database ready ({_database_words()})"):
        from campaign_app.launcher.database import migrate

        migrate()
    if given.demo:
        _choose_sandbox_ports()
    token = asyncio.run(_prepare(given))
    if given.demo:
        supervisor.start(_sandbox())
    supervisor.start(_child("Worker", "campaign_app.worker", WORKER_GRACE_S))
    supervisor.start(_child("Web", "campaign_app.web_server"))
    with console.step("Starting web and worker", "Web and worker are healthy"):
        supervisor.wait_until(_healthy, f"{configured.server_url} is not healthy", HEALTHY_S)
    return token


def _build_frontend() -> None:
    from campaign_app import frontend

    if not frontend.is_current():
        with console.step(
            "Building the front end (about a minute the first time, 20 s later)", "Front end built from its sources"
        ):
            frontend.build(lambda _: None)


def _start_redis(supervisor: Supervisor) -> None:
    var = settings().var_dir
    redis_server.wait_until_gone(var)
    redis_server.use(redis_server.url(var))
    server = redis_server.child(var)
    with console.step("Starting Redis", f"Redis ready ({os.path.basename(server.command[0])}, own server)"):  # noqa: PTH119
        supervisor.start(server)
        supervisor.wait_until(lambda: redis_server.answers(var), "Redis does not answer", 30)


def _database_words() -> str:
    return "PostgreSQL" if db.is_postgres() else "SQLite"


def _choose_sandbox_ports() -> None:
    """Use the configured ports, or the next free ones: a used port must not stop a demo."""
    for name, wanted in (("SMTP", settings().sandbox_smtp_port), ("HTTP", settings().sandbox_http_port)):
        if not ports.is_free("127.0.0.1", wanted):
            chosen = ports.any_free(after=wanted)
            console.warn(f"Port {wanted} is in use; the sandbox takes {chosen} for {name}.")
            os.environ[f"BEACON_SANDBOX_{name}_PORT"] = str(chosen)
    settings.cache_clear()


async def _prepare(given: argparse.Namespace) -> str:
    """Prepare the database before the processes start; the setup token, if one is needed."""
    from campaign_app.ops.health import WORKER_KEYS

    try:
        await redis.client().delete(*WORKER_KEYS)  # of an earlier worker; the new one writes them again
        if given.demo:
            from campaign_app.launcher import demo_data

            await demo_data.ensure()
            return ""
        return await ensure(Given.collect(given.owner_email, given.owner_password, given.owner_name))
    finally:
        await db.dispose()
        await redis.dispose()


def _child(name: str, module: str, grace_s: float = 20.0) -> Child:
    log = settings().var_dir / "logs" / f"{name.lower()}.log"
    return Child(name, python_module(module), {"PYTHONUNBUFFERED": "1"}, log, grace_s)


def _sandbox() -> Child:
    made = _child("Sandbox", "campaign_app.sandbox")
    made.command = [*made.command, "--alive"]
    return made


def _healthy() -> bool:
    """Whether this web process answers and a worker has reported."""
    host = "127.0.0.1" if settings().host in {"0.0.0.0", "::"} else settings().host  # noqa: S104  (read, not bound)
    try:
        with urllib.request.urlopen(f"http://{host}:{settings().port}/api/health", timeout=3) as answer:
            found = json.load(answer)
    except (OSError, ValueError):
        return False
    return bool(found.get("status") == "ok" and found.get("worker") == "ok")


def _announce(given: argparse.Namespace, token: str, seconds: float) -> None:
    configured = settings()
    address = setup_link.address(token) if token else configured.server_url
    console.out.print(f"\n[bold]Beacon is running:[/bold] {address}   [dim]({seconds:.1f} s)[/dim]")
    if token:
        console.out.print("This link works once and for a day: it makes you the owner of this installation.")
    if given.demo:
        console.out.print(
            f"Sandbox inbox: http://127.0.0.1:{configured.sandbox_http_port}   (nothing leaves this machine)"
        )
        console.out.print(f"Passwords of the demo users: {configured.var_dir / 'demo-passwords.txt'}")
    if configured.host not in {"127.0.0.1", "::1", "localhost"} and not configured.base_url.startswith("https://"):
        console.warn("Reachable from other machines without TLS. Put a proxy in front: docs/operations.md says how.")
    console.out.print("[dim]Ctrl-C stops everything.[/dim]\n")
