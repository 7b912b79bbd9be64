"""an empty time zone of a person means the workspace's

Everybody who was added without choosing a zone got UTC, although the pages showed the workspace's. Who had chosen UTC gets
the workspace's too and chooses again: nothing tells the two apart.

Revision: 8c1f0d27aa35
Before: 6b0e4f82d915
"""

from alembic import op

revision = "8c1f0d27aa35"
down_revision = "6b0e4f82d915"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE app_user SET time_zone = '' WHERE time_zone = 'UTC'")


def downgrade() -> None:
    op.execute("UPDATE app_user SET time_zone = 'UTC' WHERE time_zone = ''")
