"""Composition root: the Reflex app, what is mounted beside it, the tasks that live as long as it."""

from importlib import import_module
from typing import Final

import reflex as rx

from campaign_app.api import first_start
from campaign_app.api.app import api
from campaign_app.api.guard import EdgeGuard
from campaign_app.core import pulse
from campaign_app.core.logging import configure
from campaign_app.rendering import isolated
from campaign_app.tracking import buffer
from campaign_app.ui import live, sockets
from campaign_app.ui.app_state import AuthGate, on_exception

# Importing these registers them: every module with pages, and what the command palette can find.
PAGES: Final = (
    "accounts.account",
    "accounts.list",
    "analytics.analytics",
    "audience.contact",
    "audience.contacts",
    "audience.import_page",
    "audience.imports",
    "audience.lists",
    "audience.segment",
    "audience.segments",
    "audience.suppressions",
    "auth.login",
    "auth.setup",
    "campaign_builder.builder",
    "campaign_detail.page",
    "campaigns.list",
    "campaigns.new",
    "dashboard.dashboard",
    "operations.operations",
    "settings.audit",
    "settings.fields",
    "settings.profile",
    "settings.users",
    "settings.workspace",
    "setup.setup",
    "templates.edit",
    "templates.library",
)
for name in (*PAGES, "palette_sources"):
    import_module(f"campaign_app.ui.{name}")

configure()

app = rx.App(
    html_lang="en",
    stylesheets=["/beacon.css", "/builder.css"],
    head_components=[
        rx.el.link(rel="icon", type="image/svg+xml", href="/favicon.svg"),
        rx.el.link(
            rel="preload", href="/fonts/inter-latin-wght-normal.woff2", custom_attrs={"as": "font"}, cross_origin=""
        ),
        rx.el.script(src="/beacon.js", defer=True),
        rx.el.script(src="/upload.js", defer=True),
    ],
    toaster=rx.toast.provider(
        position="bottom-right",
        rich_colors=False,
        visible_toasts=3,
        expand=True,
    ),
    backend_exception_handler=on_exception,
    api_transformer=[api, EdgeGuard],
)
# Before Reflex's own middleware: a state of somebody else must not even be hydrated.
app.add_middleware(AuthGate(), index=0)
sockets.install(app)
app.register_lifespan_task(live.lifespan(app))
app.register_lifespan_task(buffer.lifespan)
app.register_lifespan_task(isolated.lifespan)
app.register_lifespan_task(first_start.lifespan)
app.register_lifespan_task(pulse.kept, role="web")  # the last to begin, the first to end
