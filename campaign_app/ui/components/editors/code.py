"""CodeMirror: the HTML of a message with variable completion. The two-way rule is that of `message`."""

import reflex as rx

from campaign_app.ui.components.editors.model import CODEMIRROR_PACKAGES, LUCIDE, RADIX, VariableChoice

_shared = [rx.asset("variable_menu.jsx", shared=True), rx.asset("expressions.js", shared=True)]
_code = rx.asset("code_editor.jsx", shared=True)


class CodeEditor(rx.NoSSRComponent):
    """The source. `on_change` gets the whole text 300 ms after the last key."""

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
