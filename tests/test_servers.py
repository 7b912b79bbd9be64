"""A database that is used again is as a new one."""

import secrets
from typing import Any

from tests import servers


def test_a_used_database_is_empty_again_or_dropped(postgres_server: str, postgres_template: str) -> None:
    name = f"used_{secrets.token_hex(4)}"
    shape = servers.shape_of(postgres_server, postgres_template)
    servers.create_database(postgres_server, name, postgres_template)
    found: list[Any] = []

    def work(*statements: str) -> None:
        async def run(connection: Any) -> None:
            found.extend([await connection.fetchval(statement) for statement in statements])

        servers._connected(postgres_server, name, run)

    insert = (
        "INSERT INTO contact_list (name, description, members, created_at) VALUES ($$a$$, $$$$, 0, now()) RETURNING id"
    )
    work(insert, "SELECT nextval('tag_id_seq')")
    assert servers.emptied(postgres_server, name, shape)
    work("SELECT COUNT(*) FROM contact_list", insert, "SELECT nextval('tag_id_seq')")
    assert found == [1, 1, 0, 1, 1]
    work("DROP INDEX ix_contact_updated_at_id")
    assert not servers.emptied(postgres_server, name, shape)
    servers.drop_database(postgres_server, name)
    assert not servers.emptied(postgres_server, name, shape)
