"""The web process without the built front end: pages' states, HTTP side, guard. `python -m tests.backend`."""

from campaign_app import web_server

if __name__ == "__main__":
    web_server.main(with_pages=False)
