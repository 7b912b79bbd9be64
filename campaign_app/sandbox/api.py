"""The control API for tests, the demo and scripts: accepted messages, faults, recipients' behaviour."""

from typing import Annotated, Any, Literal, TypeVar

from fastapi import APIRouter, Body, HTTPException, Request
from fastapi.responses import FileResponse, Response
from httpx import HTTPError
from pydantic import BaseModel, ValidationError

from campaign_app.sandbox import mail, returned
from campaign_app.sandbox.behaviour import Action, Behaviour, Planned
from campaign_app.sandbox.faults import Faults
from campaign_app.sandbox.mail_server import MailServer
from campaign_app.sandbox.message_store import Stored

M = TypeVar("M", bound=BaseModel)
router = APIRouter(prefix="/api")


def server(request: Request) -> MailServer:
    """The sandbox behind the application."""
    found: MailServer = request.app.state.server
    return found


def stored(request: Request, message_id: int) -> Stored:
    """A kept message, or 404."""
    found = server(request).store.get(message_id)
    if found is None:
        raise HTTPException(404, "This message is not kept any more, or never was.")
    return found


@router.get("/health")
async def health(request: Request) -> dict[str, Any]:
    """Where the sandbox listens."""
    ports = server(request).ports
    return {"status": "ok", "smtp_port": ports.smtp, "http_port": ports.http}


@router.get("/status")
async def status(request: Request) -> dict[str, Any]:
    """Counts since the start: connections, refusals, what recipients did."""
    mail_server = server(request)
    return {
        "accepted": mail_server.witness.accepted,
        "kept": len(mail_server.store),
        "open_connections": mail_server.open_connections,
        "counts": dict(mail_server.counts),
        "actions": {
            "done": dict(mail_server.simulated.done),
            "failed": dict(mail_server.simulated.failed),
            "waiting": mail_server.simulated.waiting,
            "dropped": mail_server.simulated.dropped,
            "last_error": mail_server.simulated.last_error,
        },
    }


@router.get("/log")
async def log(request: Request, by: Literal["message", "recipient"] = "message") -> dict[str, int]:
    """The witness: accepted, distinct (recipient and Message-ID, or recipient alone), duplicates."""
    return server(request).witness.summary(by)


@router.get("/log.txt")
async def log_file(request: Request) -> FileResponse:
    """The log itself: time, recipient, Message-ID, size, separated by tabs."""
    return FileResponse(server(request).witness.path, media_type="text/plain")


@router.get("/cut-off")
async def cut_off(request: Request) -> dict[str, list[str]]:
    """Recipients whose connection was closed instead of answering the final dot, the latest 100,000."""
    return {"recipients": list(server(request).cut_off)}


def brief(message: Stored) -> dict[str, Any]:
    """A message as one row of a list."""
    return {
        "id": message.id,
        "at": message.at,
        "sender": message.sender,
        "recipients": list(message.recipients),
        "from": message.author,
        "subject": message.subject,
        "size": len(message.raw),
    }


@router.get("/messages")
async def messages(
    request: Request, search: str = "", limit: int = 50, before: int | None = None
) -> list[dict[str, Any]]:
    """The newest kept messages; `search` looks at recipients, From and subject."""
    return [brief(m) for m in server(request).store.find(search, max(1, min(limit, 500)), before)]


@router.get("/messages/{message_id}")
async def message(request: Request, message_id: int) -> dict[str, Any]:
    """One message: its parts decoded, its headers, its links."""
    found = stored(request, message_id)
    parsed = mail.parse(found.raw)
    outline = mail.outline(found.raw)
    return {
        **brief(found),
        "headers": [[name, str(value)] for name, value in parsed.items()],
        "html": mail.part(parsed, "html"),
        "text": mail.part(parsed, "plain"),
        "links": list(outline.links),
        "images": list(outline.images),
        "unsubscribe": outline.unsubscribe,
    }


@router.get("/messages/{message_id}/source")
async def source(request: Request, message_id: int) -> Response:
    """The message as it came, after dot-unstuffing."""
    return Response(stored(request, message_id).raw, media_type="message/rfc822")


@router.post("/messages/{message_id}/act")
async def act(
    request: Request, message_id: int, act: Annotated[Action, Body()], form: Annotated[str, Body()] = ""
) -> dict[str, str]:
    """Let the recipient of one message act now; `form`: what a bounce comes back as."""
    return {"done": await act_now(request, message_id, act, form)}


async def act_now(request: Request, message_id: int, act: Action, form: str = "") -> str:
    """Carry out one action on one message.

    Raises:
        HTTPException: 422 for a form that does not exist, 404 without the message, 409 when it offers nothing for the
        action, 502 when the application fails.
    """
    found = stored(request, message_id)
    simulated = server(request).simulated
    if form and not returned.is_form(form):
        raise HTTPException(422, "There is no such form.")
    visit = simulated.visit(Planned(act, 0.0, form), found.raw, found.sender, found.recipients[0])
    if visit is None:
        raise HTTPException(409, f"This message offers no way to {act.replace('_', ' ')}.")
    try:
        await simulated.do(visit)
    except HTTPError as error:
        raise HTTPException(502, f"The application did not take it: {error}") from error
    simulated.done[act] += 1
    return act.value


@router.get("/faults")
async def faults(request: Request) -> Faults:
    """The faults in force."""
    return server(request).faults


@router.post("/faults")
async def set_faults(request: Request, change: Annotated[dict[str, Any], Body()]) -> Faults:
    """Change the given faults; others stay."""
    mail_server = server(request)
    mail_server.set_faults(_merged(mail_server.faults, change))
    return mail_server.faults


@router.get("/people")
async def people(request: Request) -> Behaviour:
    """The recipients' settings."""
    return server(request).people


@router.post("/people")
async def set_people(request: Request, change: Annotated[dict[str, Any], Body()]) -> Behaviour:
    """Change the given settings of recipients for messages from now on; others stay."""
    mail_server = server(request)
    mail_server.set_people(_merged(mail_server.people, change))
    return mail_server.people


def _merged(current: M, change: dict[str, Any]) -> M:
    if unknown := sorted(change.keys() - type(current).model_fields.keys()):
        raise HTTPException(422, f"Not known: {', '.join(unknown)}.")
    try:
        return type(current).model_validate(current.model_dump() | change)
    except ValidationError as error:
        raise HTTPException(422, "; ".join(f"{e['loc'][0]}: {e['msg']}" for e in error.errors())) from error


@router.post("/drop-connections")
async def drop_connections(request: Request) -> dict[str, int]:
    """Close every open SMTP connection."""
    return {"dropped": server(request).drop_connections()}


@router.post("/reset")
async def reset(request: Request) -> dict[str, str]:
    """Empty log and inbox; no faults; recipients do nothing."""
    server(request).reset()
    return {"status": "ok"}
