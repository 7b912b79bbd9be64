"""The content step of e-mail: editors with a preview beside them."""

from campaign_app.ui.campaign_builder.content import content_step

__all__ = ["content_step"]
