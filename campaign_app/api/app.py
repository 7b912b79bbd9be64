"""The HTTP side, mounted in front of the pages: routes only, no rules."""

from fastapi import FastAPI

from campaign_app import __version__
from campaign_app.api import docs, errors, files, health, media, public, result_files, sign_in
from campaign_app.api.hooks import mail

api = FastAPI(
    title="Beacon",
    version=__version__,
    description="Routes of a Beacon installation. Errors are always {error: {code, message, fields}}.",
    openapi_url="/api/openapi.json",
    docs_url=None,  # FastAPI's own page loads its scripts from elsewhere
    redoc_url=None,
)
errors.install(api)
for module in (docs, files, health, mail, media, public, result_files, sign_in):
    api.include_router(module.router)
