"""an account is settings and sealed secrets of a provider; what is SMTP's alone moves into them

Sealed strings move as they are: nothing is opened, and no key is needed.

Revision: a17c5e90d3b8
Before: 0c94d2e6b71a
"""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "a17c5e90d3b8"
down_revision = "0c94d2e6b71a"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
SETTINGS = (
    sa.Column("host", sa.String(255)),
    sa.Column("port", sa.Integer()),
    sa.Column("tls", sa.String(32)),
    sa.Column("auth", sa.String(32)),
    sa.Column("username", sa.String(255)),
    sa.Column("from_address", sa.String(254)),
    sa.Column("from_name", sa.String(255)),
    sa.Column("reply_to", sa.String(254)),
    sa.Column("connections", sa.Integer()),
    sa.Column("pipelining", sa.String(32)),
    sa.Column("dkim_domain", sa.String(255)),
    sa.Column("dkim_selector", sa.String(63)),
)
SECRETS = {"password": "password_sealed", "dkim_key": "dkim_key_sealed"}
BEFORE = [*(column.name for column in SETTINGS), *SECRETS.values()]
_ABSENT = {"port": 25, "connections": 10, "tls": "starttls", "auth": "auto", "pipelining": "auto"}


def _table(names: list[str]) -> sa.TableClause:
    kinds: dict[str, Any] = {"settings": JSON, "secrets": JSON}
    return sa.table("sending_account", sa.column("id"), *(sa.column(name, kinds.get(name)) for name in names))


def upgrade() -> None:
    with op.batch_alter_table("sending_account") as batch:
        batch.add_column(sa.Column("provider", sa.String(32), nullable=False, server_default="smtp"))
        batch.add_column(sa.Column("settings", JSON, nullable=False, server_default="{}"))
        batch.add_column(sa.Column("secrets", JSON, nullable=False, server_default="{}"))
        batch.add_column(sa.Column("state", sa.String(32), nullable=False, server_default=""))
        batch.add_column(sa.Column("time_zone", sa.String(64), nullable=False, server_default=""))
    table, connection = _table([*BEFORE, "settings", "secrets"]), op.get_bind()
    for row in connection.execute(sa.select(table)).mappings().all():
        settings = {column.name: row[column.name] for column in SETTINGS}
        secrets = {name: row[column] for name, column in SECRETS.items() if row[column]}
        connection.execute(sa.update(table).where(table.c.id == row["id"]).values(settings=settings, secrets=secrets))
    with op.batch_alter_table("sending_account") as batch:
        for name in ("channel", *BEFORE):
            batch.drop_column(name)
        for name in ("provider", "settings", "secrets", "state", "time_zone"):
            batch.alter_column(name, server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("sending_account") as batch:
        batch.add_column(sa.Column("channel", sa.String(32), nullable=False, server_default="email"))
        for column in SETTINGS:
            default = str(_ABSENT.get(column.name, ""))
            batch.add_column(sa.Column(column.name, column.type, nullable=False, server_default=default))
        for name in SECRETS.values():
            batch.add_column(sa.Column(name, sa.Text(), nullable=False, server_default=""))
    table, connection = _table([*BEFORE, "settings", "secrets"]), op.get_bind()
    for row in connection.execute(sa.select(table)).mappings().all():
        settings, secrets = _read(row["settings"]), _read(row["secrets"])
        values = {column.name: settings[column.name] for column in SETTINGS if column.name in settings}
        values |= {column: secrets.get(name, "") for name, column in SECRETS.items()}
        connection.execute(sa.update(table).where(table.c.id == row["id"]).values(**values))
    with op.batch_alter_table("sending_account") as batch:
        for name in ("provider", "settings", "secrets", "state", "time_zone"):
            batch.drop_column(name)
        for name in ("channel", *BEFORE):
            batch.alter_column(name, server_default=None)


def _read(value: Any) -> dict[str, Any]:
    return json.loads(value) if isinstance(value, str) else value
