"""E-mail's jobs in the rendering process: parse a message, render it for one person, check it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import astuple
from typing import Any

from markupsafe import Markup

from campaign_app.channels.email import content_checks as content
from campaign_app.rendering.errors import RenderError
from campaign_app.rendering.finding import Finding, blocking, people
from campaign_app.rendering.templating import (
    CompiledMessage,
    Rendered,
    assemble,
    compile_message,
    prepare_message,
)

_MARK = Markup('<mark style="background:#ffe7b3;color:#4e2009;border-radius:3px;padding:0 2px">{}</mark>')
_MOST_ERRORS = 20
Values = dict[str, Any]


def prepare(fields: Values, options: Values) -> Values:
    """Parse a message and test it. Returns plain data that can be sent to another process."""
    prepared = prepare_message(**fields, **options)
    assemble(prepared)
    return prepared.to_json()


def preview(fields: Values, person: Values, around: Values, marked: bool) -> list[Any]:
    """Subject, preheader, HTML and text for one person, the missing variables, and all variables."""
    message = compile_message(**fields)
    values = {**person, **around}
    shown = _marked(message, values) if marked else message.render(values)
    preheader = _preheader(fields["preheader"], person)
    missing = sorted(message.missing(person))
    return [shown.subject, preheader, shown.html, shown.text, missing, sorted(message.variables)]


def _marked(message: CompiledMessage, values: Values) -> Rendered:
    holes = {name: _MARK.format(name) for name in message.missing(values)}
    plain = message.render({**values, **{name: f"[{name}]" for name in holes}})
    if not holes:
        return plain
    return Rendered(plain.subject, message.render({**values, **holes}).html, plain.text)


def _preheader(template: str, person: Values) -> str:
    try:
        return compile_message(template, "", "", footer=False).render(person).subject
    except RenderError:
        return template


def inspect(fields: Values, sample: list[Values], around: Values, attributes: list[str]) -> list[Any]:
    """Findings, link targets, variables and required variables."""
    written = content.Written(**fields)
    compiled = compile_message(**fields, track_opens=True)
    made, errors = _made(compiled, sample, around)
    found = content.subject(written.subject, [each.subject for each in made])
    found += [_cannot(words, number, len(sample)) for words, number in errors.most_common(3)]
    found += content.size(max((each.html for each in made), key=len, default=written.html))
    found += content.links(written)
    found += content.placeholders(written)
    found += content.footer(written)
    found += content.unknown_variables(compiled, attributes)
    found += content.spam_signals(written)
    targets = [target for target in content.targets(written) if content.link(target) is None]
    return [[astuple(each) for each in found], targets, sorted(compiled.variables), sorted(compiled.required)]


def _made(
    compiled: CompiledMessage, sample: list[Values], around: Mapping[str, str]
) -> tuple[list[Rendered], Counter[str]]:
    made: list[Rendered] = []
    errors: Counter[str] = Counter()
    for person in sample:
        values = {**person, **around}
        if compiled.missing(values):
            continue  # these recipients are skipped, and counted by set of missing variables
        try:
            made.append(compiled.render(values))
        except RenderError as error:
            errors[error.message] += 1
            if sum(errors.values()) >= _MOST_ERRORS:
                break
    return made, errors


def _cannot(words: str, number: int, sample: int) -> Finding:
    detail = f"{words}. Tried for {people(sample)} of the audience."
    title = f"The message cannot be made for {people(number)}"
    return blocking(title, detail, "content", "render", number)
