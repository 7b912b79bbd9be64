"""The door to the browser: texts stay texts, and nothing of Reflex's goes past it."""

import ast
import inspect
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import reflex as rx
import reflex_base
from reflex_base import event as reflex_events
from reflex_base.event import Event, EventHandler

from campaign_app import campaign_app  # noqa: F401  every page's state is known after this
from campaign_app.core.config import ROOT
from campaign_app.core.errors import Conflict
from campaign_app.ui import app_state, browser
from campaign_app.ui.campaign_builder.content_state import BuilderContent
from campaign_app.ui.plugins import no_eval

MARKED = "/<reflex.Var>x</reflex.Var>"
HARMLESS = {"back", "noop", "clear_local_storage", "clear_session_storage"}  # they take no text
RUFF = [str(Path(sys.executable).with_name("ruff")), "check", "--select", "TID251", "--output-format", "concise"]
STATES = Path(reflex_base.__file__).parent / ".templates/web/utils/state.js"


@pytest.mark.parametrize(
    "event",
    [
        browser.redirect(MARKED),
        browser.set_value("name", MARKED),
        browser.then(BuilderContent.put_back, text=MARKED),
        browser.download(b"x", MARKED),
        browser.focus(MARKED),
        app_state.notify_success(MARKED, MARKED, undo=browser.then(BuilderContent.put_back, text=MARKED)),
        app_state.notify_error(MARKED, MARKED, action=(MARKED, BuilderContent.put_back)),
        app_state.explain(Conflict(MARKED, hint=MARKED)),
        app_state.on_exception(Conflict(MARKED, title=MARKED)),
    ],
)
def test_a_text_leaves_as_it_is(event: Any) -> None:
    assert Event.from_event_type(event) == [event]
    assert MARKED in repr(event.payload)


@pytest.mark.parametrize(
    "address", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "", "/a\nb"]
)
def test_only_addresses_of_this_installation_are_shown(address: str) -> None:
    with pytest.raises(ValueError, match="this installation"):
        browser.redirect(address)


def _events_with_texts() -> Iterator[str]:
    for name in dir(reflex_events):
        made = getattr(reflex_events, name)
        if not inspect.isfunction(made) or name.startswith(("call_event", "_")) or name in HARMLESS:
            continue
        if "EventSpec" in str(inspect.get_annotations(made).get("return", "")):
            yield name


@pytest.mark.parametrize("name", [*_events_with_texts(), "redirect"])
@pytest.mark.parametrize(
    "code",
    [
        "import reflex as rx\nrx.{0}('x')\n",
        "from reflex import {0}\n{0}('x')\n",
        "import reflex as rx\nrx.event.{0}('x')\n",
        "from reflex_base.event import {0}\n{0}('x')\n",
    ],
)
def test_the_linter_refuses_every_event_of_reflex(tmp_path: Path, name: str, code: str) -> None:
    if "_base" not in code and ".event." not in code and not _has(name):
        pytest.skip(f"reflex itself has no {name}")
    assert _lint(code.format(name)) == 1


def _has(name: str) -> bool:
    try:
        return getattr(rx, name, None) is not None
    except ModuleNotFoundError:
        return False


def test_the_linter_refuses_toasts() -> None:
    assert _lint("import reflex as rx\nrx.toast.success('x')\nrx.toast('x')\n") == 1
    assert _lint("from reflex_components_sonner.toast import toast\ntoast.success('x')\n") == 1
    assert _lint("import reflex as rx\nrx.el.div('x')\n") == 0


def _lint(code: str) -> int:
    command = [*RUFF, "--stdin-filename", "campaign_app/ui/audience/contacts_state.py", "-"]
    return subprocess.run(command, cwd=ROOT, input=code, text=True, capture_output=True).returncode


def test_no_handler_calls_another_with_arguments() -> None:
    """`Page.handler(text)` makes an EventSpec, for which Reflex decodes the text; `browser.then` does not."""
    looked_at, found = 0, []
    for module in _modules_with_states():
        for call in _calls_in_states(module):
            looked_at += 1
            if (call.args or call.keywords) and _is_handler(module, call.func):
                found.append(f"{module.__name__}:{call.lineno}")
    assert looked_at > 1_000
    assert not found


def _modules_with_states() -> list[ModuleType]:
    return [module for name, module in sorted(sys.modules.items()) if name.startswith("campaign_app.ui.") and module]


def _calls_in_states(module: ModuleType) -> Iterator[ast.Call]:
    for part in ast.parse(inspect.getsource(module)).body:
        kind = getattr(module, part.name, None) if isinstance(part, ast.ClassDef) else None
        if isinstance(kind, type) and issubclass(kind, rx.State | app_state.SignedIn):
            yield from (node for node in ast.walk(part) if isinstance(node, ast.Call))


def _is_handler(module: ModuleType, called: ast.expr) -> bool:
    if not (isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name)):
        return False
    owner = getattr(module, called.value.id, None)
    return isinstance(owner, type) and isinstance(getattr(owner, called.attr, None), EventHandler)


def test_the_browser_evaluates_no_text() -> None:
    source = STATES.read_text()
    assert "eval(" in source  # else the plugin is not needed any more
    patched = no_eval.patch(source)
    assert "eval(" not in patched
    for name in (browser.TOAST, browser.FOCUS, browser.ADDRESS, browser.SEARCH):
        assert f'event.name == "{name}"' in patched
    assert no_eval.patch(patched) == patched


def test_what_an_older_version_patched_learns_the_new_events() -> None:
    patched = no_eval.patch(STATES.read_text())
    start, end = patched.index(no_eval.MARK), patched.index("  // Send the event to the server.\n")
    older = f"{patched[:start]}{no_eval.MARK}\n  if (false) {{ return; }}\n\n{patched[end:]}"
    assert browser.ADDRESS not in older
    assert no_eval.patch(older) == patched


def test_another_state_js_is_not_patched_blindly() -> None:
    source = STATES.read_text()
    with pytest.raises(RuntimeError, match="does not apply"):
        no_eval.patch(source.replace('event.name == "_call_script" ||', ""))
    with pytest.raises(RuntimeError, match="not known"):
        no_eval.patch(source + "\neval(more);\n")
