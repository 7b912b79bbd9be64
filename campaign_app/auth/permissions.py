"""The table of roles and their permissions."""

from typing import Final

from campaign_app.core.actor import Actor
from campaign_app.models.user import Role, User

PERMISSIONS: Final[frozenset[str]] = frozenset(
    f"{noun}:{verb}"
    for noun, verbs in {
        "campaigns": "read write start pause duplicate delete",
        "contacts": "read write delete import export",
        "segments": "read write",
        "suppressions": "read write",
        "templates": "read write",
        "media": "read write",
        "accounts": "read write",
        "users": "read write",
        "workspace": "read write",
        "audit": "read",
        "analytics": "read export",
    }.items()
    for verb in verbs.split()
)


def _all_of(*nouns: str) -> frozenset[str]:
    return frozenset(permission for permission in PERMISSIONS if permission.partition(":")[0] in nouns)


_VIEWER: Final = frozenset(
    f"{noun}:read" for noun in ("campaigns", "contacts", "segments", "suppressions", "templates", "media", "analytics")
)
_MARKETER: Final = _VIEWER | _all_of(
    "campaigns", "contacts", "segments", "suppressions", "templates", "media", "analytics"
)
_MARKETER_AND_ACCOUNTS: Final = _MARKETER | {"accounts:read"}
_MANAGER: Final = _MARKETER_AND_ACCOUNTS | {"users:read", "audit:read"}
_ADMIN: Final = _MANAGER | _all_of("accounts", "users", "workspace", "audit")

ROLE_PERMISSIONS: Final[dict[Role, frozenset[str]]] = {
    Role.VIEWER: _VIEWER,
    Role.MARKETER: _MARKETER_AND_ACCOUNTS,
    Role.MANAGER: _MANAGER,
    Role.ADMIN: _ADMIN,
    Role.OWNER: PERMISSIONS,
}
ROLE_TEXTS: Final[dict[Role, str]] = {
    Role.OWNER: "Everything, owners included",
    Role.ADMIN: "Everything except owners: sending accounts, people, workspace",
    Role.MANAGER: "Everything a marketer can do; reads people and the audit log",
    Role.MARKETER: "Builds and sends campaigns, maintains the audience",
    Role.VIEWER: "Reads campaigns, audience and results",
}
FACTOR_ROLES: Final = frozenset({Role.OWNER, Role.ADMIN})
"""The roles of which the workspace can require a second factor."""
_RANK: Final = {role: rank for rank, role in enumerate(reversed(Role))}


def rank(role: Role) -> int:
    """Higher means more rights."""
    return _RANK[role]


def grantable(actor: Actor) -> list[Role]:
    """Roles that the actor may give and change: up to the actor's own. The system may give any."""
    if actor.user_id is None:
        return list(Role)
    return [role for role in Role if rank(role) <= rank(Role(actor.role))]


def actor_of(user: User, ip: str = "") -> Actor:
    """The user as an actor."""
    return Actor(user.id, user.name, user.email, user.role.value, ROLE_PERMISSIONS[user.role], ip, user.time_zone)
