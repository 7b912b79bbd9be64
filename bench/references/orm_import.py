"""An import as it is usually written: the csv module, and for each row a look-up and an ORM object."""

import csv
from pathlib import Path

from sqlmodel import select

from campaign_app.core import db
from campaign_app.models.contact import Contact

ROWS_PER_COMMIT = 500


async def run(file: Path) -> int:
    """Import the file; how many rows were read. A commit for each row would be slower still."""
    count = 0
    with file.open(encoding="utf-8", newline="") as opened:
        rows = csv.DictReader(opened, delimiter=";")
        while part := [row for row, _ in zip(rows, range(ROWS_PER_COMMIT), strict=False)]:
            async with db.transaction() as session:
                for row in part:
                    email = row["E-Mail"].strip().lower()
                    found = (await session.exec(select(Contact).where(Contact.identity == email))).first()
                    contact = found or Contact(identity=email, email=email, domain=email.partition("@")[2])
                    contact.first_name, contact.last_name = row["Vorname"].strip(), row["Nachname"].strip()
                    contact.company, contact.time_zone = row["Firma"].strip(), row["Zeitzone"].strip()
                    contact.attributes = {"ltv": row["LTV"]}
                    session.add(contact)
                    await session.flush()
            count += len(part)
    return count
