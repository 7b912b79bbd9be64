"""Errors of the media room."""

from campaign_app.core.errors import Conflict, Invalid, NotFound, SavedMeanwhile


class MediaNotFound(NotFound):
    code = "media_not_found"


class MediaRefused(Invalid):
    """The file's type is not accepted, or the file is damaged or too large."""

    code = "media_refused"

    def __init__(self, why: str) -> None:
        super().__init__(why, {"file": why}, title="File not accepted")


class MediaChanged(SavedMeanwhile):
    """Someone else saved the name or the alternative text after it was loaded."""

    code = "media_changed"


class MediaInUse(Conflict):
    """A campaign or template uses the file."""

    code = "media_in_use"


class LibraryFull(Conflict):
    """All files together would exceed the limit of the installation."""

    code = "media_library_full"
