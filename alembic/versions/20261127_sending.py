"""the status "sending" and its counter go: a row is pending until its outcome is known

Revision: 0c94d2e6b71a
Before: 5c6595d9e119
"""

import sqlalchemy as sa
from alembic import op

revision = "0c94d2e6b71a"
down_revision = "5c6595d9e119"
branch_labels = None
depends_on = None


def upgrade() -> None:
    connection = op.get_bind()
    if connection.execute(sa.text("SELECT 1 FROM campaign_counter WHERE sending <> 0")).first():
        op.execute("UPDATE delivery SET status = 'pending' WHERE status = 'sending'")
        op.execute("UPDATE campaign_counter SET pending = pending + sending")
    op.drop_column("campaign_counter", "sending")


def downgrade() -> None:
    op.add_column("campaign_counter", sa.Column("sending", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("campaign_counter") as table:
        table.alter_column("sending", server_default=None)
