"""The two queues and every function that they know."""

from arq.connections import ArqRedis
from arq.worker import Function, func
from redis.asyncio import BlockingConnectionPool

from campaign_app.audience import jobs as audience
from campaign_app.core import queue, redis
from campaign_app.core.config import settings
from campaign_app.delivery import jobs as delivery
from campaign_app.worker.context import Context
from campaign_app.worker.schedules import lines
from campaign_app.worker.steady import SteadyWorker
from campaign_app.worker.wrap import logged

SEND_JOBS = 512  # two for each of 256 campaigns; they mostly wait for limits and servers
SEND_POLL_S = 0.05  # a poll costs 0.5 ms, and a chain lasts seconds
WORK_POLL_S = 0.1


def functions() -> dict[str, list[Function]]:
    """Every background function by its queue."""
    send = [
        func(logged(delivery.send_lease), name="send_lease", timeout=120, max_tries=100),
        func(logged(delivery.start_sending), name="start_sending", timeout=60),
    ]
    work = [
        func(logged(delivery.publish_progress), name="publish_progress", timeout=30),
        func(logged(audience.move_attribute), name="move_attribute", timeout=3_600, max_tries=5),
        func(logged(audience.run_import), name="run_import", timeout=6 * 3_600, max_tries=20),
    ]
    return {queue.SEND: send, queue.WORK: work}


def _pool() -> ArqRedis:
    url = settings().redis
    options = {"max_connections": 20, "timeout": 10, "socket_connect_timeout": 5, **redis.notice_dead_servers(url)}
    return ArqRedis(BlockingConnectionPool.from_url(url, **options))


def make_worker(queue_name: str, context: Context) -> SteadyWorker:
    """An arq worker for one queue on the running loop. This product handles signals, recovery and draining, not arq."""
    sends = queue_name == queue.SEND
    return SteadyWorker(
        functions=functions()[queue_name],
        queue_name=queue_name,
        cron_jobs=None if sends else lines(),
        redis_pool=_pool(),
        handle_signals=False,
        max_jobs=SEND_JOBS if sends else settings().worker_jobs,
        poll_delay=SEND_POLL_S if sends else WORK_POLL_S,
        keep_result=0,
        health_check_interval=30,
        log_results=False,
        timezone=context.zone,
        ctx=dict(context.values),
    )
