"""How a template uses its variables, from its syntax tree. No I/O."""

from collections.abc import Iterable

from jinja2 import nodes

_DEFAULTS = frozenset({"default", "d"})


def sets_names(tree: nodes.Node) -> frozenset[str]:
    """Names to which the template itself assigns values (set, for, with). They are unknown outside it."""
    return frozenset(name.name for name in tree.find_all(nodes.Name) if name.ctx in {"store", "param"})


def needs_value(tree: nodes.Node) -> frozenset[str]:
    """Variables that leave a gap in the message when empty: printed without a default and without an `if` around."""
    found: set[str] = set()
    _visit(tree, frozenset({"loop", "range"}) | sets_names(tree), found)
    return frozenset(found)


def _named(node: nodes.Node) -> frozenset[str]:
    own = {node.name} if isinstance(node, nodes.Name) else set()
    return frozenset(own | {name.name for name in node.find_all(nodes.Name)})


def _visit(node: nodes.Node, safe: frozenset[str], found: set[str]) -> None:
    if isinstance(node, nodes.Name):
        if node.ctx == "load" and node.name not in safe:
            found.add(node.name)
    elif isinstance(node, nodes.Filter) and node.name in _DEFAULTS and node.node is not None:
        _visit(node.node, safe | _named(node.node), found)
        _visit_all(node.args, safe, found)
    elif isinstance(node, nodes.If):
        asked = safe | _named(node.test)
        _visit_all(node.body, asked, found)
        _visit_all(node.elif_, safe, found)
        _visit_all(node.else_, safe, found)
    elif isinstance(node, nodes.CondExpr):
        _visit(node.expr1, safe | _named(node.test), found)
        if node.expr2 is not None:
            _visit(node.expr2, safe, found)
    elif isinstance(node, nodes.Or):
        _visit(node.left, safe | _named(node.left), found)
        _visit(node.right, safe, found)
    elif isinstance(node, nodes.For):
        _visit_all(node.body, safe, found)
        _visit_all(node.else_, safe, found)
    elif not isinstance(node, nodes.Test | nodes.Compare):
        _visit_all(node.iter_child_nodes(), safe, found)


def _visit_all(children: Iterable[nodes.Node], safe: frozenset[str], found: set[str]) -> None:
    for child in children:
        _visit(child, safe, found)
