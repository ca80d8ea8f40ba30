"""The queues of deliveries, one for each hook."""

import asyncio
import time
from collections import deque
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from protocol.wire.events.event import LifecycleEvent
from supervisor.config.hooks_config import Hook, HooksConfig
from supervisor.events import event_frames
from supervisor.store.catalogue import Catalogue

QUEUED_MAX: Final = 1000
"""The maximum number of deliveries that wait for one hook. Further deliveries are dropped and counted."""


class About(msgspec.Struct, frozen=True):
    """Data about a torrent for hooks: the name, the save path, and the labels."""

    name: str
    save_path: str
    labels: list[str]


class Delivery(msgspec.Struct, frozen=True):
    """One event for one hook.

    Fields:
        event: the type of the event.
        ts_us: the time of the event, in microseconds since 1970.
        data: the event's data.
        file: if the event is about a file, the file's path in the torrent. Empty if there is no file, or if its path is
            unknown.
    """

    event: str
    torrent: str
    ts_us: int
    about: About
    data: Mapping[str, Any]
    file: str = ""

    @property
    def values(self) -> dict[str, str]:
        """The values of the placeholders (`supervisor.config.placeholders`)."""
        about, data = self.about, self.data
        return {
            "event": self.event,
            "torrent": self.torrent,
            "name": about.name,
            "save_path": about.save_path,
            "path": f"{about.save_path.rstrip('/')}/{about.name}",
            "labels": ",".join(about.labels),
            "file": self.file,
            "error": str(data.get("message", "")),
        }


class HookQueue:
    """The deliveries that wait for one hook.

    Fields:
        dropped: the number of dropped deliveries since the last reset to 0.
    """

    def __init__(self, hook: Hook) -> None:
        self.hook = hook
        self.dropped = 0
        self._waiting: deque[Delivery] = deque()
        self._some = asyncio.Event()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, delivery: Delivery) -> None:
        """Adds a delivery, or drops it if the queue is full."""
        if len(self._waiting) >= QUEUED_MAX:
            self.dropped += 1
            return
        self._waiting.append(delivery)
        self._some.set()

    async def take(self) -> Delivery:
        """Waits for a delivery. Removes and returns the first delivery."""
        while not self._waiting:
            self._some.clear()
            await self._some.wait()
        return self._waiting.popleft()


class HookQueues:
    """The queues of all configured hooks.

    Args:
        catalogue: has the names, save paths and labels of torrents.

    Fields:
        queues: the queues, by an encoding of the hook.
        changed: set when `queues` has changed.
        ended: the number of ended deliveries by outcome: `ok`, `failed` or `dropped`.
    """

    def __init__(self, hooks: HooksConfig, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._wanted: frozenset[str] = frozenset()
        self.queues: dict[bytes, HookQueue] = {}
        self.changed = asyncio.Event()
        self.ended = {"ok": 0, "failed": 0, "dropped": 0}
        self.follow(hooks)

    def follow(self, hooks: HooksConfig) -> None:
        """Replaces the hooks. Remaining hooks keep their queues."""
        wanted = {msgspec.json.encode(hook): hook for hook in hooks.all}
        self.queues = {key: self.queues.get(key) or HookQueue(hook) for key, hook in wanted.items()}
        self._wanted = frozenset(event for hook in wanted.values() for event in hook.events)
        self.changed.set()

    def count(self, succeeded: bool, dropped: int) -> None:
        """Counts an ended delivery, and the deliveries that were dropped before it."""
        self.ended["ok" if succeeded else "failed"] += 1
        self.ended["dropped"] += dropped

    def handle(self, event: LifecycleEvent) -> None:
        """Queues an event for each hook that is configured for this event."""
        if not self._wanted:
            return
        kind = event_frames.type_of(type(event))
        if kind not in self._wanted:
            return
        data: dict[str, Any] = msgspec.to_builtins(event)
        data.pop("type")
        torrent = data.pop("torrent")
        delivery = Delivery(kind, torrent, time.time_ns() // 1000, self._about(torrent), data)
        for queue in self.queues.values():
            if kind in queue.hook.events:
                queue.put(delivery)

    def _about(self, torrent: str) -> About:
        desired = self._catalogue.torrents.get(torrent) or self._catalogue.leaving.get(torrent)
        if desired is None:
            return About("", "", [])
        name = desired.name if desired.metadata is None else desired.metadata.name
        return About(name, desired.save_path, list(desired.labels))
