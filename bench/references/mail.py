"""The work that every sender does: 5 KB of HTML with variables for each recipient. No imports of the product."""

PARAGRAPH = (
    "<p style='margin:0 0 16px;font:16px/1.5 Arial,sans-serif'>Your last order of {{ product }} was in {{ month }}, "
    "{{ first_name }}. Order before Friday and save 12 per cent on every blend that {{ company }} bought this year."
    "</p>\n"
)
LINKS = "".join(f"<a href='https://shop.example.com/offer/{n}?c={{{{ company }}}}'>Offer {n}</a> " for n in range(3))
SUBJECT = "{{ first_name }}, restock before Friday"
HTML = (
    "<!doctype html><html><body><h1>Hello {{ first_name }} {{ last_name }}</h1>\n"
    + PARAGRAPH * 17
    + f"<p>{LINKS}</p></body></html>"
)


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
