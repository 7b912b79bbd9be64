"""File drop's jobs in the process that can be killed. Plain data only."""

from typing import Any

from jinja2 import meta

from campaign_app.rendering.compiled_template import CompiledTemplate
from campaign_app.rendering.template_environment import PLAIN
from campaign_app.rendering.usage import needs_value


def read(body: str) -> dict[str, Any]:
    """A text read and compiled once, with the names that it uses and needs."""
    tree = PLAIN.read(body, "text")
    CompiledTemplate(PLAIN, body, "text")
    return {
        "body": body,
        "variables": sorted(meta.find_undeclared_variables(tree)),
        "required": sorted(needs_value(tree)),
    }


def show(body: str, people: list[dict[str, Any]]) -> list[str]:
    """The text for each of these people."""
    part = CompiledTemplate(PLAIN, body, "text")
    return [part.render(person) for person in people]
