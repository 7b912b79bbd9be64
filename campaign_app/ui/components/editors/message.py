"""TipTap: the message with its toolbar, and one line (subject, preview text); variables are chips in both.

Two-way rule: `on_change` only stores the text. The editor takes `value` again only when `revision` changes, so a
server update never moves the cursor or loses a letter. `on_change` fires after a pause of 300 ms, when the focus
leaves, and when the editor is removed.
"""

import json
from typing import Any

import reflex as rx

from campaign_app.ui.components.editors.assets import with_short_stack
from campaign_app.ui.components.editors.model import LUCIDE, RADIX, TIPTAP_PACKAGES, VariableChoice

_SHARED = ("editing.js", "expressions.js", "variable_menu.jsx", "variable_chip.js", "toolbar.jsx")


def _assets() -> tuple[Any, Any]:
    for name in _SHARED:
        rx.asset(name, shared=True)
    return rx.asset("message_editor.jsx", shared=True), rx.asset("line_editor.jsx", shared=True)


_message, _line = with_short_stack(_assets)


class _Editor(rx.NoSSRComponent):
    lib_dependencies: list[str] = [*TIPTAP_PACKAGES, RADIX, LUCIDE]

    editor_id: rx.Var[str]
    value: rx.Var[str]
    revision: rx.Var[int]
    variables: rx.Var[list[VariableChoice]]
    label: rx.Var[str]
    on_change: rx.EventHandler[lambda text: [text]]  # type: ignore[type-arg,valid-type]


class MessageEditor(_Editor):
    """The body as people see it. `on_change` gets HTML with chips as `{{ variables }}`."""

    library = _message.importable_path
    tag = "MessageEditor"


class LineEditor(_Editor):
    """One line of plain text with chips. `on_change` gets text with `{{ variables }}`."""

    library = _line.importable_path
    tag = "LineEditor"
    placeholder: rx.Var[str]


def command(editor: str, **detail: Any) -> rx.Var[Any]:
    """A client-only event for the editor with this id. It needs no round trip and no eval."""
    payload = json.dumps({"editor": editor, **detail})
    return rx.vars.FunctionStringVar.create(
        f"(() => window.dispatchEvent(new CustomEvent('editor:do', {{detail: {payload}}})))"
    )
