"""What can be wrong with a campaign, in words for the person who builds it."""

from campaign_app.core.errors import NotFound, SavedMeanwhile


class CampaignNotFound(NotFound):
    """No such campaign, or it was deleted."""

    def __init__(self) -> None:
        super().__init__(
            "This campaign does not exist any more. Someone may have deleted it.", title="No such campaign"
        )


class SavedByAnother(SavedMeanwhile):
    """Someone else saved in between; `version` is the one now stored."""

    code = "saved_by_another"

    def __init__(self, what: str, who: str, when: str, version: int) -> None:
        super().__init__(
            f"{who} saved this {what} {when}, after you opened it. What you wrote is still here and nothing was "
            "overwritten. Load the saved version and put your change in again, or copy your text first.",
            title=f"{who} saved in between",
        )
        self.who = who
        self.version = version
