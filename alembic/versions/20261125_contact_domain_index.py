"""no index on a contact's domain

Segments compare domains without capitals, so no question used it, and every imported row paid for it.

Revision: 5d1c7e0a9b42
Before: 66b5df02ab42
"""

from alembic import op

revision = "5d1c7e0a9b42"
down_revision = "66b5df02ab42"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_contact_domain", table_name="contact")


def downgrade() -> None:
    op.create_index("ix_contact_domain", "contact", ["domain"])
