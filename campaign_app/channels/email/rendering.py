"""Asks the rendering process, which can be killed, to parse, render or check a message. Its side is `jobs.py`."""

from collections.abc import Mapping, Sequence
from typing import Any

from campaign_app.channels.content import Inspected, Shown
from campaign_app.channels.email import jobs
from campaign_app.rendering import isolated
from campaign_app.rendering.finding import Finding
from campaign_app.rendering.jobs import know
from campaign_app.rendering.templating import Prepared

READ_S = 2.0
SAMPLE_S = 6.0
know(jobs.__name__)


Fields = Mapping[str, Any]
"""subject, preheader, editor, html, text."""


async def prepare(who: str, fields: Fields, **options: Any) -> Prepared:
    """Parse a message for `templating.assemble`. `options` are those of `templating.prepare_message`.

    Raises:
        TemplateInvalid: it cannot be read. TooSlow: reading it takes too long. NotRunning, TooMany: not now.
    """
    return Prepared.from_json(await isolated.run(who, READ_S, jobs.prepare, dict(fields), options))


async def preview(
    who: str, fields: Fields, person: Mapping[str, Any], around: Mapping[str, str], *, marked: bool
) -> Shown:
    """A message for one person (`context_for`). With `marked`, empty variables are shown as empty.

    Raises:
        RenderError: it cannot be made, or takes too long. NotRunning, TooMany: not now.
    """
    found = await isolated.run(who, READ_S, jobs.preview, dict(fields), dict(person), dict(around), marked)
    subject, preheader, html, text, missing, variables = found
    return Shown(subject, preheader, html, text, tuple(missing), tuple(variables))


async def inspect(
    who: str, fields: Fields, sample: Sequence[Mapping[str, Any]], around: Mapping[str, str], attributes: Sequence[str]
) -> Inspected:
    """Make a message for a sample of people and report what is wrong with it.

    Raises:
        RenderError: it cannot be read, or takes too long. NotRunning, TooMany: not now.
    """
    people = [dict(person) for person in sample]
    found = await isolated.run(who, SAMPLE_S, jobs.inspect, dict(fields), people, dict(around), list(attributes))
    findings = tuple(Finding(*each) for each in found[0])
    return Inspected(findings, tuple(found[1]), frozenset(found[2]), frozenset(found[3]))
