"""who paused a campaign and who wrote a line of its log, as facts and not as names

Revision: e5a81c3f7d42
Before: b7d20f94e1c6

Until now the names of the system's own parts, which a person may have too, decided what went on by itself.
"""

import sqlalchemy as sa
from alembic import op

revision = "e5a81c3f7d42"
down_revision = "b7d20f94e1c6"
branch_labels = None
depends_on = None

PAUSERS = sa.Enum("person", "brake", "circuit", "system", native_enum=False, length=32, create_constraint=False)


def upgrade() -> None:
    op.add_column("campaign", sa.Column("pauser", PAUSERS, nullable=True))
    op.add_column("campaign_activity", sa.Column("by_person", sa.Boolean(), nullable=False, server_default=sa.true()))
    campaign = sa.table("campaign", *(sa.column(name) for name in ("status", "paused_by", "status_reason", "pauser")))
    reason, by = campaign.c.status_reason, campaign.c.paused_by
    pauser = sa.case(
        (by == "Safety brake", "brake"),
        (sa.and_(by == "Automatic", reason.like("% It is tried again by itself.")), "circuit"),
        (by.in_(["Automatic", ""]), "system"),
        else_="person",
    )
    op.execute(sa.update(campaign).where(campaign.c.status == "paused").values(pauser=pauser))
    activity = sa.table("campaign_activity", sa.column("actor_name"), sa.column("by_person"))
    of_the_system = activity.c.actor_name.in_(["Automatic", "Safety brake"])
    op.execute(sa.update(activity).where(of_the_system).values(by_person=sa.false()))


def downgrade() -> None:
    op.drop_column("campaign_activity", "by_person")
    op.drop_column("campaign", "pauser")
