"""The person or system that calls a use case. Every use case takes an Actor and checks its permission."""

from dataclasses import dataclass

from campaign_app.core.errors import Forbidden


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in person, or the system itself (`user_id` None). `time_zone` "": the workspace's."""

    user_id: int | None
    name: str
    email: str
    role: str
    permissions: frozenset[str]
    ip: str = ""
    time_zone: str = ""

    def can(self, permission: str) -> bool:
        """Whether the actor's role includes `permission` (`noun:verb`)."""
        return permission in self.permissions or "*" in self.permissions

    def require(self, permission: str) -> None:
        """Raise Forbidden unless the actor may do `permission`."""
        if not self.can(permission):
            raise Forbidden(
                f"Your role ({self.role}) does not include this. Ask an admin of this workspace.",
                title="Not allowed",
                code=f"forbidden:{permission}",
            )


SYSTEM = Actor(
    user_id=None,
    name="Automatic",
    email="",
    role="system",
    permissions=frozenset({"*"}),
)
