"""Errors of the campaigns room, with messages for the person who builds the campaign."""

from pydantic import ValidationError

from campaign_app.core.errors import Invalid, NotFound, SavedMeanwhile


class CampaignNotFound(NotFound):
    def __init__(self) -> None:
        super().__init__(
            "This campaign does not exist any more. Someone may have deleted it.", title="No such campaign"
        )


class SavedByAnother(SavedMeanwhile):
    """Someone else saved it after it was loaded. `version`: the one that is stored now."""

    code = "saved_by_another"

    def __init__(self, what: str, who: str, when: str, version: int) -> None:
        super().__init__(
            f"{who} saved this {what} {when}, after you opened it. What you wrote is still here and nothing was "
            "overwritten. Load the saved version and put your change in again, or copy your text first.",
            title=f"{who} saved in between",
        )
        self.who = who
        self.version = version


def invalid_from(error: ValidationError) -> Invalid:
    """Turns pydantic's errors into one error with messages for people."""
    words = {
        "string_too_short": "Give it a name",
        "string_too_long": "This is too long: at most {max_length} characters",
        "greater_than_equal": "At least {ge}",
        "less_than_equal": "At most {le}",
    }
    fields = {}
    for problem in error.errors():
        name = str(problem["loc"][0]) if problem["loc"] else "input"
        said = words.get(problem["type"], problem["msg"].removeprefix("Value error, "))
        fields[name] = said.format(**(problem.get("ctx") or {})) if "{" in said else said
    first = next(iter(fields.items()))
    return Invalid(f"{first[0].replace('_', ' ').capitalize()}: {first[1]}.", fields, title="Not saved")
