"""What can go wrong with the audience."""

from collections.abc import Sequence

from campaign_app.core.errors import Conflict, Invalid, NotFound, SavedMeanwhile


class ContactNotFound(NotFound):
    """No contact with that id."""

    code = "contact_not_found"


class ContactChanged(SavedMeanwhile):
    """Someone saved the contact in between."""

    code = "contact_changed"


class ContactExists(Invalid):
    """Another contact has this address."""

    code = "contact_exists"


class NameTaken(Invalid):
    """A list or segment with this name exists."""

    code = "name_taken"


class ListNotFound(NotFound):
    """No list with that id."""

    code = "list_not_found"


class SegmentNotFound(NotFound):
    """No segment with that id."""

    code = "segment_not_found"


class SegmentChanged(SavedMeanwhile):
    """Someone saved the segment in between."""

    code = "segment_changed"


class InUse(Conflict):
    """A campaign that has not ended still uses it."""

    code = "in_use"


class AttributeNotFound(NotFound):
    """No custom attribute with that key."""

    code = "attribute_not_found"


class RulesInvalid(Invalid):
    """Segment rules that say nothing sensible; `fields` maps the path of a rule ("rules.0.value") to what is wrong."""

    code = "rules_invalid"


class SuppressionNotFound(NotFound):
    """The address is not suppressed."""

    code = "suppression_not_found"


class ImportNotFound(NotFound):
    """No import with that id."""

    code = "import_not_found"


class FileUnusable(Invalid):
    """The file cannot be imported as it is."""

    code = "file_unusable"


class EncodingUnknown(Invalid):
    """The file can be read in several ways, and nobody has said which is right.

    `candidates`: (codec, name for people, cells of the file as it reads them), the likeliest first.
    """

    code = "encoding_unknown"

    def __init__(self, candidates: Sequence[tuple[str, str, Sequence[str]]]) -> None:
        ways = "\n".join(f"  {codec:<14} {label}: {', '.join(samples)}" for codec, label, samples in candidates)
        message = f"The letters of this file can be read in several ways:\n{ways}"
        super().__init__(message, {"encoding": message}, title="How is the file written?")
        self.candidates = candidates


class ImportState(Conflict):
    """The import is not in the state that this needs."""

    code = "import_state"
