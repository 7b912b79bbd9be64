"""The tree of errors that a person may read. Edges map them once: a toast, an HTTP answer, an exit code.

AppError
├── Unauthenticated   401  nobody is signed in
├── Forbidden         403  signed in, but the role lacks the permission
├── NotFound          404  no such object in the actor's scope
├── Conflict          409  the object's state does not allow it now
│   └── SavedMeanwhile     somebody else saved the object after it was opened
├── Invalid           422  the input is wrong; `fields` says where
├── TooMany           429  a limit; `retry_after` in seconds
└── Unavailable       503  an outside service does not answer
"""

from collections.abc import Mapping
from typing import ClassVar


class AppError(Exception):
    """A fact that stops a use case: a sentence for a person, a code for programs, an HTTP status."""

    status: ClassVar[int] = 400
    code: str = "error"

    def __init__(self, message: str, *, title: str = "", code: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.title = title
        self.hint = hint
        self.code = code or type(self).code


class Unauthenticated(AppError):
    """Nobody is signed in, or the session has ended."""

    status = 401
    code = "unauthenticated"


class Forbidden(AppError):
    """The actor's role does not allow this."""

    status = 403
    code = "forbidden"


class NotFound(AppError):
    """The object does not exist, or not for this actor."""

    status = 404
    code = "not_found"


class Conflict(AppError):
    """The object's present state does not allow this."""

    status = 409
    code = "conflict"


class SavedMeanwhile(Conflict):
    """Somebody else saved the object after it was opened. Nothing was overwritten; forms keep what was typed."""

    code = "saved_meanwhile"


class Invalid(AppError):
    """The input is wrong. `fields` maps a field's name to what is wrong with it."""

    status = 422
    code = "invalid"

    def __init__(self, message: str, fields: Mapping[str, str] | None = None, **more: str) -> None:
        super().__init__(message, **more)
        self.fields: dict[str, str] = dict(fields or {})


class TooMany(AppError):
    """A limit was reached; `retry_after` is in seconds."""

    status = 429
    code = "too_many"

    def __init__(self, message: str, retry_after: float = 0.0, **more: str) -> None:
        super().__init__(message, **more)
        self.retry_after = retry_after


class Unavailable(AppError):
    """A service that we depend on does not answer."""

    status = 503
    code = "unavailable"
