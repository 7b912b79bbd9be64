"""Every cron line of the product. Times are UTC."""

from collections.abc import Sequence

from arq.cron import CronJob, cron

from campaign_app.audience import jobs as audience
from campaign_app.delivery import jobs as delivery
from campaign_app.media import jobs as media
from campaign_app.ops import jobs as ops
from campaign_app.worker.wrap import logged

_EVERY_5_S = set(range(0, 60, 5))
_EVERY_10_S = set(range(0, 60, 10))


def lines() -> Sequence[CronJob]:
    """All cron lines. Each runs once, with any number of workers."""
    return (
        cron(logged(delivery.sweep), name="cron:sweep", second=_EVERY_10_S, timeout=300),
        cron(logged(delivery.start_scheduled), name="cron:start_scheduled", second=_EVERY_5_S, timeout=300),
        cron(logged(delivery.retry_accounts), name="cron:retry_accounts", second=_EVERY_10_S, timeout=120),
        cron(logged(audience.resume_imports), name="cron:resume_imports", second=30, timeout=60),
        cron(
            logged(audience.move_attributes),
            name="cron:move_attributes",
            minute=set(range(4, 60, 10)),
            second=0,
            timeout=3_600,
        ),
        cron(logged(audience.tidy_imports), name="cron:tidy_imports", hour=3, minute=17, second=0, timeout=600),
        cron(logged(media.tidy_media), name="cron:tidy_media", minute=23, second=0, timeout=600),
        cron(logged(ops.anchor_audit), name="cron:anchor_audit", minute=11, second=0, timeout=60),
        cron(logged(ops.check_invariants), name="cron:check_invariants", minute={7, 37}, second=0, timeout=300),
    )
