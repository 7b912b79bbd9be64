"""Code that only tests call is no part of the product: every function and class is named somewhere in it again."""

import ast
import re
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SOURCES = (
    "campaign_app/**/*.py", "campaign_app/**/*.html", "campaign_app/**/*.js*", "bench/**/*.py", "alembic/**/*.py",
    "rxconfig.py",
)  # fmt: skip
CALLED_BY_LIBRARIES = {
    "preprocess": "rx.Middleware",
    "pause_writing": "asyncio.Protocol",
    "resume_writing": "asyncio.Protocol",
    "get_col_spec": "a SQLAlchemy type",
    "call_binop": "Jinja2's environment",
    "getitem": "Jinja2's environment",
    "_tokenize": "Jinja2's environment",
    "get_function_hook": "mypy",
    "getMessage": "logging.LogRecord",
    "handle_comment": "html.parser",
    "handle_data": "html.parser",
    "handle_endtag": "html.parser",
    "handle_starttag": "html.parser",
}


def _texts() -> dict[Path, str]:
    return {path: path.read_text() for pattern in SOURCES for path in ROOT.glob(pattern)}


def _is_called_by_a_library(node: Any) -> bool:
    """Special methods, what a decorator registers, and the methods of a visitor or parser."""
    name = node.name
    return name.startswith(("__", "visit_")) or name in CALLED_BY_LIBRARIES or bool(node.decorator_list)


def test_nothing_is_there_for_tests_only() -> None:
    texts = _texts()
    words = Counter(word for text in texts.values() for word in re.findall(r"\w+", text))
    unused = []
    for path, text in texts.items():
        if path.suffix != ".py" or "campaign_app" not in path.parts:
            continue
        for node in ast.walk(ast.parse(text)):
            defined = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            if defined and words[node.name] == 1 and not _is_called_by_a_library(node):
                unused.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
    assert not unused, "\n".join(unused)
