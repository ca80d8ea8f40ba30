"""Makes the deliveries of all hooks. Each hook gets one delivery at a time, in order."""

import asyncio
import itertools
import os
import time
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import msgspec

from supervisor.concurrency.threads import in_thread
from supervisor.config.hooks_config import PostHook, RunHook
from supervisor.hooks.hook_queues import Delivery, HookQueue, HookQueues
from supervisor.hooks.posts import Posted, Verdict, body_of, post
from supervisor.hooks.programs import Ran, run_program
from supervisor.log import logs
from supervisor.pacing.backoff import exponential

BACKOFF: Final = exponential(1.0, 300.0, jitter_s=1.0)
ATTEMPTS: Final = 12
"""The maximum number of attempts of one HTTP request. All attempts and delays together take about 20 minutes."""

GIVE_UP_S: Final = 2.0
"""The extra time after an attempt's time limit. A server may send its answer byte by byte."""


class HookRunner:
    """Makes the deliveries.

    Args:
        path_of: returns the path of a torrent's file by its index; empty if it is not known.
        report: called with a hook's name and its problem. The problem is None after a success.
        admits: whether a log line of this name and level may be written now.
    """

    def __init__(
        self,
        queues: HookQueues,
        *,
        path_of: Callable[[str, int], str],
        report: Callable[[str, str | None], None],
        admits: Callable[[str, str], bool],
        log: logs.Logger,
    ) -> None:
        self._queues = queues
        self._path_of = path_of
        self._report = report
        self._admits = admits
        self._log = log
        self._failing: set[str] = set()

    async def run(self) -> None:
        """Makes deliveries for ever. If a hook is removed from the configuration, the hook is stopped."""
        working: dict[bytes, asyncio.Task[None]] = {}
        async with asyncio.TaskGroup() as group:
            while True:
                queues = self._queues.queues
                for key in working.keys() - queues.keys():
                    working.pop(key).cancel()
                for key, queue in queues.items():
                    if key not in working:
                        working[key] = group.create_task(self._work(queue))
                names = {queue.hook.name for queue in queues.values()}
                for name in self._failing - names:
                    self._tell(name, None)
                self._queues.changed.clear()
                await self._queues.changed.wait()

    async def _work(self, queue: HookQueue) -> None:
        while True:
            delivery = self._with_file(await queue.take())  # a defect below must not repeat it for ever
            began = time.monotonic()
            hook = queue.hook
            if isinstance(hook, RunHook):
                outcome = await run_program(hook, delivery, os.environ)
            else:
                outcome = await self._post(hook, delivery)
            self._ended(queue, delivery, outcome, time.monotonic() - began)

    def _with_file(self, delivery: Delivery) -> Delivery:
        index = delivery.data.get("index")
        if index is None:
            return delivery
        return msgspec.structs.replace(delivery, file=self._path_of(delivery.torrent, index))

    async def _post(self, hook: PostHook, delivery: Delivery) -> Ran:
        number, body = str(uuid.uuid4()), body_of(delivery)
        for attempt in itertools.count(1):
            posted = await self._attempt(hook, body, event=delivery.event, number=number)
            if posted.verdict is not Verdict.AGAIN or attempt == ATTEMPTS:
                return Ran(posted.problem or None, "")
            self._tell(hook.name, f"{posted.problem}; it is tried again")
            await asyncio.sleep(BACKOFF.delay_s(attempt))
        raise AssertionError("unreachable")

    async def _attempt(self, hook: PostHook, body: bytes, **about: Any) -> Posted:
        try:
            async with asyncio.timeout(hook.time_limit_s + GIVE_UP_S):
                return await in_thread(partial(post, hook, body, **about))
        except TimeoutError:
            return Posted(Verdict.AGAIN, f"no complete answer in {hook.time_limit_s:g} s")
        except OSError as error:
            return Posted(Verdict.AGAIN, str(error))

    def _ended(self, queue: HookQueue, delivery: Delivery, outcome: Ran, took_s: float) -> None:
        hook = queue.hook.name
        told = {"torrent": delivery.torrent, "of": delivery.event, "hook": hook, "took_s": round(took_s, 3)}
        problem = outcome.problem
        self._queues.count(problem is None, queue.dropped)
        if problem is None:
            if self._admits("hook_ran", "info"):
                self._log.info("hook_ran", output=outcome.output, **told)
        elif self._admits("hook_failed", "warning"):
            self._log.warning("hook_failed", problem=problem, output=outcome.output, **told)
        if queue.dropped:
            self._log.warning("hook_events_dropped", hook=hook, events=queue.dropped)
            problem = problem or f"it is too slow: {queue.dropped} events were dropped"
            queue.dropped = 0
        self._tell(hook, problem and f"{delivery.event} of torrent {delivery.torrent}: {problem}")

    def _tell(self, name: str, problem: str | None) -> None:
        if problem is None and name not in self._failing:
            return
        (self._failing.discard if problem is None else self._failing.add)(name)
        self._report(name, problem)
