"""the end of the audit log is signed and counted

Whoever could write to the database could cut off the newest entries and name another one as the end. This is the one
place that signs an end which was not signed before; afterwards an unsigned end is a fault.

Revision: c4a9d15e7b20
Before: 3e9a5b7c2d14
"""

import json

import sqlalchemy as sa
from alembic import op

from campaign_app.audit import chain
from campaign_app.core import crypto

revision = "c4a9d15e7b20"
down_revision = "3e9a5b7c2d14"
branch_labels = None
depends_on = None

SETTING = sa.table("setting", sa.column("key", sa.String), sa.column("value", sa.JSON))
HEAD = SETTING.c.key == "audit_head"


def upgrade() -> None:
    database = op.get_bind()
    value = database.execute(sa.select(SETTING.c.value).where(HEAD)).scalar_one_or_none()
    if value is None:
        return
    old = json.loads(value) if isinstance(value, str) else value
    last = database.execute(sa.text("SELECT id, hash FROM audit_entry ORDER BY id DESC LIMIT 1")).first()
    count = database.execute(sa.text("SELECT COUNT(*) FROM audit_entry")).scalar_one()
    last_id, last_hash = last or (0, "")
    broken = (old.get("id"), old.get("hash")) != (last_id, last_hash)
    signed = chain.head(crypto.derive("audit head"), last_id, last_hash, count, broken=broken)
    database.execute(sa.update(SETTING).where(HEAD).values(value=signed))


def downgrade() -> None:
    pass  # what the head says besides id and hash disturbs nobody
