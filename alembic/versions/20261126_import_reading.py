"""imports: encodings to choose from, rows above the headings

Revision: 2f7c1d9e6a30
Before: 8e2b6d40c1f7
"""

import sqlalchemy as sa
from alembic import op

from campaign_app.models.base import JSON

revision = "2f7c1d9e6a30"
down_revision = "8e2b6d40c1f7"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("contact_import") as table:
        table.add_column(sa.Column("encodings", JSON, nullable=False, server_default="[]"))
        table.add_column(sa.Column("encoding_chosen", sa.Boolean(), nullable=False, server_default=sa.true()))
        table.add_column(sa.Column("rows_above", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    with op.batch_alter_table("contact_import") as table:
        for name in ("rows_above", "encoding_chosen", "encodings"):
            table.drop_column(name)
