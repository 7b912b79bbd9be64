"""How Reflex is built and run; the values are the same on every machine, only Redis comes from the environment."""

import os

import reflex as rx
from reflex_components_radix.plugin import RadixThemesPlugin

from campaign_app.ui.plugins.no_eval import NoEval
from campaign_app.ui.plugins.same_origin import SameOrigin
from campaign_app.ui.theme import radix_theme

config = rx.Config(
    app_name="campaign_app",
    # No CORS headers at all: the edge guard checks the origin of sockets and unsafe methods itself.
    cors_allowed_origins=[],
    telemetry_enabled=False,
    redis_url=os.environ.get("REDIS_URL") or None,
    frontend_compression_formats=["gzip"],
    show_built_with_reflex=False,
    plugins=[SameOrigin(), NoEval(), RadixThemesPlugin(theme=radix_theme())],
    disable_plugins=[rx.plugins.SitemapPlugin],
)
