"""`python -m campaign_app.worker`: runs until SIGTERM or Ctrl-C, then drains within seconds and ends with 0."""

import asyncio
import gc
import signal
import sys
from contextlib import suppress

import uvloop
from arq.worker import Worker
from redis.exceptions import RedisError

from campaign_app.core import logging, pulse, queue
from campaign_app.worker.context import Context
from campaign_app.worker.settings import make_worker

log = logging.get("worker")
JOBS_END_S = 3.0
_RETRY_S = 0.5


class Server:
    """Both queues over one context."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._workers: dict[str, Worker] = {}
        self._left: list[asyncio.Task[object]] = []
        self._stopping = False

    async def serve(self, name: str) -> None:
        """Work on a queue. When Redis goes away the jobs under way go on, and the queue is taken up again later."""
        while not self._stopping:
            worker = self._workers[name] = make_worker(name, self._context)
            try:
                await worker.async_run()
            except (RedisError, OSError) as error:
                log.warning("queue lost, trying again", queue=name, error=type(error).__name__)
                self._left.extend(worker.tasks.values())
                await asyncio.sleep(_RETRY_S)

    def stop_picking(self) -> None:
        """Stop taking jobs."""
        self._stopping = True
        for worker in self._workers.values():
            worker.allow_pick_jobs = False

    async def finish_jobs(self) -> None:
        """Let jobs end (sending ones have nothing left to do), then cancel the rest: arq runs those again."""
        tasks = [task for worker in self._workers.values() for task in worker.tasks.values()]
        waiting = [task for task in tasks + self._left if not task.done()]
        if waiting:
            await asyncio.wait(waiting, timeout=JOBS_END_S)
        for worker in self._workers.values():
            for job in worker.job_tasks.values():
                job.cancel()
        late = [task for task in waiting if not task.done()]
        if late:
            await asyncio.wait(late, timeout=2.0)
        for worker in self._workers.values():
            with suppress(RedisError, OSError):
                await worker.pool.aclose(close_connection_pool=True)


async def run() -> None:
    """Run the process from start to end."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    context = Context()
    beginning = loop.create_task(context.begin())
    stopped: asyncio.Task[object] = loop.create_task(stop.wait())
    await asyncio.wait({beginning, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if not beginning.done():
        beginning.cancel()
        return
    beginning.result()
    log.info("worker ready", worker=context.engine.name)
    async with pulse.kept("worker"):
        await _serve(context, stopped)


async def _serve(context: Context, stopped: asyncio.Task[object]) -> None:
    """Work until a stop signal, then drain."""
    loop = asyncio.get_running_loop()
    server = Server(context)
    serving = [loop.create_task(server.serve(name)) for name in (queue.SEND, queue.WORK)]
    await asyncio.wait({stopped, *serving}, return_when=asyncio.FIRST_COMPLETED)
    log.info("worker draining")
    server.stop_picking()
    await context.drain()
    await server.finish_jobs()
    for task in serving:
        task.cancel()
    results = await asyncio.gather(*serving, return_exceptions=True)
    await context.end()
    log.info("worker stopped")
    for result in results:
        if isinstance(result, Exception):
            raise result


def main() -> None:
    """Entry point."""
    logging.configure()
    sys.setswitchinterval(0.001)  # the ledger's thread must not wait 5 ms for each step of a statement
    gc.freeze()  # imported modules stay: the garbage collector need not scan them
    gc.set_threshold(20_000, 20, 50)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())


if __name__ == "__main__":
    main()
