"""Compile plugin: the browser understands our events (`ui/browser.py`) and never runs text as a program.

Reflex's state.js evaluates what the server sends: toasts, scripts, download addresses. Without that, the pages need no
'unsafe-eval', and a text in an event stays a text.
"""

import re
from typing import Any, Final

import reflex as rx

MARK: Final = "/* no eval */"

_OURS: Final = f"""  {MARK}
  if (event.name == "_toast") {{
    const {{ level, title, action, ...options }} = event.payload;
    if (action) {{
      const clicked = () => addEvents([ReflexEvent(action.name, action.payload)]);
      options.action = {{ label: action.label, onClick: clicked }};
    }}
    refs["__toast"]?.[level](title, options);
    return;
  }}

  if (event.name == "_focus") {{
    setTimeout(() => document.querySelector(event.payload.selector)?.focus(), event.payload.after);
    return;
  }}

  if (event.name == "_address") {{
    // React Router keeps its own notes in history.state; "back" then reads the address anew.
    const {{ path, in_history }} = event.payload;
    if (path !== location.pathname + location.search) {{
      history[in_history ? "pushState" : "replaceState"](history.state, "", path);
    }}
    return;
  }}

  if (event.name == "_search") {{
    for (const field of document.querySelectorAll("main [data-search]")) {{
      if (field !== document.activeElement) field.value = event.payload.words;
    }}
    return;
  }}

  if (event.name == "_call_script" || event.name == "_call_function") {{
    // The one script that Reflex itself sends reloads a page that broke, not more often than every ten seconds.
    if (event.payload.javascript_code?.includes(LAST_RELOADED_KEY)) {{
      const last = parseInt(window.sessionStorage.getItem(LAST_RELOADED_KEY)) || 0;
      if (Date.now() - last > 10000) reloadForNewVersion();
      return;
    }}
    console.error("A text is no program: " + event.name + " was not run");
    return;
  }}

"""
_SERVER: Final = "  // Send the event to the server.\n"
_CUTS: Final = (
    # The code from the first line up to the second → its replacement.
    ('  if (event.name == "_call_script" || event.name == "_call_function") {\n', _SERVER, _OURS),
    (
        "    // Special case when linking to uploaded files\n",
        "    a.download = event.payload.filename;\n",
        "",
    ),
    (
        '          typeof event.payload.callback === "string"\n',
        "        callback(final_result);\n",
        "          event.payload.callback;\n",
    ),
    (
        "  await window.__reflex_load?.();\n  if (!window.React",
        "};\n",
        '  throw new Error("Components are compiled, not sent");\n',
    ),
)


def patch(source: str) -> str:
    """Reflex's state.js without `eval`. Raises RuntimeError when it is not the version that this was written for."""
    if MARK in source:  # patched by this version, or by an older one that knew fewer events
        start = source.index(f"  {MARK}\n")
        return source[:start] + _OURS + source[source.index(_SERVER, start) :]
    for first, last, instead in _CUTS:
        start = source.find(first)
        end = source.find(last, start)
        if start < 0 or end < 0:
            raise RuntimeError("Reflex's state.js changed: the patch that takes eval out does not apply")
        source = source[:start] + instead + source[end:]
    if re.search(r"\beval\s*(\?\.)?\(|new Function", source):
        raise RuntimeError("Reflex's state.js changed: it evaluates texts in a place that is not known")
    return source


class NoEval(rx.plugins.Plugin):
    """Applies the patch before every compile."""

    def pre_compile(self, **context: Any) -> None:
        context["add_modify_task"]("utils/state.js", patch)
