"""Composition root: the Reflex app, what is mounted beside it, the tasks that live as long as it."""

import reflex as rx

from campaign_app.api import first_start
from campaign_app.api.app import api
from campaign_app.api.guard import EdgeGuard
from campaign_app.core import pulse
from campaign_app.core.logging import configure
from campaign_app.rendering import isolated
from campaign_app.tracking import buffer
from campaign_app.ui import live_delivery, pages, sockets
from campaign_app.ui.app_state import AuthGate, on_exception

pages.load_all()
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
app.register_lifespan_task(live_delivery.lifespan(app))
app.register_lifespan_task(buffer.lifespan)
app.register_lifespan_task(isolated.lifespan)
app.register_lifespan_task(first_start.lifespan)
app.register_lifespan_task(pulse.kept, role="web")  # the last to begin, the first to end
