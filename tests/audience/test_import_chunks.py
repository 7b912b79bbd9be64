"""How an import is split into transactions, and what happens when somebody else writes between them."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audience import import_postgres, import_run, imports
from campaign_app.audience.errors import FileUnusable
from campaign_app.core import db
from campaign_app.models.contact import Contact
from tests.audience.test_import import EXPECTED, MESSY
from tests.conftest import count_rows

pytestmark = pytest.mark.usefixtures("redis_url")


@pytest.mark.parametrize(
    ("rows", "seconds", "size"),
    [
        (1_000, 0.0, 2_000),  # never more than twice as many
        (1_000, 0.15, 1_000),
        (8_000, 0.3, 4_000),
        (8_000, 3.0, 4_000),  # never less than half
        (1_000, 9.0, 1_000),
        (200, 0.01, 2_000),  # the end of a window says little
    ],
)
def test_chunks_grow_and_shrink_to_what_is_written_in_their_time(rows: int, seconds: float, size: int) -> None:
    assert import_run.next_size(rows, seconds, 0.15) == size


async def test_a_small_file_moves_on_in_steps_and_gives_the_same(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    write = import_run.Runner._write

    async def noting(self: import_run.Runner, *given: Any) -> None:
        await write(self, *given)
        seen.append(self._done)

    monkeypatch.setattr(import_run.Runner, "_write", noting)
    assert await imports.run_now(MESSY, "Leads", "DE") == EXPECTED
    assert seen[0] == import_run.FIRST
    assert len(seen) >= 4
    assert seen[-1] == EXPECTED["data_rows"]
    assert seen == sorted(set(seen))


async def test_a_contact_that_somebody_adds_meanwhile_is_merged(
    postgres_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    existing = import_postgres.Postgres.existing
    calls: list[int] = []

    async def racing(self: import_postgres.Postgres, identities: pl.Series) -> pl.DataFrame:
        found = await existing(self, identities)
        calls.append(len(found))
        if len(calls) == 1:
            async with db.transaction() as session:
                session.add(Contact(identity="b@example.com", email="b@example.com", first_name="Ben"))
        return found

    monkeypatch.setattr(import_postgres.Postgres, "existing", racing)
    file = tmp_path / "contacts.csv"
    file.write_text("email,company,tags\n" + "".join(f"{name}@example.com,Acme,vip\n" for name in "abc"))
    report = await imports.run_now(file, "Everyone")
    assert calls == [0, 1]
    assert (report["contacts_created"], report["duplicates_merged"]) == (2, 1)
    assert await count_rows("contact WHERE company = 'Acme'") == 3
    assert await count_rows("contact WHERE first_name = 'Ben' AND company = 'Acme'") == 1
    assert await count_rows("list_member") == 3
    assert await count_rows("contact_tag") == 3


@pytest.mark.parametrize("name", ["plain", "marked"])
async def test_every_kind_of_cell_is_stored_as_it_is(database: str, tmp_path: Path, name: str) -> None:
    odd = ["\\.", "\\N", "NULL", "a\\b", "{x}", "Zoë\u00a0Łuk", "\u2028", "%s :x", "日本"]
    mark = '"' if name == "marked" else ""
    lines = [f"p{n}@example.com;{mark}{cell}{mark};{mark}{cell}{mark}" for n, cell in enumerate(odd)]
    if mark:
        lines.append('q@example.com;"say ""hi""";"two\r\nlines\n\\.\nend"')
    file = tmp_path / "contacts.csv"
    file.write_text("email;company;note\n" + "\n".join(lines) + "\n", newline="")
    await imports.run_now(file)
    async with db.reading() as session:
        for number, cell in enumerate(odd):
            contact = await _contact(session, f"p{number}@example.com")
            assert contact.company == " ".join(cell.split())
            assert contact.attributes == ({"note": cell} if cell.strip() else {})
        if mark:
            contact = await _contact(session, "q@example.com")
            assert (contact.company, contact.attributes) == ('say "hi"', {"note": "two\r\nlines\n\\.\nend"})


async def _contact(session: AsyncSession, identity: str) -> Contact:
    found = (await session.exec(select(Contact).where(Contact.identity == identity))).one()
    assert isinstance(found, Contact)
    return found


async def test_a_mark_that_never_closes_is_told_with_its_line_after_thousands_of_plain_ones(
    sqlite_database: str, tmp_path: Path
) -> None:
    file = tmp_path / "contacts.csv"
    plain = "".join(f"p{n}@example.com,Anna\r\n" for n in range(30_000))
    file.write_text(f'email,name\r\n{plain}q@example.com,"Ben\r\nr@example.com,Zoe\r\n', newline="")
    with pytest.raises(FileUnusable, match="line 30,002 is never closed"):
        await imports.run_now(file)
