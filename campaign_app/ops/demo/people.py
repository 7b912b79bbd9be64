"""Made-up people, the same every time, from several mailbox providers, countries and companies."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from campaign_app.kit.folding import sort_key

COMPANY = "Fjord Outdoor"
POSTAL_ADDRESS = "Fjord Outdoor GmbH, Torstraße 12, 10119 Berlin, Germany"


def _names(text: str) -> list[str]:
    return text.split()


FIRST = _names("""
Amara Anna Bruno Chiara Clara David Elena Emil Emma Fatima Felix Finn Giulia Hanna Hugo Ida Ines Jakob Jan
Jonas Julia Karim Lea Lena Leo Lina Luca Lukas Maja Maria Marta Mateo Mia Milan Mila Nadia Nico Nina Noah Nora
Olivia Omar Oskar Paula Paul Pia Rosa Sara Sofia Tariq Theo Tom Vera Yara Zoe
""")
LAST = _names("""
Andersen Bauer Becker Bianchi Braun Costa Dubois Eriksen Fischer Garcia Haas Hansen Hoffmann Huber Ivanov
Jansen Keller Klein Koch Kowalski Krüger Lang Lehmann Lopez Maier Marino Martin Meyer Moreau Müller Nagy
Nielsen Novak Olsen Peters Petit Rossi Sato Schmidt Schneider Schulz Silva Smit Tanaka Vogel Wagner Weber
Winter Wolf Zimmer
""")
COMPANIES = (
    "Alder & Co",
    "Brightwater",
    "Cobalt Works",
    "Dune Studio",
    "Elm Street Books",
    "Fjord Outdoor",
    "Granite Labs",
    "Harbour Coffee",
    "Ivy Interiors",
    "Juniper Health",
    "Kite Logistics",
    "Lumen Energy",
)
DOMAINS = ("gmail.example", "outlook.example", "yahoo.example", "icloud.example", "web.example", "proton.example")
DOMAIN_WEIGHTS = (40, 22, 12, 10, 10, 6)
PLACES = (("Europe/Berlin", "de"), ("Europe/London", "en"), ("Europe/Paris", "fr"), ("America/New_York", "en"))
PLANS = ("free", "team", "business")


def rows(count: int, at: datetime, seed: int = 7) -> Iterator[dict[str, Any]]:
    """`count` rows for the contact table, the same for the same seed."""
    chance = random.Random(seed)
    for number in range(1, count + 1):
        first, last = chance.choice(FIRST), chance.choice(LAST)
        domain = chance.choices(DOMAINS, DOMAIN_WEIGHTS)[0]
        email = f"{_ascii(first)}.{_ascii(last)}.{number}@{domain}"
        zone, language = chance.choice(PLACES)
        company = chance.choice(COMPANIES) if chance.random() < 0.7 else ""
        joined = at - timedelta(days=chance.randrange(2, 700), minutes=chance.randrange(1_440))
        yield {
            "identity": email,
            "email": email,
            "domain": domain,
            "phone": "",
            "first_name": first if chance.random() < 0.96 else "",
            "last_name": last,
            "company": company,
            "time_zone": zone,
            "language": language,
            "attributes": {"plan": chance.choice(PLANS), "city": chance.choice(("Berlin", "London", "Lyon", "Boston"))},
            "sort_name": sort_key(last, first),
            "sort_company": sort_key(company),
            "created_at": joined,
            "updated_at": joined,
        }


def _ascii(name: str) -> str:
    return name.lower().replace("ü", "ue").replace("ö", "oe").replace("ä", "ae")


def in_our_words(source: str) -> str:
    """A built-in template with the demo company's name and addresses instead of placeholders."""
    return source.replace("https://example.com", "https://fjord-outdoor.test").replace("Your company", COMPANY)
