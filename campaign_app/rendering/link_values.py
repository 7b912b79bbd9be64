"""Links with variables: the values of one person that their tokens carry, and the address restored from them.

Most addresses are text around `{{ … }}`. Their tokens carry the values, which links of one message often share. The
template of the address is stored with the campaign. Tokens of other links carry the whole address.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from campaign_app.kit import template_tags
from campaign_app.rendering import budget, urls
from campaign_app.rendering.compiled_template import CompiledTemplate
from campaign_app.rendering.template_environment import PLAIN

MOST = 1_500
"""Most bytes of values in a token. A longer link is sent as it is and its clicks are not counted."""

_BETWEEN = "\0"
_VALUES = b"\1"
_WHOLE = b"\2"
_WEB = ("http://", "https://")


class LinkValues(NamedTuple):
    """One person's values. `packed`: (positions of links, bytes in their tokens). `whole`: addresses sent unchanged."""

    packed: Sequence[tuple[tuple[int, ...], bytes]]
    whole: Mapping[str, str]


NONE = LinkValues((), {})


class _Group(NamedTuple):
    positions: tuple[int, ...]
    values: CompiledTemplate
    separators: int


class PersonalLinks:
    """A message's links with variables. `templates`: position → template of the address.

    Raises:
        TemplateInvalid: one of them cannot be read.
    """

    __slots__ = ("_groups", "_is_fixed", "_links", "_odd")

    def __init__(self, templates: Mapping[int, str]) -> None:
        self._links: dict[int, CompiledTemplate] = {}
        self._odd: list[int] = []
        together: dict[str, list[int]] = {}
        for position, url in templates.items():
            source = urls.encoded(url)
            self._links[position] = part = CompiledTemplate(PLAIN, source, "link")
            pieces = _pieces(url) if part.is_flat else None
            if pieces is None:
                self._odd.append(position)
            else:
                together.setdefault(_BETWEEN.join(text for is_tag, text in pieces if is_tag), []).append(position)
        self._groups = [
            _Group(tuple(positions), CompiledTemplate(PLAIN, source, "link"), source.count(_BETWEEN))
            for source, positions in together.items()
        ]
        parts = [*(group.values for group in self._groups), *(self._links[position] for position in self._odd)]
        self._is_fixed = all(part.is_fixed for part in parts)

    def __contains__(self, position: object) -> bool:
        return position in self._links

    def values(self, context: Mapping[str, Any]) -> LinkValues:
        """The link values of one person.

        Raises:
            RenderError: it cannot be rendered with this person's values, or a limit was reached.
            ValueError: a value contains a lone surrogate.
        """
        if not self._links:
            return NONE
        if self._is_fixed:
            return self._values(context)
        token = budget.begin()
        try:
            return self._values(context)
        finally:
            budget.end(token)

    def _values(self, context: Mapping[str, Any]) -> LinkValues:
        packed: list[tuple[tuple[int, ...], bytes]] = []
        one_by_one = self._odd
        for positions, values, separators in self._groups:
            text = values.render(context)
            raw = _VALUES + text.encode()
            if len(raw) <= MOST and text.count(_BETWEEN) == separators:
                packed.append((positions, raw))
            else:
                one_by_one = [*one_by_one, *positions]
        if not one_by_one:
            return LinkValues(packed, NONE.whole)
        whole = {}
        for position in one_by_one:
            url = self._links[position].render(context).strip()
            raw = _WHOLE + url.encode()
            if len(raw) > MOST and url[:8].lower().startswith(_WEB):
                whole[f"link_{position}"] = url
            else:
                packed.append(((position,), raw if len(raw) <= MOST else _WHOLE))
        return LinkValues(packed, whole)


def whole(url: str) -> bytes:
    """The bytes of a token that carries a whole address."""
    return _WHOLE + url.encode()


def address(template: str, packed: bytes) -> str:
    """The address of a link from the values in its token; "" when they do not fit the template."""
    text = packed[1:].decode("utf-8", "replace")
    if packed[:1] == _WHOLE:
        return text
    pieces = _pieces(template) or ()
    values = text.split(_BETWEEN)
    if len(values) != sum(is_tag for is_tag, _ in pieces):
        return ""
    rest = iter(values)
    return "".join(next(rest) if is_tag else text for is_tag, text in pieces).strip()


@lru_cache(maxsize=4_096)
def _pieces(template: str) -> tuple[tuple[bool, str], ...] | None:
    """(is a variable, text) pairs of an address; None when it has other tags than variables."""
    found = tuple(template_tags.pieces(urls.encoded(template)))
    if all(_prints(text) for is_tag, text in found if is_tag):
        return found
    return None


def _prints(tag: str) -> bool:
    return tag.startswith("{{") and tag[2] not in "-+" and tag.endswith("}}") and tag[-3] not in "-+"
