"""Mail that came back, posted by the mail server that received it: `Content-Type: message/rfc822`, the raw message.

`X-Beacon-Signature` is the HMAC-SHA256 of the body in hex, with the key `core.crypto.derive("hooks mail")`.
"""

import hashlib
import hmac
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from campaign_app.channels import registry
from campaign_app.core import db
from campaign_app.core.crypto import derive
from campaign_app.tracking import inbound

router = APIRouter(tags=["Hooks"])
MAIL: Final = "email"
SIGNATURE: Final = "X-Beacon-Signature"


def signature(body: bytes) -> str:
    """What the header must hold for this body."""
    return hmac.digest(derive("hooks mail"), body, hashlib.sha256).hex()


@router.post("/hooks/mail", summary="Take a bounce (RFC 3464), a complaint (RFC 5965) or a reply")
async def returned_mail(request: Request) -> JSONResponse:
    """200 with what was recorded, also when nothing was: the sender must not try again. 401 for a wrong signature."""
    body = await request.body()
    given = request.headers.get(SIGNATURE, "")
    if not hmac.compare_digest(signature(body).encode(), given.strip().lower().encode()):
        content = {"error": {"code": "bad_signature", "message": "The signature does not fit the body.", "fields": {}}}
        return JSONResponse(content, 401)
    async with db.transaction() as session:
        taken = await inbound.take(session, registry.channel(MAIL), body)
    return JSONResponse({"facts": taken.facts, "matched": taken.matched, "new": taken.new})
