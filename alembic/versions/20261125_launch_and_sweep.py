"""deliveries without a foreign key to their campaign, an index of held leases

A launch inserts a campaign's deliveries while it holds the campaign's row, and campaigns are never removed: the check of
a million rows one by one was 40 % of a launch on PostgreSQL. The sweep asks every ten seconds for the leases that
somebody holds: a few of hundreds of thousands.

Revision: 8e2b6d40c1f7
Before: 5d1c7e0a9b42
"""

import sqlalchemy as sa
from alembic import op

revision = "8e2b6d40c1f7"
down_revision = "5d1c7e0a9b42"
branch_labels = None
depends_on = None

HELD = sa.text("state = 'held'")


def upgrade() -> None:
    with op.batch_alter_table("delivery") as table:
        table.drop_constraint("fk_delivery_campaign_id", type_="foreignkey")
    op.create_index("ix_lease_held", "lease", ["expires_at"], sqlite_where=HELD, postgresql_where=HELD)


def downgrade() -> None:
    op.drop_index("ix_lease_held", table_name="lease")
    with op.batch_alter_table("delivery") as table:
        table.create_foreign_key("fk_delivery_campaign_id", "campaign", ["campaign_id"], ["id"], ondelete="CASCADE")
