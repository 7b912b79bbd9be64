"""when the safety brake stopped a campaign, or a person resumed it after that

Revision: 41d6a7c3e905
Before: c4a9d15e7b20
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "41d6a7c3e905"
down_revision = "c4a9d15e7b20"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("campaign", sa.Column("brake_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("campaign", "brake_at")
