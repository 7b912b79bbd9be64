"""Every role with every permission. The table is deliberately written by hand."""

import pytest

from campaign_app.auth.permissions import PERMISSIONS, ROLE_PERMISSIONS, grantable, rank
from campaign_app.core.actor import SYSTEM, Actor
from campaign_app.core.errors import Forbidden
from campaign_app.models.user import Role

LOWEST_ROLE = {
    "campaigns:read": Role.VIEWER,
    "campaigns:write": Role.MARKETER,
    "campaigns:start": Role.MARKETER,
    "campaigns:pause": Role.MARKETER,
    "campaigns:duplicate": Role.MARKETER,
    "campaigns:delete": Role.MARKETER,
    "contacts:read": Role.VIEWER,
    "contacts:write": Role.MARKETER,
    "contacts:delete": Role.MARKETER,
    "contacts:import": Role.MARKETER,
    "contacts:export": Role.MARKETER,
    "segments:read": Role.VIEWER,
    "segments:write": Role.MARKETER,
    "suppressions:read": Role.VIEWER,
    "suppressions:write": Role.MARKETER,
    "templates:read": Role.VIEWER,
    "templates:write": Role.MARKETER,
    "media:read": Role.VIEWER,
    "media:write": Role.MARKETER,
    "accounts:read": Role.MARKETER,
    "accounts:write": Role.ADMIN,
    "users:read": Role.MANAGER,
    "users:write": Role.ADMIN,
    "workspace:read": Role.ADMIN,
    "workspace:write": Role.ADMIN,
    "audit:read": Role.MANAGER,
    "analytics:read": Role.VIEWER,
    "analytics:export": Role.MARKETER,
}


def test_the_table_names_every_permission() -> None:
    assert set(LOWEST_ROLE) == PERMISSIONS


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("permission", sorted(LOWEST_ROLE))
def test_role_and_permission(role: Role, permission: str) -> None:
    actor = Actor(1, "A", "a@example.com", role.value, ROLE_PERMISSIONS[role])
    if rank(role) >= rank(LOWEST_ROLE[permission]):
        actor.require(permission)
    else:
        with pytest.raises(Forbidden) as caught:
            actor.require(permission)
        assert caught.value.code == f"forbidden:{permission}"


@pytest.mark.parametrize("role", Role)
def test_nobody_gives_more_than_they_have(role: Role) -> None:
    actor = Actor(1, "A", "a@example.com", role.value, ROLE_PERMISSIONS[role])
    assert {rank(given) <= rank(role) for given in grantable(actor)} == {True}
    assert grantable(SYSTEM) == list(Role)
