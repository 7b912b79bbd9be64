"""The tabs of a detail page. The address names the selected tab, which loads when it is shown."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import reflex as rx
from reflex_base.event import Event

from campaign_app.ui import browser, routes
from campaign_app.ui.app_state import AppState

_QUERY: Final = "tab"


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab; `load` gives the event that reads its content."""

    name: str
    label: str
    load: Callable[[], Any] | None = None


class Tabs(AppState, mixin=True):
    """Subclasses declare `tabs` (the first is the default) and the permission to see them."""

    tabs: ClassVar[tuple[Tab, ...]] = ()
    tabs_may: ClassVar[str] = ""
    tab: str = ""

    def _open_tab(self) -> Any:
        """Show the tab in the address. Returns the event that loads it."""
        return self._show_tab(self.query(_QUERY))

    def _show_tab(self, name: str) -> Any:
        shown = next((tab for tab in self.tabs if tab.name == name), self.tabs[0])
        self.tab = shown.name
        return shown.load() if shown.load else None

    def _tab_address(self) -> Event:
        path = str(self.router.url.path).rstrip("/") or routes.DASHBOARD
        name = "" if self.tab == self.tabs[0].name else self.tab
        return browser.show_address(routes.with_query(path, **{_QUERY: name}), in_history=False)

    @rx.event
    async def choose_tab(self, tab: str) -> Any:
        """Show one of the tabs."""
        await self.require(self.tabs_may)
        loads = self._show_tab(tab)
        return [self._tab_address(), *([loads] if loads is not None else [])]
