"""The second factor: a code from an authenticator app (RFC 6238), or one of ten recovery codes."""

import hmac
import secrets
from typing import Final

import pyotp
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audit import service as audit
from campaign_app.auth import factor_repository, pending, people, permissions, repository, rules, throttle
from campaign_app.auth.errors import FactorInUse, NoFactor, PendingOver, WrongCode
from campaign_app.auth.schemas import FactorSetup, FactorState
from campaign_app.core import clock, crypto
from campaign_app.core.actor import SYSTEM, Actor
from campaign_app.core.errors import NotFound
from campaign_app.models.user import SecondFactor

STEP_S: Final = 30
CODES: Final = 10
_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"  # without characters that look alike
_CODE_LENGTH: Final = 16  # 79 bits: a digest without salt is enough
_ISSUER: Final = "Beacon"


async def state(session: AsyncSession, actor: Actor) -> FactorState:
    """Whether the actor has a factor, how many recovery codes are left, and whether the workspace requires one."""
    factor = await factor_repository.find(session, people.own_id(actor))
    required = actor.role in permissions.FACTOR_ROLES and await factor_repository.is_required(session)
    if factor is None or factor.enabled_at is None:
        return FactorState(enabled=False, codes_left=0, required=required)
    return FactorState(True, await factor_repository.codes_left(session, factor.user_id), required)


async def begin(session: AsyncSession, actor: Actor) -> None:
    """Make a secret. It is not asked for before `confirm`.

    Raises:
        FactorInUse: the actor already has a factor.
    """
    if not await factor_repository.begin(session, people.own_id(actor), crypto.seal(pyotp.random_base32())):
        raise FactorInUse


async def setup(session: AsyncSession, actor: Actor) -> FactorSetup:
    """The unconfirmed secret, for the app.

    Raises:
        NoFactor: there is none, or it is confirmed; a confirmed secret is never shown.
    """
    factor = await factor_repository.find(session, people.own_id(actor))
    if factor is None or factor.enabled_at is not None:
        raise NoFactor
    secret = crypto.unseal(factor.secret)
    uri = pyotp.TOTP(secret).provisioning_uri(name=actor.email, issuer_name=_ISSUER)
    return FactorSetup(secret, uri)


async def confirm(session: AsyncSession, actor: Actor, code: str) -> list[str]:
    """Switch the factor on with a code of the app; returns the recovery codes, which are shown once.

    Raises:
        WrongCode, SignInThrottled, NoFactor, FactorInUse.
    """
    user_id = people.own_id(actor)
    factor = await factor_repository.find(session, user_id)
    if factor is None:
        raise NoFactor
    counters = throttle.code(user_id, actor.ip)
    await throttle.count(counters)
    if not await _is_code(session, factor, code):
        raise WrongCode
    if not await factor_repository.enable(session, user_id, clock.now()):
        raise FactorInUse
    await throttle.forgive(counters)
    codes = await _fresh_codes(session, user_id)
    await audit.record(session, actor, "second_factor.enable", "user", user_id, actor.name)
    return codes


async def new_codes(session: AsyncSession, actor: Actor, code: str) -> list[str]:
    """Ten new recovery codes; the earlier ones are no longer valid."""
    user_id = people.own_id(actor)
    await _check(session, user_id, code, actor.ip)
    codes = await _fresh_codes(session, user_id)
    await audit.record(session, actor, "second_factor.new_codes", "user", user_id, actor.name)
    return codes


async def disable(session: AsyncSession, actor: Actor, password: str, code: str) -> None:
    """Remove the actor's factor. Needs the password and a code.

    Raises:
        Invalid: the password is wrong.
        WrongCode, SignInThrottled, NoFactor.
    """
    user_id = people.own_id(actor)
    user = await people.found(session, user_id)
    await people.check_own_password(user, password, field="factor-password", title="Second factor not switched off")
    await _check(session, user_id, code, actor.ip)
    await factor_repository.remove(session, user_id)
    await audit.record(session, actor, "second_factor.disable", "user", user_id, actor.name)


async def finish_sign_in(session: AsyncSession, token: str, code: str, ip: str) -> int:
    """The id of the person, by the token of the first step and a code.

    Raises:
        PendingOver: the token is not valid, too old or used up, or the password was changed since.
        WrongCode, SignInThrottled, Unavailable.
    """
    found = pending.read(token)
    user = await repository.by_id(session, found.user_id) if found else None
    if found is None or user is None or not found.fits(user):
        raise PendingOver
    try:
        await _check(session, found.user_id, code, ip)
    except NoFactor:
        raise PendingOver from None  # the factor was removed since; the sign-in page lets the person in now
    if not await pending.use_up(found):
        raise PendingOver
    return found.user_id


async def reset(session: AsyncSession, actor: Actor, user_id: int) -> bool:
    """Remove the factor of somebody who lost the phone; signs them out everywhere. False when there was none.

    Raises:
        Forbidden: the person's role is above the actor's.
    """
    actor.require("users:write")
    user = await people.found(session, user_id)
    people.check_reach(actor, user.role)
    if not await factor_repository.remove(session, user_id):
        return False
    await repository.revoke(session, user_id, clock.now())
    await audit.record(session, actor, "second_factor.reset", "user", user_id, user.name)
    return True


async def reset_by_email(session: AsyncSession, email: str) -> bool:
    """`reset` for the command line."""
    user = await repository.by_email(session, rules.normal_email(email))
    if user is None or user.id is None:
        raise NotFound("Nobody signs in with this address.", title="No such person")
    return await reset(session, SYSTEM, user.id)


async def _check(session: AsyncSession, user_id: int, code: str, ip: str) -> None:
    """Check and use up a code of the app or a recovery code. The attempt is counted before the check."""
    factor = await factor_repository.find(session, user_id)
    if factor is None or factor.enabled_at is None:
        raise NoFactor
    counters = throttle.code(user_id, ip)
    await throttle.count(counters)
    if not await _is_code(session, factor, code) and not await _is_recovery_code(session, user_id, code):
        raise WrongCode
    await throttle.forgive(counters)


async def _is_code(session: AsyncSession, factor: SecondFactor, code: str) -> bool:
    """Whether this is the app's code of the current time step or one step before or after, and is unused."""
    given = "".join(code[:50].split())
    if not (given.isascii() and given.isdecimal()):
        return False
    app = pyotp.TOTP(crypto.unseal(factor.secret), interval=STEP_S)
    now = int(clock.now().timestamp()) // STEP_S
    for step in (now, now - 1, now + 1):
        if hmac.compare_digest(app.generate_otp(step), given):
            return await factor_repository.take_step(session, factor.user_id, step)
    return False


async def _is_recovery_code(session: AsyncSession, user_id: int, code: str) -> bool:
    given = _bare(code)
    if len(given) != _CODE_LENGTH:
        return False
    if not await factor_repository.take_recovery_code(session, user_id, crypto.digest(given), clock.now()):
        return False
    user = await people.found(session, user_id)
    left = await factor_repository.codes_left(session, user_id)
    actor = permissions.actor_of(user)
    await audit.record(session, actor, "second_factor.use_recovery_code", "user", user_id, user.name, left=left)
    return True


async def _fresh_codes(session: AsyncSession, user_id: int) -> list[str]:
    codes = ["".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LENGTH)) for _ in range(CODES)]
    await factor_repository.replace_recovery_codes(session, user_id, [crypto.digest(code) for code in codes])
    return ["-".join(code[at : at + 4] for at in range(0, _CODE_LENGTH, 4)) for code in codes]


def _bare(code: str) -> str:
    return "".join(sign for sign in code[:50].lower() if sign not in "- \t")
