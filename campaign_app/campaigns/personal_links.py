"""The links of a message whose address has variables: where each leads for one person."""

import secrets
from collections.abc import Mapping
from typing import Any

from campaign_app.campaigns import budget, urls
from campaign_app.campaigns.part import Part
from campaign_app.campaigns.sandbox import PLAIN

_NONE: Mapping[int, str] = {}


class PersonalLinks:
    """`templates` by position. They are rendered as one part, so that what several ask for is calculated once.

    Raises:
        TemplateInvalid: one of them cannot be read.
    """

    __slots__ = ("_is_fixed", "_parts", "_positions", "_separator")

    def __init__(self, templates: Mapping[int, str]) -> None:
        sources = [urls.encoded(url) for url in templates.values()]
        self._positions = tuple(templates)
        self._separator = f"\0{secrets.token_hex(16)}\0"
        self._parts = [Part(PLAIN, source, "link") for source in sources]
        if len(sources) > 1 and all(part.is_flat for part in self._parts):
            self._parts = [Part(PLAIN, self._separator.join(sources), "link")]
        self._is_fixed = all(part.is_fixed for part in self._parts)

    def targets(self, context: Mapping[str, Any]) -> Mapping[int, str]:
        """The addresses by position.

        Raises:
            RenderError: this person's values make it impossible, or a limit was reached.
        """
        if not self._positions:
            return _NONE
        if self._is_fixed:
            return self._rendered(context)
        token = budget.begin()
        try:
            return self._rendered(context)
        finally:
            budget.end(token)

    def _rendered(self, context: Mapping[str, Any]) -> dict[int, str]:
        found = self._separator.join([part.render(context) for part in self._parts]).split(self._separator)
        return {position: url.strip() for position, url in zip(self._positions, found, strict=True)}
