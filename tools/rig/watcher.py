"""Records all lifecycle events of a daemon, with their times of arrival."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import ouzel
from tools.rig.waiting import PATIENCE_S


class Seen(NamedTuple):
    """An event, and the monotonic time in seconds at which it arrived."""

    at: float
    event: ouzel.Event


class Watcher:
    """Reads the lifecycle events of a daemon on a thread, from its creation on.

    Fields:
        seen: all events so far. Entries are only appended.
    """

    def __init__(self, runtime_dir: Path) -> None:
        self.seen: list[Seen] = []
        self._news = threading.Condition()
        self._trouble: BaseException | None = None
        self._closing = False
        self._reached = 0
        self._runtime_dir = runtime_dir
        self._client = ouzel.Client(runtime_dir)
        try:
            self._events = self._client.events(ticks=True)
        except BaseException:
            self._client.close()
            raise
        self._thread = threading.Thread(target=self._read, name="watcher", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stops reading at the daemon's next message. The daemon sends a tick every second."""
        self._closing = True
        self._thread.join()
        self._client.close()

    def wait(self, wanted: Callable[[ouzel.Event], bool], what: str, *, patience_s: float = PATIENCE_S) -> Seen:
        """Waits for an event that satisfies `wanted`, and returns the first such event. Earlier events count, too.

        At the deadline, raises AssertionError. The message contains `what`.
        """
        deadline = time.monotonic() + patience_s
        looked_at = 0
        with self._news:
            while True:
                for seen in self.seen[looked_at:]:
                    if wanted(seen.event):
                        return seen
                looked_at = len(self.seen)
                if self._trouble is not None:
                    raise self._trouble
                left_s = deadline - time.monotonic()
                if left_s <= 0:
                    raise AssertionError(f"not seen in {patience_s:g} s: {what}")
                self._news.wait(left_s)

    def so_far(self) -> list[ouzel.Event]:
        """All events that the daemon has numbered by now. Waits for the events that have not arrived yet."""
        with ouzel.Client(self._runtime_dir) as asking:
            now = next(asking.snapshot()).seq
        with self._news:
            arrived = self._news.wait_for(lambda: self._trouble is not None or self._reached >= now, PATIENCE_S)
            if self._trouble is not None:
                raise self._trouble
            assert arrived, f"event {now} has not come, {self._reached} has"
            return [seen.event for seen in self.seen]

    def _read(self) -> None:
        try:
            for item in self._events:
                if self._closing:
                    return
                at = time.monotonic()
                assert isinstance(item, ouzel.Event), f"events were lost: {item}"
                with self._news:
                    self._reached = item.seq
                    if item.numbered:
                        self.seen.append(Seen(at, item))
                    self._news.notify_all()
        except BaseException as error:  # noqa: BLE001  # raised again by the waiting thread
            with self._news:
                self._trouble = error
                self._news.notify_all()
