"""The templates that come with Beacon: responsive, readable without images, dark-mode safe, with defaults for names."""

from typing import Any

_STYLE = """
body { margin: 0; padding: 0; background: #f1f2f5; -webkit-text-size-adjust: 100% }
table { border-collapse: collapse; border-spacing: 0 }
img { border: 0; display: block; max-width: 100%; height: auto }
.sheet { width: 100%; max-width: 600px; background: #ffffff }
.pad { padding: 32px 40px }
.brand { font: 700 16px/24px Arial, Helvetica, sans-serif; color: #1c2024 }
h1 { margin: 0 0 12px; font: 700 28px/36px Arial, Helvetica, sans-serif; color: #1c2024 }
h2 { margin: 0 0 8px; font: 700 18px/26px Arial, Helvetica, sans-serif; color: #1c2024 }
p { margin: 0 0 16px; font: 16px/25px Arial, Helvetica, sans-serif; color: #3a3f45 }
.small { font-size: 13px; line-height: 20px; color: #60646c }
.button a { display: inline-block; padding: 13px 26px; border-radius: 6px; background: #4a54c4;
  font: 700 16px/20px Arial, Helvetica, sans-serif; color: #ffffff; text-decoration: none }
.line { border-top: 1px solid #e4e5e9 }
.tint { background: #eef0fd }
.step { width: 32px; height: 32px; border-radius: 16px; background: #eef0fd; color: #3d4bb8; text-align: center;
  font: 700 15px/32px Arial, Helvetica, sans-serif }
.foot p { margin: 0 0 6px; font-size: 12px; line-height: 18px; color: #60646c; text-align: center }
.foot a { color: #60646c }
@media (max-width: 620px) {
  .pad { padding: 24px 20px !important }
  h1 { font-size: 24px !important; line-height: 31px !important }
  .half { display: block !important; width: 100% !important; padding-left: 0 !important; padding-right: 0 !important }
  .button a { display: block !important; text-align: center !important }
}
"""

_FOOT = """<tr><td class="pad foot">
<p>{{ postal_address }}</p>
<p><a href="{{ unsubscribe_url }}">Unsubscribe</a> &nbsp;·&nbsp; <a href="{{ view_url }}">View in browser</a></p>
</td></tr>"""


def _page(title: str, rows: str) -> str:
    table = 'role="presentation" cellpadding="0" cellspacing="0" border="0"'
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light"><title>{title}</title><style>{_STYLE}</style></head>
<body><table {table} width="100%"><tr><td align="center" style="padding:24px 0">
<table {table} class="sheet" width="600">
{rows}
{_FOOT}
</table></td></tr></table></body></html>
"""


def _button(label: str, target: str) -> str:
    return f'<p class="button" style="margin:8px 0 24px"><a href="{target}">{label}</a></p>'


def _row(inner: str, kind: str = "pad") -> str:
    return f'<tr><td class="{kind}">{inner}</td></tr>'


_BRAND = _row('<span class="brand">Your company</span>') + '<tr><td class="line"></td></tr>'


def _step(number: int, title: str, words: str) -> str:
    return (
        '<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr>'
        f'<td width="48" valign="top" style="padding-bottom:16px"><div class="step">{number}</div></td>'
        f'<td valign="top" style="padding-bottom:16px"><h2>{title}</h2><p style="margin:0">{words}</p></td>'
        "</tr></table>"
    )


_WELCOME = _page(
    "Welcome",
    _BRAND
    + _row(
        '<h1>Welcome{% if first_name %}, {{ first_name }}{% endif %}</h1>'
        "<p>Thank you for joining us. Here is how to get the most out of it in the first week.</p>"
        + _button("Open your account", "https://example.com/start")
        + _step(1, "Say who you are", "Two minutes in your profile, and everything we send fits you.")
        + _step(2, "Try the one thing people come for", "A short guide takes you through it, step by step.")
        + _step(3, "Ask us anything", "Answer this message. A person reads it, usually on the same day.")
        + '<p style="margin-top:8px">Good to have you here,<br>the team</p>'
    ),
)  # fmt: skip

_STORY = (
    '<h2><a href="{link}" style="color:#1c2024;text-decoration:none">{title}</a></h2>'
    '<p style="margin:0 0 8px">{words}</p><p><a href="{link}" style="color:#3d4bb8">Read more</a></p>'
)

_NEWSLETTER = _page(
    "Newsletter",
    _BRAND
    + _row(
        "<p class=\"small\">Newsletter</p><h1>What is new this month</h1>"
        "<p>Hello {{ first_name|default('there') }}, three things worth your time, in about two minutes.</p>"
    )
    + _row(
        '<h2>The lead story</h2><p>Say in two or three sentences why it matters to the reader, not to you. '
        "One idea, one link.</p>" + _button("Read the story", "https://example.com/lead"),
        "pad tint",
    )
    + _row(
        '<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr>'
        '<td class="half" width="50%" valign="top" style="padding-right:16px">'
        + _STORY.format(link="https://example.com/second", title="Second story", words="A sentence or two.")
        + '</td><td class="half" width="50%" valign="top" style="padding-left:16px">'
        + _STORY.format(link="https://example.com/third", title="Third story", words="A sentence or two.")
        + "</td></tr></table>"
    )
    + '<tr><td class="line"></td></tr>',
)  # fmt: skip

_OFFER = _page(
    "Offer",
    _BRAND
    + _row(
        '<p class="small">Until Friday</p>'
        "<h1>12% off your next order</h1>"
        "<p>{{ first_name|default('Hello') }}, restock now and the price holds until the end of the week. "
        "The discount is taken off at the checkout.</p>"
        + _button("Order now", "https://example.com/order"),
        "pad tint",
    )
    + _row(
        '<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr>'
        '<td class="half" width="33%" valign="top"><h2>Free delivery</h2><p class="small">Over 50 EUR, in two days.'
        '</p></td><td class="half" width="33%" valign="top"><h2>Easy returns</h2><p class="small">Within 30 days.'
        '</p></td><td class="half" width="33%" valign="top"><h2>Real people</h2><p class="small">Answer this message.'
        "</p></td></tr></table>"
        '<p class="small">One use per customer. Not together with other offers.</p>'
    ),
)  # fmt: skip

_EVENT = _page(
    "Invitation",
    _BRAND
    + _row(
        '<p class="small">Invitation</p><h1>Name of the event</h1>'
        "<p>{{ first_name|default('Hello') }}, we would like you to be there{% if company %}, and colleagues from "
        "{{ company }} are welcome too{% endif %}.</p>"
        '<table role="presentation" width="100%" cellpadding="0" class="tint"><tr><td class="pad">'
        "<h2>When</h2><p>Thursday 26 November, 18:00 to 20:30</p>"
        '<h2>Where</h2><p style="margin:0">Street 1, 10115 Berlin. <a href="https://example.com/map" '
        'style="color:#3d4bb8">Show on a map</a></p></td></tr></table>'
        '<p style="margin-top:24px">Say in two sentences what people take home. Tell us by Monday, please.</p>'
        + _button("Save my place", "https://example.com/rsvp")
        + '<p class="small">You cannot come? <a href="https://example.com/later" style="color:#3d4bb8">Get the '
        "recording</a> instead.</p>"
    ),
)  # fmt: skip

_LETTER = """<p>Hello {{ first_name|default("there") }},</p>
<p>One short paragraph that says why you write and what is in it for the reader.</p>
<p>A second one with the one thing you would like them to do: <a href="https://example.com/page">the page</a>.</p>
<p>Answer this message if you have a question. I read every one.</p>
<p>Kind regards,<br>Your name</p>
"""


def _template(name: str, category: str, description: str, subject: str, preheader: str, html: str) -> dict[str, Any]:
    return {
        "name": name,
        "category": category,
        "description": description,
        "subject": subject,
        "preheader": preheader,
        "editor": "html",
        "html": html,
        "text": "",
    }


# What the templates say where the person's own words belong; pre-flight looks for them.
PLACEHOLDERS = (
    "Your company",
    "Your name",
    "Name of the event",
    "The lead story",
    "Second story",
    "Third story",
    "A sentence or two.",
    "One short paragraph that says",
    "Say in two",
)

BUILT_IN: tuple[dict[str, Any], ...] = (
    _template(
        "Welcome",
        "Onboarding",
        "The first message after someone joins: one button and three steps.",
        "Welcome{% if first_name %}, {{ first_name }}{% endif %}",
        "Three steps for the first week",
        _WELCOME,
    ),
    _template(
        "Newsletter",
        "Newsletter",
        "A lead story with a button and two short ones beside each other.",
        "What is new this month",
        "Three things worth your time",
        _NEWSLETTER,
    ),
    _template(
        "Offer",
        "Offers",
        "A discount with an end, one button, and three reasons to trust you.",
        "{{ first_name|default('For you') }}: 12% off until Friday",
        "The price holds until the end of the week",
        _OFFER,
    ),
    _template(
        "Event invitation",
        "Events",
        "When, where and one button to say yes.",
        "You are invited: name of the event",
        "Thursday 26 November, 18:00 in Berlin",
        _EVENT,
    ),
    {
        **_template(
            "Plain letter",
            "Letters",
            "Looks like a mail from a person. Often the one that is answered.",
            "A quick question, {{ first_name|default('if I may') }}",
            "",
            _LETTER,
        ),
        "editor": "text",
    },
)
