"""Column types of all tables, the same on SQLite and PostgreSQL."""

from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, MetaData, SQLModel

SQLModel.metadata.naming_convention = {  # fixed names, which Alembic finds on both databases
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata: MetaData = SQLModel.metadata

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
TEXT = sa.Text()


def choice(kind: type[StrEnum]) -> sa.Enum:
    """A StrEnum stored as its value in a VARCHAR(32), so that new members need no migration."""
    return sa.Enum(
        kind,
        native_enum=False,
        length=32,
        create_constraint=False,
        values_callable=lambda k: [m.value for m in k],
    )


def big_id() -> Any:
    """A 64-bit primary key."""
    return Field(default=None, primary_key=True, sa_type=BIG)
