"""The work that every sender does: 5 KB of HTML with variables for each recipient. No imports of the product."""

PARAGRAPH = (
    "<p style='margin:0 0 16px;font:16px/1.5 Arial,sans-serif'>Your last order of {{ product }} was in {{ month }}, "
    "{{ first_name }}. Order before Friday and save 12 per cent on every blend that {{ company }} bought this year."
    "</p>\n"
)
LINK_COUNT = 3
LINKS = "".join(
    f"<a href='https://shop.example.com/offer/{n}?c={{{{ company }}}}'>Offer {n}</a> " for n in range(LINK_COUNT)
)
SUBJECT = "{{ first_name }}, restock before Friday"
HTML = (
    "<!doctype html><html><body><h1>Hello {{ first_name }} {{ last_name }}</h1>\n"
    + PARAGRAPH * 17
    + f"<p>{LINKS}</p></body></html>"
)
COUNTED = "".join(f"<a href='{{{{ link_{n} }}}}'>Offer {n}</a> " for n in range(LINK_COUNT))
FOOT = "<p><a href='{{ unsubscribe_url }}'>Unsubscribe</a></p><img src='{{ open_url }}' width='1' height='1' alt=''>"
TRACKED = HTML.replace(LINKS, COUNTED).replace("</body>", f"{FOOT}</body>")
"""The same with every link counted, as the product makes it by itself."""


def recipient(number: int) -> dict[str, str]:
    """One recipient's variables."""
    return {
        "email": f"person{number}@example.com",
        "first_name": f"Anna{number}",
        "last_name": "Berg",
        "company": f"Firm {number % 97}",
        "product": "House Blend No. 4",
        "month": "September",
    }
