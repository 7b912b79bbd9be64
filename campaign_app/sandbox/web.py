"""The sandbox's pages: inbox, message, recipients and faults. Server-rendered, for this machine only."""

from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, select_autoescape
from pydantic import ValidationError
from starlette.middleware.base import RequestResponseEndpoint

from campaign_app.channels.email.mail_replies import corpus
from campaign_app.core import clock
from campaign_app.core.config import ROOT
from campaign_app.kit import text
from campaign_app.sandbox import api, mail, returned, twins
from campaign_app.sandbox.behaviour import ALIVE, Action, Behaviour
from campaign_app.sandbox.faults import SPECIAL, Faults
from campaign_app.sandbox.mail_server import MailServer

PAGES = Path(__file__).parent / "pages"
ASSETS = ROOT / "assets"
PAGE_SIZE = 50
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
TABS = ("html", "text", "headers", "source")
MESSAGE_CSP = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "img-src http: https: data:; style-src 'unsafe-inline'; font-src http: https: data:"
)
PAGE_CSP = "default-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'self'"

ACTION_LABELS = {
    Action.OPEN: "Open",
    Action.CLICK: "Click a link",
    Action.UNSUBSCRIBE: "Unsubscribe (one click)",
    Action.UNSUBSCRIBE_PAGE: "Unsubscribe (page)",
    Action.COMPLAIN: "Mark as spam",
    Action.BOUNCE: "Return it (bounce)",
}

_environment = Environment(
    loader=FileSystemLoader(PAGES), autoescape=select_autoescape(), trim_blocks=True, lstrip_blocks=True
)


def _when(at: float) -> str:
    return text.ago(datetime.fromtimestamp(at, tz=clock.now().tzinfo), clock.now(), "UTC")


def _exact(at: float) -> str:
    return text.exact(datetime.fromtimestamp(at, tz=clock.now().tzinfo), "UTC")


_environment.filters.update(number=text.number, when=_when, exact=_exact)


def _page(request: Request, name: str, **values: Any) -> HTMLResponse:
    mail_server = api.server(request)
    common = {"server": mail_server, "public_url": mail_server.simulated.public_url, "path": request.url.path}
    body = _environment.get_template(name).render(**common, **values)
    return HTMLResponse(body, headers={"Content-Security-Policy": PAGE_CSP, "Cache-Control": "no-store"})


def create(server: MailServer, *, any_host: bool = False) -> FastAPI:
    """The application over a server. `any_host`: it listens for other machines too."""
    app = FastAPI(title="Beacon sandbox", docs_url="/api/docs", openapi_url="/api/openapi.json", redoc_url=None)
    app.state.server = server

    @app.middleware("http")
    async def guard(request: Request, proceed: RequestResponseEndpoint) -> Response:
        host = request.headers.get("host", "")
        origin = request.headers.get("origin")
        if not any_host and urlsplit(f"//{host}").hostname not in LOOPBACK:
            return Response("The sandbox answers only under localhost.", 421)
        if request.method not in {"GET", "HEAD"} and origin and urlsplit(origin).netloc != host:
            return Response("Only the sandbox's own pages may change it.", 403)
        return await proceed(request)

    app.include_router(api.router)
    for path, handler, methods in _ROUTES:
        app.add_api_route(path, handler, methods=methods, include_in_schema=False, response_model=None)
    return app


async def style(_: Request) -> Response:
    """The style sheet."""
    return FileResponse(PAGES / "sandbox.css", media_type="text/css")


async def font(_: Request) -> Response:
    """The product's own typeface."""
    return FileResponse(ASSETS / "fonts" / "inter-latin-wght-normal.woff2", media_type="font/woff2")


async def icon(_: Request) -> Response:
    """The product's mark."""
    return FileResponse(ASSETS / "favicon.svg", media_type="image/svg+xml")


async def script(_: Request) -> Response:
    """Shows when new mail has arrived."""
    return FileResponse(PAGES / "inbox.js", media_type="text/javascript")


async def inbox(request: Request, search: str = "", before: int | None = None) -> HTMLResponse:
    """The newest messages."""
    rows = api.server(request).store.find(search, PAGE_SIZE + 1, before)
    older = rows[PAGE_SIZE - 1].id if len(rows) > PAGE_SIZE else None
    return _page(request, "inbox.html", rows=rows[:PAGE_SIZE], search=search, older=older, first=before is None)


async def show(request: Request, message_id: int, tab: str = "html", done: str = "", problem: str = "") -> HTMLResponse:
    """One message."""
    found = api.stored(request, message_id)
    parsed = mail.parse(found.raw)
    html, plain = mail.part(parsed, "html"), mail.part(parsed, "plain")
    tab = tab if tab in TABS else "html"
    return _page(
        request,
        "message.html",
        message=found,
        tab=tab if html or tab != "html" else "text",
        tabs=TABS,
        plain=plain,
        headers=list(parsed.items()),
        source=found.raw.decode("utf-8", "replace"),
        actions=ACTION_LABELS,
        forms=_forms(),
        done=ACTION_LABELS.get(Action(done)) if done in set(Action) else "",
        problem=problem,
    )


async def body(request: Request, message_id: int) -> HTMLResponse:
    """The HTML part alone, for the sandboxed frame; links open in a new tab."""
    html = mail.part(mail.parse(api.stored(request, message_id).raw), "html")
    return HTMLResponse(
        f'<base target="_blank">{html}',
        headers={"Content-Security-Policy": MESSAGE_CSP, "Referrer-Policy": "no-referrer"},
    )


async def act(request: Request, message_id: int) -> RedirectResponse:
    """Carry out the recipient's action that was chosen on the message page."""
    form = await request.form()
    wanted = str(form.get("act", ""))
    if wanted not in set(Action):
        raise HTTPException(422, "Not an act.")
    try:
        await api.act_now(request, message_id, Action(wanted), str(form.get("form") or ""))
    except HTTPException as error:
        return RedirectResponse(f"/messages/{message_id}?{urlencode({'problem': error.detail})}", 303)
    return RedirectResponse(f"/messages/{message_id}?done={wanted}", 303)


async def settings(request: Request, saved: str = "") -> HTMLResponse:
    """Recipients and faults."""
    return _settings(request, saved=saved)


def _settings(request: Request, *, saved: str = "", problem: str = "") -> HTMLResponse:
    providers = {row.twin: row for row in corpus.rows() if row.twin}
    rules = {name: rows for name, rows in twins.texts().items() if name not in providers}
    return _page(
        request,
        "settings.html",
        saved=saved,
        problem=problem,
        special=SPECIAL,
        providers=providers,
        rules=rules,
        addressed=twins.addressed(),
        reports=returned.FORMS,
        forms=_forms(),
    )


def _forms() -> dict[str, str]:
    """What a bounce can come back as: name → in words."""
    cases = {returned.REPORT + name: words for name, words in returned.FORMS.items()}
    texts = {name: rows for name, rows in twins.addressed().items() if name.startswith(twins.RETURNED)}
    return cases | {name: f"a DSN: {rows[0].reply}" for name, rows in texts.items()}


async def save_people(request: Request) -> Response:
    """What recipients do, from the form (percentages)."""
    form = await request.form()
    if form.get("preset") == "alive":
        api.server(request).set_people(ALIVE)
    elif form.get("preset") == "none":
        api.server(request).set_people(Behaviour())
    else:
        values = {name: _share(form.get(name)) for name in _PEOPLE_SHARES}
        values["longest_delay_s"] = str(form.get("longest_delay_s") or 0)
        values["bounce_form"] = str(form.get("bounce_form") or "")
        if problem := _set(lambda: api.server(request).set_people(Behaviour.model_validate(values))):
            return _settings(request, problem=problem)
    return RedirectResponse("/settings?saved=people", 303)


async def save_faults(request: Request) -> Response:
    """What goes wrong, from the form (percentages)."""
    form = await request.form()
    values: dict[str, Any] = {name: _share(form.get(name)) for name in _FAULT_SHARES}
    values |= {
        "slow_ms": str(form.get("slow_ms") or 0),
        "per_second": str(form.get("per_second") or 0),
        "stage": str(form.get("stage") or "rcpt"),
        "reply": str(form.get("reply") or ""),
        "reply_share": _share(form.get("reply_share") or "100"),
        "refuse": str(form.get("refuse") or "").split(),
        "unavailable": form.get("unavailable") == "on",
        "hold": form.get("hold") == "on",
    }
    if problem := _set(lambda: api.server(request).set_faults(Faults.model_validate(values))):
        return _settings(request, problem=problem)
    return RedirectResponse("/settings?saved=faults", 303)


async def empty(request: Request) -> RedirectResponse:
    """Empty log and inbox, no faults."""
    api.server(request).reset()
    return RedirectResponse("/settings?saved=reset", 303)


_PEOPLE_SHARES = ("open", "click", "unsubscribe", "complain", "bounce", "machine_open")
_FAULT_SHARES = ("temporary_share", "permanent_share", "drop_before_dot", "drop_after_dot")


def _share(value: object) -> float | str:
    given = str(value or "0").strip().removesuffix("%").replace(",", ".")
    try:
        return float(given) / 100
    except ValueError:
        return given


def _set(change: Any) -> str:
    try:
        change()
    except ValidationError as error:
        return "; ".join(f"{str(e['loc'][0]).replace('_', ' ')}: {e['msg'].lower()}" for e in error.errors())
    return ""


_ROUTES: list[tuple[str, Any, list[str]]] = [
    ("/sandbox.css", style, ["GET"]),
    ("/inter.woff2", font, ["GET"]),
    ("/favicon.svg", icon, ["GET"]),
    ("/inbox.js", script, ["GET"]),
    ("/", inbox, ["GET"]),
    ("/messages/{message_id}", show, ["GET"]),
    ("/messages/{message_id}/body", body, ["GET"]),
    ("/messages/{message_id}/act", act, ["POST"]),
    ("/settings", settings, ["GET"]),
    ("/settings/people", save_people, ["POST"]),
    ("/settings/faults", save_faults, ["POST"]),
    ("/settings/reset", empty, ["POST"]),
]
