"""The house stays one that can be read: no import cycles, also inside rooms, and nothing grows too long."""

import ast
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[1]
MODULE_LINES, FUNCTION_LINES, METHODS = 400, 60, 25
PROTOCOL_MACHINES = {"Connection", "Dialogue", "Session"}
"""SMTP's two sides: a method per step of the protocol."""


@cache
def modules() -> dict[str, ast.Module]:
    found = {}
    for path in sorted((ROOT / "campaign_app").rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        found[name.removesuffix(".__init__")] = ast.parse(path.read_text())
    return found


def _for_types_only(tree: ast.Module) -> set[ast.AST]:
    guards = [node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)]
    return {inner for guard in guards for inner in ast.walk(guard)}


def imports(name: str) -> set[str]:
    """The modules of the product that a module imports, also within functions."""
    tree, known, found = modules()[name], modules(), set()
    left_out = _for_types_only(tree)
    for node in ast.walk(tree):
        if node in left_out:
            continue
        if isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= inner & known.keys() or {node.module} & known.keys()
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names} & known.keys()
    return found - {name}


def test_no_module_imports_itself_by_way_of_others() -> None:
    try:
        TopologicalSorter({name: imports(name) for name in modules()}).prepare()
    except CycleError as error:
        raise AssertionError(" → ".join(error.args[1])) from None


def test_modules_functions_and_classes_are_short() -> None:
    long = []
    for name, tree in modules().items():
        lines = max((getattr(node, "end_lineno", 0) for node in tree.body), default=0)
        if lines > MODULE_LINES:
            long.append(f"{name}: {lines} lines")
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                if length > FUNCTION_LINES:
                    long.append(f"{name}.{node.name}: {length} lines")
            if isinstance(node, ast.ClassDef) and node.name not in PROTOCOL_MACHINES:
                methods = sum(isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef) for part in node.body)
                if methods > METHODS:
                    long.append(f"{name}.{node.name}: {methods} methods")
    assert not long, "\n".join(long)
