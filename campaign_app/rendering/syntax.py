"""Checks the syntax tree of a message's template before it is compiled.

Refused are constructs that messages do not need (calls, macros, includes), numbers, lists and expressions that are too
large, and lists in calculations, comparisons or output. Everything else is counted while it runs (`operators`).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

from campaign_app.rendering import filters
from campaign_app.rendering.budget import MAX_STEPS
from campaign_app.rendering.errors import TemplateInvalid
from campaign_app.rendering.operators import TESTS

MAX_SOURCE = 1_000_000
MAX_TOKENS = 20_000
MAX_NODES = 10_000
MAX_DEPTH = 60
MAX_LOOPS = 5
MAX_LISTED = 200
MAX_NUMBER = 10**15
_NO_VARIABLES = frozenset({"self", "caller", "varargs", "kwargs"})

ALIASES: Mapping[str, str] = {
    "firstName": "first_name",
    "lastName": "last_name",
    "fullName": "full_name",
    "timeZone": "time_zone",
    "unsubscribeUrl": "unsubscribe_url",
    "viewUrl": "view_url",
    "postalAddress": "postal_address",
}

_LISTS = (nodes.List, nodes.Tuple, nodes.Dict)
_ARITHMETIC = (nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Pow)
_ALLOWED: tuple[type[nodes.Node], ...] = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, *_LISTS,
    nodes.Pair, nodes.If, nodes.CondExpr, nodes.For, nodes.Filter, nodes.Test, nodes.Getattr, nodes.Getitem,
    nodes.Slice, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, *_ARITHMETIC,
    nodes.Neg, nodes.Pos, nodes.Concat, nodes.Assign, nodes.With, nodes.Keyword, nodes.Call,
)  # fmt: skip
_REFUSED: Mapping[str, str] = {
    "Macro": "Macros cannot be used in a message",
    "CallBlock": "Macros cannot be used in a message",
    "Include": "A message cannot include another file",
    "Import": "A message cannot import another file",
    "FromImport": "A message cannot import another file",
    "Extends": "A message cannot extend another template",
    "Block": "Blocks cannot be used in a message",
    "AssignBlock": "{% set %} needs a value: {% set name = … %}",
    "FilterBlock": "Filter blocks cannot be used in a message",
}


def measure(source: str, part: str) -> None:
    """Check the size of the source, before it is parsed.

    Raises:
        TemplateInvalid: it is too long, or has too many tags.
    """
    if len(source) > MAX_SOURCE:
        raise TemplateInvalid(f"The message is longer than {MAX_SOURCE // 1000:,} KB", part=part)
    if source.count("{{") + source.count("{%") + source.count("{#") > MAX_NODES:
        raise TemplateInvalid(f"The message has more than {MAX_NODES:,} template tags", part=part)


def checked(tree: nodes.Template, part: str) -> nodes.Template:
    """The tree, with every costly operation replaced by a call of `operators`.

    Raises:
        TemplateInvalid: it contains something that is not allowed in a message.
    """
    _measure(tree, part)
    guarded: nodes.Template = _Guarded(part).visit(tree)
    return guarded


def _children(node: nodes.Node) -> Iterator[tuple[nodes.Node, bool]]:
    """(child node, whether a loop repeats it) for all children."""
    for name, value in node.iter_fields():
        repeated = isinstance(node, nodes.For) and name in {"body", "test"}
        for child in value if isinstance(value, list) else (value,):
            if isinstance(child, nodes.Node):
                yield child, repeated


def _measure(tree: nodes.Template, part: str) -> None:
    """Check the sizes of the tree, without recursion: it may be deeper than Python's stack."""
    waiting: list[tuple[nodes.Node, int, int]] = [(tree, 0, 0)]
    count = 0
    while waiting:
        node, depth, loops = waiting.pop()
        count += 1
        words = ""
        if count > MAX_NODES:
            words = (
                f"The message has more than {MAX_NODES:,} variables, words and symbols inside its {{{{ }}}} and {{% %}}"
            )
        elif depth > MAX_DEPTH:
            words = f"Too much is nested in one place: at most {MAX_DEPTH} levels of brackets, operations and blocks"
        elif loops > MAX_LOOPS:
            words = f"Loops are nested more than {MAX_LOOPS} deep"
        elif isinstance(node, nodes.Const) and _is_too_large(node.value):
            words = f"A number is too large: at most {MAX_NUMBER:,} is allowed"
        elif isinstance(node, _LISTS) and len(node.items) > MAX_LISTED:
            words = f"A list has more than {MAX_LISTED} items"
        if words:
            raise TemplateInvalid(words, part=part, line=node.lineno)
        waiting += [(child, depth + 1, loops + repeated) for child, repeated in _children(node)]


def _is_too_large(value: Any) -> bool:
    return isinstance(value, int | float) and not -MAX_NUMBER <= value <= MAX_NUMBER


_Filter: Any = nodes.Filter


class _Guarded(NodeTransformer):
    """Refuses what messages do not need, replaces aliases, and routes costly operations through `operators`."""

    def __init__(self, part: str) -> None:
        self.part = part

    def _refuse(self, words: str, node: nodes.Node) -> TemplateInvalid:
        return TemplateInvalid(words, part=self.part, line=node.lineno)

    def _through(self, name: str, node: nodes.Node, *arguments: nodes.Node) -> nodes.Filter:
        made: nodes.Filter = _Filter(node, name, list(arguments), [], None, None, lineno=node.lineno)
        return made

    def _no_list(self, node: nodes.Node | None, words: str) -> None:
        if isinstance(node, _LISTS):
            raise self._refuse(words, node)

    def generic_visit(self, node: nodes.Node, *args: Any, **kwargs: Any) -> nodes.Node:
        if not isinstance(node, _ALLOWED):
            words = _REFUSED.get(type(node).__name__, f"{type(node).__name__} cannot be used in a message")
            raise self._refuse(words, node)
        if isinstance(node, _ARITHMETIC):
            for side in (node.left, node.right):
                self._no_list(side, "Lists cannot be used in calculations")
        result: nodes.Node = super().generic_visit(node, *args, **kwargs)
        return result

    def visit_Output(self, node: nodes.Output) -> nodes.Node:  # noqa: N802  (names of jinja2)
        for child in node.nodes:
            self._no_list(child, 'A list cannot be written as text. Use join(", ") or a loop')
        return self.generic_visit(node)

    def visit_Name(self, node: nodes.Name) -> nodes.Node:  # noqa: N802
        node.name = ALIASES.get(node.name, node.name)
        if node.name.startswith("_") or node.name in _NO_VARIABLES:
            raise self._refuse(f"{node.name} is not a variable", node)
        return node

    def visit_Getattr(self, node: nodes.Getattr) -> nodes.Node:  # noqa: N802
        if node.attr.startswith("_"):
            raise self._refuse(f"{node.attr} cannot be read: only the fields of a contact can", node)
        return self.generic_visit(node)

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:  # noqa: N802
        self._no_list(node.arg, "Only a name or a number can be used in [ ]")
        self.generic_visit(node)
        if not isinstance(node.arg, nodes.Slice):
            return node
        nothing = nodes.Const(None, lineno=node.lineno)
        bounds = (node.arg.start, node.arg.stop, node.arg.step)
        return self._through("_cut", node.node, *(nothing if bound is None else bound for bound in bounds))

    def visit_Pair(self, node: nodes.Pair) -> nodes.Node:  # noqa: N802
        if not isinstance(node.key, nodes.Const):
            raise self._refuse("The keys of a table must be words in quotes", node)
        return self.generic_visit(node)

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802
        if not (isinstance(node.node, nodes.Name) and node.node.name == "range" and 1 <= len(node.args) <= 3):
            raise self._refuse("Functions cannot be called here; only range(…) can", node)
        if node.kwargs or node.dyn_args or node.dyn_kwargs:
            raise self._refuse("range(…) takes plain numbers", node)
        if len(node.args) == 1 and isinstance(node.args[0], nodes.Const) and _is_longer(node.args[0].value):
            raise self._refuse(f"range(…) is longer than {MAX_STEPS:,} steps", node)
        node.args = [self.visit(argument) for argument in node.args]
        return node

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:  # noqa: N802
        self._no_list(node.expr, "Lists cannot be compared")
        for operand in node.ops:
            if operand.op not in {"in", "notin"}:
                self._no_list(operand.expr, "Lists cannot be compared")
        self.generic_visit(node)
        node.expr = self._through("_scalar", node.expr)
        for operand in node.ops:
            searched = operand.op in {"in", "notin"}
            operand.expr = self._through("_searchable" if searched else "_scalar", operand.expr)
        return node

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802
        if node.recursive:
            raise self._refuse("A loop cannot call itself", node)
        self.generic_visit(node)
        node.iter = self._through("_steps", node.iter)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802
        for side in node.nodes:
            self._no_list(side, "Lists cannot be joined with ~")
        self.generic_visit(node)
        first, *rest = node.nodes
        return self._through("_joined", first, *rest)

    def visit_Test(self, node: nodes.Test) -> nodes.Node:  # noqa: N802
        if node.name not in TESTS:
            raise self._refuse(f"There is no test called {node.name}", node)
        return self.generic_visit(node)

    def visit_Filter(self, node: nodes.Filter) -> nodes.Node:  # noqa: N802
        if node.name not in filters.FILTERS:
            listed = ", ".join(sorted(filters.FILTERS))
            raise self._refuse(f"There is no filter called {node.name}. Available filters: {listed}", node)
        if node.node is None:
            raise self._refuse("Filter blocks cannot be used in a message", node)
        if node.dyn_args is not None or node.dyn_kwargs is not None:
            raise self._refuse("A filter takes plain values", node)
        return self.generic_visit(node)


def _is_longer(value: Any) -> bool:
    return isinstance(value, int | float) and value > MAX_STEPS
