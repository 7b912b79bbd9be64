"""Compile plugin: the browser uses the origin that its page came from, so one build works behind any host and port."""

from typing import Any

import reflex as rx

MARK = "/* same-origin */"
_OLD = "  const endpoint = new URL(url_str);\n"
_NEW = (
    _OLD
    + f"""  {MARK}
  if (typeof window !== "undefined") {{
    const secure = window.location.protocol === "https:";
    const ws = endpoint.protocol.startsWith("ws");
    endpoint.protocol = ws ? (secure ? "wss:" : "ws:") : window.location.protocol;
    endpoint.hostname = window.location.hostname;
    endpoint.port = window.location.port;
    return endpoint;
  }}
"""
)


def patch(source: str) -> str:
    """Reflex's state.js with the backend address taken from the page. Raises RuntimeError when the line is missing."""
    if MARK in source:
        return source
    if _OLD not in source:
        raise RuntimeError("Reflex's state.js changed: the same-origin patch does not apply")
    return source.replace(_OLD, _NEW, 1)


class SameOrigin(rx.plugins.Plugin):
    """Reflex builds in host and port. Behind a proxy or a mapped port that address is wrong."""

    def pre_compile(self, **context: Any) -> None:
        context["add_modify_task"]("utils/state.js", patch)
