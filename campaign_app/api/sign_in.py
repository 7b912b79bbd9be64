"""Sign in, sign out, first start: forms that the browser posts itself, because only HTTP can set an HttpOnly cookie."""

from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import AfterValidator

from campaign_app.api.deps import client_ip
from campaign_app.api.origin import is_secure
from campaign_app.auth import known_devices, pending, second_factor, service, setup_link, throttle
from campaign_app.auth.cookies import SESSION_COOKIE, session_digest
from campaign_app.auth.errors import AlreadySetUp, NoSetupLink, PendingOver, SecondFactorNeeded, WrongCode
from campaign_app.auth.schemas import SignedIn
from campaign_app.core import db
from campaign_app.core.config import settings
from campaign_app.core.errors import AppError, Invalid, TooMany, Unavailable
from campaign_app.kit.addresses import is_local
from campaign_app.kit.text import storable
from campaign_app.models.user import User

router = APIRouter(prefix="/auth", tags=["Sign-in"])
Text = Annotated[str, Form(max_length=2_000), AfterValidator(storable)]
SETUP_COOKIE: Final = "beacon_setup"
AFTER_OWNER: Final = "/setup/workspace"  # the settings that every campaign needs
_OWNER_FORM: Final = "/setup?link=1"
_CODE_FORM: Final = "/login/code"
_PENDING_PATH: Final = "/auth/code"
_DAY_SECONDS: Final = 86_400
_SEE_OTHER: Final = 303


@router.post("/login", summary="Sign in with a form; sets the session cookie", status_code=_SEE_OTHER)
async def login(request: Request, email: Text = "", password: Text = "", next: Text = "") -> Response:
    """303 to `next` (an address of this installation) or the dashboard; on failure to the sign-in page."""
    ip = client_ip(request)
    try:
        async with db.reading() as session:
            user = await service.check_credentials(session, email, password, ip, _marks(request))
        async with db.transaction() as session:
            signed_in = await service.open_session(session, user.id or 0, ip, request.headers.get("user-agent", ""))
            await service.sign_out(session, _present_session(request), ip)
    except SecondFactorNeeded:
        return _ask_code(request, user, next)
    except AppError as error:
        return _back("/login", error, next)
    return _welcome(request, signed_in, next)


@router.post("/code", summary="Second step of signing in: a code", status_code=_SEE_OTHER)
async def code(request: Request, code: Text = "", next: Text = "") -> Response:
    """303 like `login`; on a wrong code back to its page, and to the sign-in page when the first step is over."""
    ip = client_ip(request)
    token = request.cookies.get(pending.COOKIE, "")
    try:
        async with db.transaction() as session:
            user_id = await second_factor.finish_sign_in(session, token, code, ip)
            agent = request.headers.get("user-agent", "")
            signed_in = await service.open_session(session, user_id, ip, agent, code_was_right=True)
            await service.sign_out(session, _present_session(request), ip)
    except (WrongCode, TooMany, Unavailable) as error:
        return _back(_CODE_FORM, error, next)
    except AppError as error:
        return _back("/login", error, next)
    answer = _welcome(request, signed_in, next)
    answer.delete_cookie(pending.COOKIE, path=_PENDING_PATH, httponly=True, samesite="lax")
    return answer


@router.post("/logout", summary="End the session", status_code=_SEE_OTHER)
async def logout(request: Request) -> Response:
    """303 to the sign-in page; the cookie is removed."""
    async with db.transaction() as session:
        await service.sign_out(session, _present_session(request), client_ip(request))
    answer = RedirectResponse("/login", _SEE_OTHER)
    answer.delete_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="lax", secure=is_secure(request.url.scheme))
    return answer


@router.get("/setup", summary="The one-time link that the server prints", status_code=_SEE_OTHER)
async def open_setup(request: Request, token: str = "") -> Response:
    """303 to the first-start page; with the right token this browser may create the owner."""
    async with db.reading() as session:
        if not await setup_link.allows(session, token):
            return RedirectResponse("/setup?error=setup_link", _SEE_OTHER)
    answer = RedirectResponse(_OWNER_FORM, _SEE_OTHER)
    secure = is_secure(request.url.scheme)
    answer.set_cookie(SETUP_COOKIE, token, path=setup_link.PATH, httponly=True, samesite="lax", secure=secure)
    return answer


@router.post("/setup", summary="Create the owner of a new installation", status_code=_SEE_OTHER)
async def setup(request: Request, email: Text = "", name: Text = "", password: Text = "") -> Response:
    """303 to AFTER_OWNER, signed in; on failure back, or to the sign-in page when an owner exists."""
    ip = client_ip(request)
    token = request.cookies.get(SETUP_COOKIE, "")
    try:
        async with db.transaction() as session:
            owner = await service.claim(session, token, email, name, password)
            signed_in = await service.open_session(session, owner.id or 0, ip, request.headers.get("user-agent", ""))
    except AlreadySetUp as error:
        return _back("/login", error)
    except NoSetupLink as error:
        return _back("/setup", error)
    except AppError as error:
        return _back(_OWNER_FORM, error)
    answer = _welcome(request, signed_in, AFTER_OWNER)
    answer.delete_cookie(SETUP_COOKIE, path=setup_link.PATH, httponly=True, samesite="lax")
    return answer


def _present_session(request: Request) -> str:
    return session_digest(request.headers.get("cookie", ""))


def _welcome(request: Request, signed_in: SignedIn, path: str) -> Response:
    answer = RedirectResponse(path if is_local(path) else "/", _SEE_OTHER)
    answer.set_cookie(
        SESSION_COOKIE,
        signed_in.token,
        max_age=settings().session_days * _DAY_SECONDS,
        path="/",
        httponly=True,
        samesite="lax",
        secure=is_secure(request.url.scheme),
    )
    _remember(request, answer, signed_in.user.id or 0)
    return answer


def _ask_code(request: Request, user: User, path: str) -> Response:
    query = f"?{urlencode({'next': path})}" if is_local(path) else ""
    answer = RedirectResponse(f"{_CODE_FORM}{query}", _SEE_OTHER)
    answer.set_cookie(
        pending.COOKIE,
        pending.make(user),
        max_age=pending.VALID_FOR_S,
        path=_PENDING_PATH,
        httponly=True,
        samesite="lax",
        secure=is_secure(request.url.scheme),
    )
    return answer


def _marks(request: Request) -> str:
    return request.cookies.get(known_devices.COOKIE, "")


def _remember(request: Request, answer: Response, user_id: int) -> None:
    """From now on nobody else's attempts at this account slow this browser down."""
    if known_devices.find(_marks(request), user_id):
        return
    answer.set_cookie(
        known_devices.COOKIE,
        known_devices.add(_marks(request), user_id),
        max_age=int(known_devices.VALID_FOR.total_seconds()),
        path="/auth",
        httponly=True,
        samesite="lax",
        secure=is_secure(request.url.scheme),
    )


def _back(page: str, error: AppError, path: str = "") -> Response:
    query = {"error": _code(error)}
    if isinstance(error, TooMany):
        query["wait"] = throttle.in_words(error.retry_after)
    if is_local(path):
        query["next"] = path
    return RedirectResponse(f"{page}{'&' if '?' in page else '?'}{urlencode(query)}", _SEE_OTHER)


def _code(error: AppError) -> str:
    """The code by which the page finds its text."""
    if isinstance(error, Invalid) and error.fields:
        return next(iter(error.fields))
    if isinstance(error, TooMany):
        return "throttled"
    if isinstance(error, AlreadySetUp):
        return "exists"
    if isinstance(error, PendingOver):
        return "code_over"
    if isinstance(error, NoSetupLink):
        return "setup_link"
    return "unavailable" if isinstance(error, Unavailable) else "credentials"
