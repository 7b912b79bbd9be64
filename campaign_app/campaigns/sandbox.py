"""The Jinja2 environment of messages: plain data, a few filters, and limits that no template can get around.

Calls, attribute access beyond dictionary keys, macros, imports and includes are refused when the template is read;
loops, text and numbers are counted while it runs.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar

from jinja2 import TemplateSyntaxError, Undefined, nodes
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from campaign_app.campaigns import budget, filters
from campaign_app.campaigns.budget import MAX_STEPS, LimitReached, allow
from campaign_app.campaigns.errors import TemplateInvalid

MAX_SOURCE = 1_000_000
_NO_VARIABLES = frozenset({"self", "caller", "varargs", "kwargs"})
_TESTS = frozenset(
    {"defined", "undefined", "none", "number", "string", "odd", "even", "divisibleby", "in", "eq", "ne", "lt", "le"}
    | {"gt", "ge", "equalto", "lower", "upper", "sequence", "mapping", "true", "false"}
)
_LOOP_FIELDS = frozenset({"index", "index0", "first", "last", "length", "revindex", "revindex0"})

ALIASES: Mapping[str, str] = {
    "firstName": "first_name",
    "lastName": "last_name",
    "fullName": "full_name",
    "timeZone": "time_zone",
    "unsubscribeUrl": "unsubscribe_url",
    "viewUrl": "view_url",
    "postalAddress": "postal_address",
}

_ALLOWED: tuple[type[nodes.Node], ...] = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.List, nodes.Tuple, nodes.Dict,
    nodes.Pair, nodes.If, nodes.CondExpr, nodes.For, nodes.Filter, nodes.Test, nodes.Getattr, nodes.Getitem,
    nodes.Slice, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Add, nodes.Sub, nodes.Mul,
    nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Neg, nodes.Pos, nodes.Concat, nodes.Assign, nodes.With, nodes.Keyword,
    nodes.Pow,
)  # fmt: skip
_REFUSED: Mapping[str, str] = {
    "Call": "Functions cannot be called here; only range(…) can",
    "Macro": "Macros cannot be used in a message",
    "CallBlock": "Macros cannot be used in a message",
    "Include": "A message cannot include another file",
    "Import": "A message cannot import another file",
    "FromImport": "A message cannot import another file",
    "Extends": "A message cannot extend another template",
    "Block": "Blocks cannot be used in a message",
}


def _bounded(items: Any) -> Iterator[Any]:
    if isinstance(items, Undefined) or items is None:
        return
    if not isinstance(items, Iterable):
        raise LimitReached("Only lists can be looped over")
    count = (budget.current.get() or budget.Budget()).step
    for item in items:
        count()
        yield item


def _range(*bounds: Any) -> range:
    numbers = [int(bound) for bound in bounds]
    found = range(*numbers)
    if len(found) > MAX_STEPS:
        raise LimitReached(f"range({', '.join(map(str, numbers))}) is longer than {MAX_STEPS:,} steps")
    return found


def _joined(*parts: Any) -> str:
    texts = [str(part) for part in parts]
    allow(sum(map(len, texts)))
    return "".join(texts)


class _Guarded(NodeTransformer):
    """Refuse what a message does not need, give aliases their one name, count loops and joins."""

    def __init__(self, part: str) -> None:
        self.part = part

    def generic_visit(self, node: nodes.Node, *args: Any, **kwargs: Any) -> nodes.Node:
        if not isinstance(node, _ALLOWED):
            words = _REFUSED.get(type(node).__name__, f"{type(node).__name__} cannot be used in a message")
            raise TemplateInvalid(words, part=self.part, line=node.lineno)
        result: nodes.Node = super().generic_visit(node, *args, **kwargs)
        return result

    def visit_Name(self, node: nodes.Name) -> nodes.Node:  # noqa: N802  (names are jinja2's)
        node.name = ALIASES.get(node.name, node.name)
        if node.name.startswith("_") or node.name in _NO_VARIABLES:
            raise TemplateInvalid(f"{node.name} is not a variable", part=self.part, line=node.lineno)
        return node

    def visit_Getattr(self, node: nodes.Getattr) -> nodes.Node:  # noqa: N802
        if node.attr.startswith("_"):
            raise TemplateInvalid(
                f"{node.attr} cannot be read: only the fields of a contact can", part=self.part, line=node.lineno
            )
        return self.generic_visit(node)

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802
        if not (isinstance(node.node, nodes.Name) and node.node.name == "range" and 1 <= len(node.args) <= 3):
            raise TemplateInvalid(_REFUSED["Call"], part=self.part, line=node.lineno)
        if node.kwargs or node.dyn_args or node.dyn_kwargs:
            raise TemplateInvalid("range(…) takes plain numbers", part=self.part, line=node.lineno)
        node.args = [self.visit(argument) for argument in node.args]
        return node

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802
        if node.recursive:
            raise TemplateInvalid("A loop cannot call itself", part=self.part, line=node.lineno)
        self.generic_visit(node)
        node.iter = nodes.Filter(node.iter, "_bounded", [], [], None, None, lineno=node.lineno)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        first, *rest = node.nodes
        return nodes.Filter(first, "_joined", rest, [], None, None, lineno=node.lineno)

    def visit_Test(self, node: nodes.Test) -> nodes.Node:  # noqa: N802
        if node.name not in _TESTS:
            raise TemplateInvalid(f"There is no test called {node.name}", part=self.part, line=node.lineno)
        return self.generic_visit(node)

    def visit_Filter(self, node: nodes.Filter) -> nodes.Node:  # noqa: N802
        if node.name not in filters.FILTERS:
            listed = ", ".join(sorted(filters.FILTERS))
            raise TemplateInvalid(
                f"There is no filter called {node.name}. There are: {listed}", part=self.part, line=node.lineno
            )
        if node.node is None:
            raise TemplateInvalid("Filter blocks cannot be used in a message", part=self.part, line=node.lineno)
        return self.generic_visit(node)


def _multiply(left: Any, right: Any) -> Any:
    text, times = (left, right) if isinstance(left, str | list | tuple) else (right, left)
    if isinstance(text, str | list | tuple) and isinstance(times, int):
        allow(len(text) * max(times, 0))
    return _number_guard(left) * _number_guard(right)


def _add(left: Any, right: Any) -> Any:
    if isinstance(left, str | list | tuple) and isinstance(right, str | list | tuple):
        allow(len(left) + len(right))
    return _number_guard(left) + _number_guard(right)


def _power(left: Any, right: Any) -> Any:
    if not isinstance(right, int | float) or abs(right) > 64:
        raise LimitReached("Powers above 64 cannot be used")
    return _number_guard(left) ** right


def _remainder(left: Any, right: Any) -> Any:
    if isinstance(left, str):
        raise LimitReached("Text cannot be formatted with %")
    return left % right


def _number_guard(value: Any) -> Any:
    if isinstance(value, int) and value.bit_length() > 256:
        raise LimitReached("A number grows without bound")
    return value


_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "*": _multiply,
    "+": _add,
    "**": _power,
    "%": _remainder,
}


class MessageEnvironment(ImmutableSandboxedEnvironment):
    """Jinja2 for messages. `part` names what is being read, for error messages."""

    intercepted_binops: ClassVar[frozenset[str]] = frozenset({"*", "+", "**", "%"})  # type: ignore[misc]

    def __init__(self, *, html: bool) -> None:
        super().__init__(autoescape=html, keep_trailing_newline=True, cache_size=0)
        self.filters = {**filters.FILTERS, "_bounded": _bounded, "_joined": _joined}
        self.globals = {"range": _range}

    def read(self, source: str, part: str) -> nodes.Template:
        """The guarded syntax tree of a template.

        Raises:
            TemplateInvalid: syntax that is wrong or that a message may not use.
        """
        if len(source) > MAX_SOURCE:
            raise TemplateInvalid(f"The message is longer than {MAX_SOURCE // 1000:,} KB", part=part)
        try:
            return _Guarded(part).visit(self.parse(source))  # type: ignore[no-any-return]
        except TemplateSyntaxError as error:
            raise TemplateInvalid(plain_words(error.message or ""), part=part, line=error.lineno) from None
        except RecursionError:
            raise TemplateInvalid("Brackets are nested too deeply", part=part) from None

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:  # noqa: ARG002
        """Arithmetic with bounds."""
        return _OPERATORS[operator](left, right)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Only dictionary keys, and the counters of a loop."""
        if isinstance(obj, Mapping):
            return obj[attribute] if attribute in obj else self.undefined(obj=obj, name=attribute)
        if isinstance(obj, LoopContext) and attribute in _LOOP_FIELDS:
            return getattr(obj, attribute)
        return self.undefined(obj=obj, name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Keys of dictionaries, positions of lists and texts."""
        if isinstance(obj, Mapping | list | tuple | str):
            try:
                return obj[argument]
            except (LookupError, TypeError):
                pass
        return self.undefined(obj=obj, name=str(argument))


def plain_words(message: str) -> str:
    """Jinja2's message for people who do not know Jinja2."""
    known = (
        ("unexpected 'end of template'", "The message ends inside a {{ … }} or {% … %}"),
        ("unexpected end of template", "The message ends inside a {{ … }} or {% … %}"),
        ("Unexpected end of template", "A {% if %} or {% for %} is never closed with {% endif %} or {% endfor %}"),
        ("expected token 'end of print statement'", "A {{ … }} is not closed with }}, or has words it does not know"),
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
