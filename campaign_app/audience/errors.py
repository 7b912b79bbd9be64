"""Errors of the audience room."""

from collections.abc import Sequence

from campaign_app.core.errors import Conflict, Invalid, NotFound, SavedMeanwhile


class ContactNotFound(NotFound):
    code = "contact_not_found"


class ContactChanged(SavedMeanwhile):
    """Someone else saved the contact after it was loaded."""

    code = "contact_changed"


class ContactExists(Invalid):
    """Another contact has this address."""

    code = "contact_exists"


class NameTaken(Invalid):
    """A list, segment or attribute with this name exists."""

    code = "name_taken"


class ListNotFound(NotFound):
    code = "list_not_found"


class SegmentNotFound(NotFound):
    code = "segment_not_found"


class SegmentChanged(SavedMeanwhile):
    """Someone else saved the segment after it was loaded."""

    code = "segment_changed"


class InUse(Conflict):
    """A campaign, segment, template or import still uses it."""

    code = "in_use"


class AttributeNotFound(NotFound):
    code = "attribute_not_found"


class RulesInvalid(Invalid):
    """Segment rules that are not valid. `fields`: path of a rule ("rules.0.value") → what is wrong."""

    code = "rules_invalid"


class SuppressionNotFound(NotFound):
    code = "suppression_not_found"


class ImportNotFound(NotFound):
    code = "import_not_found"


class FileUnusable(Invalid):
    code = "file_unusable"


class EncodingUnknown(Invalid):
    """The file can be read in several encodings, and nobody has chosen one.

    `candidates`: (codec, name for people, cells of the file in this encoding), the likeliest first.
    """

    code = "encoding_unknown"

    def __init__(self, candidates: Sequence[tuple[str, str, Sequence[str]]]) -> None:
        ways = "\n".join(f"  {codec:<14} {label}: {', '.join(samples)}" for codec, label, samples in candidates)
        message = f"The characters of this file can be read in several ways:\n{ways}"
        super().__init__(message, {"encoding": message}, title="Which encoding does the file have?")
        self.candidates = candidates


class ImportState(Conflict):
    """The import's status does not allow this."""

    code = "import_state"
