"""Reads a campaign's content from its row into the channel's content model, and writes it back. No I/O."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from campaign_app.campaigns.errors import invalid_from
from campaign_app.channels import registry
from campaign_app.channels.content import Channel
from campaign_app.core.errors import Invalid
from campaign_app.models.campaign import CONTENT_COLUMNS, Campaign


def channel_of(campaign: Campaign) -> Channel:
    """The channel through which a campaign is sent."""
    return registry.channel(campaign.channel)


def of(campaign: Campaign) -> Any:
    """The campaign's content, an instance of its channel's model."""
    return read(channel_of(campaign), lambda name: getattr(campaign, name), campaign.content or {})


def of_values(channel: Channel, values: Mapping[str, Any]) -> Any:
    """The content from the fields of a CampaignPatch."""
    return read(channel, values.__getitem__, values.get("content") or {})


def read(channel: Channel, column: Any, content: Mapping[str, Any]) -> Any:
    """The content: fields with a column of their own are read from it, the others from `content`."""
    model = channel.content_model
    values = {name: column(name) for name in model.model_fields if name in CONTENT_COLUMNS}
    return model.model_construct(**values, **{n: v for n, v in content.items() if n in model.model_fields})


def checked(channel: Channel, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The changes, with the content in the form in which the channel stores it.

    Raises:
        Invalid: a field of the content is wrong, or the channel has no such field.
    """
    model = channel.content_model
    given = {name: value for name, value in changes.items() if name in CONTENT_COLUMNS & model.model_fields.keys()}
    other = changes.get("content") or {}
    if unknown := sorted(other.keys() - (model.model_fields.keys() - CONTENT_COLUMNS)):
        raise Invalid(f"{channel.label} has no {unknown[0]}.", {unknown[0]: "This field does not exist"})
    try:
        clean = model.model_validate({**given, **other}).model_dump(mode="json")
    except ValidationError as error:
        raise invalid_from(error) from None
    found = {**changes, **{name: clean[name] for name in given if name != "editor"}}
    return found | ({"content": {name: clean[name] for name in other}} if "content" in changes else {})
