"""What the rendering process does: read a message, make it for one person, look for mistakes in it. Plain data only."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass
from typing import Any

from markupsafe import Markup

from campaign_app.campaigns import content_checks as content
from campaign_app.campaigns.errors import RenderError
from campaign_app.campaigns.finding import Finding
from campaign_app.campaigns.templating import (
    CompiledMessage,
    Rendered,
    assemble,
    compile_message,
    prepare_message,
)

_MARK = Markup('<mark style="background:#ffe7b3;color:#4e2009;border-radius:3px;padding:0 2px">{}</mark>')
_MOST_ERRORS = 20
Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Fields:
    subject: str
    preheader: str
    editor: str
    html: str
    text: str


def answer(job: str, *arguments: Any) -> list[Any]:
    """The result of a job, or what is wrong, as JSON knows it."""
    try:
        return ["ok", _JOBS[job](*arguments)]
    except RenderError as error:
        return _said(error)
    except MemoryError:
        return _said(RenderError("Making the message needs too much memory"))


def _said(error: RenderError) -> list[Any]:
    return ["error", error.code, error.plain, error.part, error.line]


def refused(error: RenderError) -> bytes:
    """An answer that says what is wrong."""
    return json.dumps(_said(error)).encode()


def too_large() -> list[Any]:
    """The answer in place of one that is too large to be handed over."""
    return _said(RenderError("The message is too large"))


def prepare(fields: Values, options: Values) -> Values:
    """A message read and tried out, in the form that travels."""
    prepared = prepare_message(**fields, **options)
    assemble(prepared)
    return prepared.to_json()


def preview(fields: Values, person: Values, around: Values, marked: bool) -> list[Any]:
    """Subject, preheader, HTML and text for one person, what is missing, and every variable."""
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
    written: Any = _Fields(**fields)
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
    targets = content.targets(written)
    return [[astuple(each) for each in found], targets, sorted(compiled.variables), sorted(compiled.required)]


def _made(
    compiled: CompiledMessage, sample: list[Values], around: Mapping[str, str]
) -> tuple[list[Rendered], Counter[str]]:
    made: list[Rendered] = []
    errors: Counter[str] = Counter()
    for person in sample:
        values = {**person, **around}
        if compiled.missing(values):
            continue  # skipped when sent, and counted by set
        try:
            made.append(compiled.render(values))
        except RenderError as error:
            errors[error.message] += 1
            if sum(errors.values()) >= _MOST_ERRORS:
                break
    return made, errors


def _cannot(words: str, number: int, sample: int) -> Finding:
    detail = f"{words}. Tried for {content.people(sample)} of the audience."
    title = f"The message cannot be made for {content.people(number)}"
    return content.blocking(title, detail, "content", "render", number)


_JOBS: Mapping[str, Callable[..., Any]] = {"prepare": prepare, "preview": preview, "inspect": inspect}
