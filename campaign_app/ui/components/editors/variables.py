"""The entries of the variable menu, with one person's values. Pure."""

import re
from collections.abc import Mapping
from typing import Any, Final

from campaign_app.kit import template_tags
from campaign_app.ui.components.editors.model import VariableChoice

CONTACT_LABELS: Final[Mapping[str, str]] = {
    "first_name": "First name",
    "last_name": "Last name",
    "full_name": "Full name",
    "company": "Company",
    "email": "E-mail address",
    "phone": "Phone",
    "language": "Language",
    "time_zone": "Time zone",
}
_MESSAGE_LABELS: Final[Mapping[str, str]] = {
    "unsubscribe_url": "Unsubscribe link",
    "view_url": "View in browser link",
    "postal_address": "Postal address",
}


def labels(custom: Mapping[str, str]) -> dict[str, str]:
    """Every variable's label for people; `custom` are the workspace's custom attributes."""
    return {**custom, **CONTACT_LABELS, **_MESSAGE_LABELS}


_PRINTED: Final = re.compile(r"\{\{[-+]?\s*(\w+)")


def in_words(source: str) -> str:
    """A line of a message without code: `{{ first_name|default("there") }}` becomes {First name}."""

    def word(tag: str) -> str:
        found = _PRINTED.match(tag)
        name = found.group(1) if found else ""
        return f"{{{CONTACT_LABELS.get(name) or name.replace('_', ' ').capitalize()}}}" if name else ""

    return "".join(word(text) if is_tag else text for is_tag, text in template_tags.pieces(source))


def with_values(source: str, values: Mapping[str, Any]) -> str:
    """A line of a message with one person's values, before filters. Used to count its letters while somebody types."""

    def value(tag: str) -> str:
        found = _PRINTED.match(tag)
        return str(values.get(found.group(1)) or "") if found else ""

    return "".join(value(text) if is_tag else text for is_tag, text in template_tags.pieces(source))


def choices(custom: Mapping[str, str], values: Mapping[str, Any]) -> list[VariableChoice]:
    """The rows of the menu: contact, custom attributes, message."""

    def row(name: str, label: str, group: str) -> VariableChoice:
        return VariableChoice(name, label, group, str(values.get(name) or ""))

    return [
        *(row(name, label, "Contact") for name, label in CONTACT_LABELS.items()),
        *(row(name, label, "Your own fields") for name, label in custom.items() if name not in CONTACT_LABELS),
        *(VariableChoice(name, label, "Message", "Made when sending") for name, label in _MESSAGE_LABELS.items()),
    ]
