"""The pages that recipients see: complete documents that load nothing, in light and dark, readable on any phone."""

from html import escape

_STYLE = """
:root { color-scheme: light dark; --page: #f9f9fb; --card: #fff; --text: #1c2024; --soft: #60646c; --line: #d9d9e0;
  --accent: #5b5bd6; --on: #fff; --ring: #5b5bd6 }
@media (prefers-color-scheme: dark) { :root { --page: #111113; --card: #18191b; --text: #edeef0; --soft: #b0b4ba;
  --line: #363a3f; --accent: #5b5bd6; --ring: #6e6ade } }
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 24px 16px; background: var(--page);
  color: var(--text); font: 16px/24px "Inter Variable", Inter, system-ui, -apple-system, "Segoe UI", sans-serif }
main { width: 100%; max-width: 440px; padding: 32px; background: var(--card); border: 1px solid var(--line);
  border-radius: 10px }
h1 { margin: 0 0 8px; font-size: 20px; line-height: 28px; letter-spacing: -.012em; overflow-wrap: anywhere }
p { margin: 0 0 20px; color: var(--soft) }
strong { color: var(--text); font-weight: 500; overflow-wrap: anywhere }
p:last-child { margin-bottom: 0 }
button { width: 100%; min-height: 44px; padding: 0 16px; border: 0; border-radius: 6px; background: var(--accent);
  color: var(--on); font: inherit; font-weight: 500; cursor: pointer }
button:hover { filter: brightness(1.08) }
button:focus-visible { outline: 2px solid var(--ring); outline-offset: 2px }
@media (max-width: 480px) { main { padding: 24px 20px } }
"""


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        '<link rel="icon" href="data:,">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main><h1>{escape(title)}</h1>{body}"
        "</main></body></html>"
    )


def _sender(company: str) -> str:
    return escape(company) if company else "this sender"


def ask(address: str, company: str) -> str:
    """The page that asks before anything is changed."""
    title = f"Unsubscribe from {company}?" if company else "Unsubscribe?"
    return _page(
        title,
        f"<p><strong>{escape(address)}</strong> gets no more e-mail from {_sender(company)}. "
        "It takes effect at once.</p>"
        '<form method="post"><input type="hidden" name="confirm" value="yes">'
        "<button>Unsubscribe</button></form>",
    )


def done(address: str, company: str) -> str:
    """The page after unsubscribing."""
    return _page(
        "You are unsubscribed",
        f"<p><strong>{escape(address)}</strong> gets no more e-mail from {_sender(company)}.</p>"
        "<p>You can close this page. If it was a mistake, write to the sender and ask to be added again.</p>",
    )


def tested() -> str:
    """The page for a link from a test message."""
    return _page("This was a test", "<p>The message was sent as a test, so this link does nothing.</p>")


def gone() -> str:
    """The page for every link that does not work, whatever the cause."""
    return _page(
        "This link does not work",
        "<p>It may be cut off or too old. Open it from the message again, or reply to the message.</p>",
    )
