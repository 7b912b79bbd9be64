"""Data of the editors besides the text."""

from dataclasses import dataclass

from reflex_components_lucide.icon import LUCIDE_LIBRARY
from reflex_components_radix.themes.base import RadixThemesComponent

TIPTAP = "3.34.0"
RADIX = str(RadixThemesComponent.library)
LUCIDE = LUCIDE_LIBRARY
TIPTAP_PACKAGES = [
    f"@tiptap/react@{TIPTAP}",
    f"@tiptap/pm@{TIPTAP}",
    f"@tiptap/core@{TIPTAP}",
    f"@tiptap/starter-kit@{TIPTAP}",
    f"@tiptap/extension-image@{TIPTAP}",
]
CODEMIRROR_PACKAGES = [
    "codemirror@6.0.2",
    "@codemirror/lang-html@6.4.12",
    "@codemirror/language@6",
    "@lezer/highlight@1",
    "@codemirror/view@6",
    "@codemirror/state@6",
    "@codemirror/autocomplete@6",
]


@dataclass
class VariableChoice:
    """One row of the variable menu; `value` is the previewed contact's value."""

    name: str
    label: str
    group: str
    value: str = ""
