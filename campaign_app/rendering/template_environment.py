"""The Jinja2 environment of messages: plain data, a few filters, and limits that no template can avoid.

`syntax` checks a template when it is read. `operators`, `filters` and `budget` count what it does while it runs.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from jinja2 import TemplateSyntaxError, nodes
from jinja2.lexer import TokenStream
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from campaign_app.rendering import filters, operators, syntax
from campaign_app.rendering.errors import TemplateInvalid
from campaign_app.rendering.syntax import ALIASES, MAX_TOKENS

__all__ = ["ALIASES", "HTML", "PLAIN", "MessageEnvironment", "plain_words"]

_LOOP_FIELDS = frozenset({"index", "index0", "first", "last", "length", "revindex", "revindex0"})
_GUARDS: Mapping[str, Any] = {
    "_steps": operators.steps,
    "_joined": operators.joined,
    "_scalar": operators.scalar,
    "_searchable": operators.searchable,
    "_cut": operators.cut,
}


class MessageEnvironment(ImmutableSandboxedEnvironment):
    intercepted_binops: ClassVar[frozenset[str]] = frozenset(operators.BINARY)  # type: ignore[misc]

    def __init__(self, *, html: bool) -> None:
        super().__init__(
            autoescape=html, keep_trailing_newline=True, cache_size=0, optimized=False, finalize=operators.finalize
        )
        self.filters = {**filters.FILTERS, **_GUARDS}
        self.tests = dict(operators.TESTS)
        self.globals = {"range": operators.range_}

    def lex(self, source: str, name: str | None = None, filename: str | None = None) -> Iterator[tuple[int, str, str]]:
        """Jinja2's tokens, up to the number that a message may have.

        Raises:
            TemplateInvalid: there are more.
        """
        for position, token in enumerate(super().lex(source, name, filename)):
            if position > MAX_TOKENS:
                words = f"The message has more than {MAX_TOKENS:,} variables, words and symbols in its template tags"
                raise TemplateInvalid(words, part=name or "html", line=token[0])
            yield token

    def _tokenize(
        self, source: str, name: str | None, filename: str | None = None, state: str | None = None
    ) -> TokenStream:
        del state
        return TokenStream(self.lexer.wrap(self.lex(source, name, filename), name, filename), name, filename)

    def read(self, source: str, part: str) -> nodes.Template:
        """The checked syntax tree of a template.

        Raises:
            TemplateInvalid: the syntax is wrong or not allowed in a message.
        """
        syntax.measure(source, part)
        try:
            return syntax.checked(self.parse(source, part), part)
        except TemplateSyntaxError as error:
            raise TemplateInvalid(plain_words(error.message or ""), part=part, line=error.lineno) from None
        except RecursionError:
            raise TemplateInvalid("Brackets are nested too deeply", part=part) from None
        except (ValueError, OverflowError):  # int() of a literal with thousands of digits
            raise TemplateInvalid("A number has too many digits", part=part) from None

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:  # noqa: ARG002
        """Arithmetic with limits."""
        return operators.calculate(operator, left, right)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Allows only dictionary keys and the counters of a loop."""
        if isinstance(obj, Mapping):
            return obj[attribute] if attribute in obj else self.undefined(obj=obj, name=attribute)
        if isinstance(obj, LoopContext) and attribute in _LOOP_FIELDS:
            return getattr(obj, attribute)
        return self.undefined(obj=obj, name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Allows only keys of dictionaries, and positions in lists and texts."""
        if isinstance(obj, Mapping | list | tuple | str):
            try:
                return operators.item(obj, argument)
            except (LookupError, TypeError):
                pass
        return self.undefined(obj=obj, name=str(argument) if operators.is_scalar(argument) else "item")


def plain_words(message: str) -> str:
    """Jinja2's error message in words for people who do not know Jinja2."""
    known = (
        ("unexpected 'end of template'", "The message ends inside a {{ … }} or {% … %}"),
        ("unexpected end of template", "The message ends inside a {{ … }} or {% … %}"),
        ("Unexpected end of template", "A {% if %} or {% for %} is never closed with {% endif %} or {% endfor %}"),
        ("expected token 'end of print statement'", "A {{ … }} is not closed with }}, or contains unknown words"),
        ("unexpected '}'", "A } stands where a name is expected"),
        ("Expected an expression", "A {{ … }} is empty"),
        ("Missing end of comment", "A comment {# … is never closed with #}"),
        ("No filter named", "There is no such filter"),
        ("No test named", "There is no such test"),
    )
    if message.startswith("Encountered unknown tag") and "'" in message:
        return f"There is no tag {{% {message.split(chr(39))[1]} %}}"
    return next((words for start, words in known if message.startswith(start)), message.rstrip("."))


HTML = MessageEnvironment(html=True)
PLAIN = MessageEnvironment(html=False)
