"""One build works behind any host: the patch of Reflex's client applies, once, to the installed version."""

from pathlib import Path

import pytest
import reflex_base

from campaign_app.ui.plugins import same_origin


def _shipped_source() -> str:
    found = list(Path(reflex_base.__file__).parent.rglob("utils/state.js"))
    assert len(found) == 1
    return found[0].read_text()


def test_patch_fits_the_installed_reflex() -> None:
    patched = same_origin.patch(_shipped_source())
    assert patched.count(same_origin.MARK) == 1
    assert "window.location.hostname" in patched


def test_patching_twice_changes_nothing() -> None:
    once = same_origin.patch(_shipped_source())
    assert same_origin.patch(once) == once


def test_a_changed_reflex_is_told() -> None:
    with pytest.raises(RuntimeError, match="does not apply"):
        same_origin.patch("export const getBackendURL = () => null;\n")


def test_plugin_patches_the_client() -> None:
    tasks: list[tuple[str, object]] = []
    same_origin.SameOrigin().pre_compile(add_modify_task=lambda path, task: tasks.append((path, task)))
    assert tasks == [("utils/state.js", same_origin.patch)]
