"""`python -m campaign_app.sandbox`: the sandbox as a process of its own."""

import argparse
import asyncio
import sys
from pathlib import Path

import uvloop

from campaign_app.core.config import settings
from campaign_app.sandbox import tls
from campaign_app.sandbox.behaviour import ALIVE
from campaign_app.sandbox.mail_server import MailServer
from campaign_app.sandbox.server import serve
from campaign_app.sandbox.smtp import Offer


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog="python -m campaign_app.sandbox", description=__doc__)
    made.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    made.add_argument("--smtp-port", type=int, default=settings().sandbox_smtp_port, help="0 = any free port")
    made.add_argument("--http-port", type=int, default=settings().sandbox_http_port, help="0 = any free port")
    made.add_argument("--var", type=Path, default=settings().var_dir / "sandbox", help="folder of log and messages")
    made.add_argument("--public-url", default=settings().server_url, help="the only place whose links are visited")
    made.add_argument("--auth", default="", metavar="USER:PASSWORD", help="ask for this log-in before MAIL")
    made.add_argument("--no-tls", action="store_true", help="do not offer STARTTLS")
    made.add_argument("--no-pipelining", action="store_true", help="do not offer PIPELINING")
    made.add_argument("--keep", type=int, default=2_000, help="how many messages are kept in full")
    made.add_argument("--alive", action="store_true", help="recipients act as typical ones do, until set otherwise")
    made.add_argument("--seed", type=int, default=1, help="makes the shares of faults repeatable")
    return made


def main() -> int:
    """Run until SIGTERM or SIGINT."""
    given = parser().parse_args()
    given.var.mkdir(parents=True, exist_ok=True, mode=0o700)
    user, _, password = given.auth.partition(":")
    offer = Offer(None if given.no_tls else tls.context(given.var), user, password, not given.no_pipelining)
    server = MailServer(given.var, given.public_url, offer, keep=given.keep, seed=given.seed)
    if given.alive and not (given.var / "people.json").exists():
        server.set_people(ALIVE)
    try:
        uvloop.run(serve(server, given.host, given.smtp_port, given.http_port))
    except OSError as error:
        sys.stderr.write(f"The sandbox cannot start: {error}. Choose other ports with --smtp-port and --http-port.\n")
        return 1
    except asyncio.CancelledError:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
