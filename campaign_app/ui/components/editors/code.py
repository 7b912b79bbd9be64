"""CodeMirror: the HTML of a message with variable completion. The two-way rule of `message` applies."""

from typing import Any

import reflex as rx

from campaign_app.ui.components.editors.assets import with_short_stack
from campaign_app.ui.components.editors.model import CODEMIRROR_PACKAGES, LUCIDE, RADIX, VariableChoice


def _assets() -> Any:
    for name in ("variable_menu.jsx", "expressions.js", "code_look.js"):
        rx.asset(name, shared=True)
    return rx.asset("code_editor.jsx", shared=True)


_code = with_short_stack(_assets)


class CodeEditor(rx.NoSSRComponent):
    """The HTML source. `on_change` gets the whole text 300 ms after the last key."""

    library = _code.importable_path
    tag = "CodeEditor"
    lib_dependencies: list[str] = [*CODEMIRROR_PACKAGES, RADIX, LUCIDE]

    editor_id: rx.Var[str]
    value: rx.Var[str]
    revision: rx.Var[int]
    variables: rx.Var[list[VariableChoice]]
    label: rx.Var[str]
    dark: rx.Var[bool]
    on_change: rx.EventHandler[lambda text: [text]]  # type: ignore[type-arg,valid-type]
