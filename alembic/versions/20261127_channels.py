"""content by channel, addresses by kind, suppression by kind and address, provider ids of deliveries

Revision: d83f0b6c2e57
Before: a17c5e90d3b8
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "d83f0b6c2e57"
down_revision = "a17c5e90d3b8"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("campaign") as batch:
        batch.add_column(sa.Column("content", JSON, nullable=False, server_default="{}"))
        batch.add_column(sa.Column("address_kind", sa.String(32), nullable=False, server_default="email"))
    with op.batch_alter_table("campaign") as batch:
        batch.alter_column("content", server_default=None)
        batch.alter_column("address_kind", server_default=None)
    with op.batch_alter_table("suppression") as batch:
        batch.add_column(sa.Column("kind", sa.String(32), nullable=False, server_default="email"))
    op.execute("UPDATE suppression SET kind = 'phone' WHERE address NOT LIKE '%@%'")
    with op.batch_alter_table("suppression") as batch:
        batch.alter_column("kind", server_default=None)
        batch.drop_constraint(batch.f("uq_suppression_address"), type_="unique")
        batch.create_unique_constraint(batch.f("uq_suppression_kind_address"), ["kind", "address"])
        batch.create_index("ix_suppression_address", ["address"])
    op.create_table(
        "contact_address",
        sa.Column("id", BIG, nullable=False),
        sa.Column("contact_id", BIG, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("scope", sa.String(64), nullable=False),
        sa.Column("value", sa.String(254), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name=op.f("fk_contact_address_contact_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_address")),
        sa.UniqueConstraint("kind", "scope", "value", name=op.f("uq_contact_address_kind_scope_value")),
    )
    op.create_index("ix_contact_address_contact_id_kind", "contact_address", ["contact_id", "kind"])
    op.create_table(
        "delivery_ref",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("provider_id", sa.String(128), nullable=False),
        sa.Column("delivery_id", BIG, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "provider_id", name=op.f("pk_delivery_ref")),
    )
    op.create_index("ix_delivery_ref_delivery_id", "delivery_ref", ["delivery_id"])


def downgrade() -> None:
    op.drop_table("delivery_ref")
    op.drop_table("contact_address")
    with op.batch_alter_table("suppression") as batch:
        batch.drop_index("ix_suppression_address")
        batch.drop_constraint(batch.f("uq_suppression_kind_address"), type_="unique")
    op.execute("DELETE FROM suppression WHERE kind NOT IN ('email', 'phone')")
    with op.batch_alter_table("suppression") as batch:
        batch.drop_column("kind")
        batch.create_unique_constraint(batch.f("uq_suppression_address"), ["address"])
    with op.batch_alter_table("campaign") as batch:
        batch.drop_column("address_kind")
        batch.drop_column("content")
