"""What can go wrong with media."""

from campaign_app.core.errors import Conflict, Invalid, NotFound, SavedMeanwhile


class MediaNotFound(NotFound):
    """No file with that id."""

    code = "media_not_found"


class MediaRefused(Invalid):
    """The file is of no accepted type, damaged or too large."""

    code = "media_refused"

    def __init__(self, why: str) -> None:
        super().__init__(why, {"file": why}, title="File not accepted")


class MediaChanged(SavedMeanwhile):
    """Someone saved the name or the alternative text in between."""

    code = "media_changed"


class MediaInUse(Conflict):
    """A campaign or a template refers to the file."""

    code = "media_in_use"


class LibraryFull(Conflict):
    """The files together would be larger than the workspace allows."""

    code = "media_library_full"
