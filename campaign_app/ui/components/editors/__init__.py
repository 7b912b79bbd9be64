"""Editors of a message for the same content: HTML with Jinja2 variables. Each loads its JavaScript lazily."""

from campaign_app.ui.components.editors.code import CodeEditor
from campaign_app.ui.components.editors.message import LineEditor, MessageEditor
from campaign_app.ui.components.editors.model import VariableChoice

__all__ = ["CodeEditor", "LineEditor", "MessageEditor", "VariableChoice"]
