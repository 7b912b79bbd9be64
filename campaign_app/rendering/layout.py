"""The layouts that Beacon adds to a message: a responsive page for simple messages, and the required footer.

Added parts are on separate lines, because a line of more than 998 bytes would make the whole body quoted-printable.
"""

from collections.abc import Mapping, Sequence

BODY_MARK = "<!--message-->"

_HEAD = (
    '<!doctype html>\n<html><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    '<meta name="x-apple-disable-message-reformatting">'
)

FRAGMENT_LAYOUT = f"{_HEAD}</head><body>{BODY_MARK}</body></html>"

BASE_LAYOUT = f"""{_HEAD}
<style>
body {{ margin: 0; padding: 0; background: #f4f5f7; -webkit-text-size-adjust: 100% }}
.sheet {{ width: 100%; max-width: 600px; background: #ffffff; border-radius: 8px }}
.letter {{ padding: 32px 40px; font-family: Arial, Helvetica, sans-serif; font-size: 16px; line-height: 24px;
  color: #1c2024 }}
.letter p {{ margin: 0 0 16px }}
.letter h1 {{ margin: 0 0 16px; font-size: 24px; line-height: 32px }}
.letter h2 {{ margin: 24px 0 12px; font-size: 19px; line-height: 26px }}
.letter h3 {{ margin: 20px 0 8px; font-size: 16px; line-height: 24px }}
.letter ul, .letter ol {{ margin: 0 0 16px; padding-left: 24px }}
.letter li {{ margin: 0 0 6px }}
.letter a {{ color: #3d4bb8 }}
.letter blockquote {{ margin: 0 0 16px; padding-left: 16px; border-left: 3px solid #d9d9e0; color: #60646c }}
.letter p[data-button] a {{ display: inline-block; padding: 12px 24px; border-radius: 6px; background: #4a54c4;
  color: #ffffff; font-weight: bold; text-decoration: none }}
.letter img {{ max-width: 100%; height: auto }}
@media (max-width: 620px) {{ .letter {{ padding: 24px 20px !important }} .sheet {{ border-radius: 0 !important }} }}
</style></head>
<body><table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"><tr>
<td align="center" style="padding:24px 0"><table role="presentation" class="sheet" width="600" cellpadding="0"
 cellspacing="0" border="0"><tr><td class="letter">{BODY_MARK}</td></tr></table></td></tr></table></body></html>"""

SHEET = BASE_LAYOUT[BASE_LAYOUT.index("<style>") + len("<style>") : BASE_LAYOUT.index("</style>")]

_LINK = "color:#60646c;text-decoration:underline"
FOOTER_HTML: Mapping[str, str] = {
    "postal_address": '\n<p style="margin:0 0 8px">{{ postal_address }}</p>',
    "unsubscribe_url": '\n<p style="margin:0 0 8px">You receive this because you are on our list. '
    f'<a href="{{{{ unsubscribe_url }}}}" style="{_LINK}">Unsubscribe</a></p>',
    "view_url": f'\n<p style="margin:0"><a href="{{{{ view_url }}}}" style="{_LINK}">View in browser</a></p>',
}
_FOOTER_TEXT: Mapping[str, str] = {
    "postal_address": "{{ postal_address }}",
    "unsubscribe_url": "You receive this because you are on our list. Unsubscribe: {{ unsubscribe_url }}",
    "view_url": "View in browser: {{ view_url }}",
}


def footer_text(names: Sequence[str]) -> str:
    """The footer lines of a text version."""
    return "\n".join(_FOOTER_TEXT[name] for name in names)


def pixel() -> str:
    """The image whose loading counts as an open."""
    return (
        '\n<img src="{{ open_url }}" width="1" height="1" alt="" '
        'style="display:block;width:1px;height:1px;border:0;overflow:hidden">'
    )
