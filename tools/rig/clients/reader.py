"""A reader of events by the Python client. It runs in a separate process that can be stopped, and checks the order.

Run `-m tools.rig.clients.reader RUNTIME_DIR`. It writes a line of JSON once it is subscribed. Then it answers each line
on stdin with its progress. It ends when its stdin is closed, or when the process that started it ends.
"""

import json
import sys
import threading
import time
from pathlib import Path
from typing import NamedTuple

import ouzel
from ouzel.stream import event_stream
from tools.rig.helper import Helper


class Progressed(NamedTuple):
    """The progress of a reader.

    Fields:
        events: the number of lifecycle events so far.
        last_seq: the number of the last event or snapshot.
        wrong: the number of events that were out of order or followed a gap.
        resnapshots: the reasons of the resnapshots.
        replays: the number of `replay` requests.
        first_replay_at: the monotonic time of the first `replay` request; 0 if there was none.
    """

    events: int
    last_seq: int
    wrong: int
    resnapshots: list[str]
    replays: int
    first_replay_at: float


class Reader(Helper):
    """The process of a reader."""

    def __init__(self, runtime_dir: Path) -> None:
        super().__init__("tools.rig.clients.reader", str(runtime_dir))

    def progressed(self) -> Progressed:
        """The progress of the reader."""
        return Progressed(**self._ask())


class _Reading:
    """Reads events on a thread."""

    def __init__(self, runtime_dir: Path) -> None:
        self.now = Progressed(0, 0, 0, [], 0, 0.0)
        self._count_replays()
        self._events = ouzel.Client(runtime_dir).events()

    def run(self) -> None:
        for item in self._events:
            now = self.now
            if isinstance(item, ouzel.Resnapshot):
                reasons = [*now.resnapshots, item.reason]
                self.now = self.now._replace(last_seq=item.seq, resnapshots=reasons)
            else:
                wrong = now.wrong + bool(now.last_seq and item.seq != now.last_seq + 1)
                self.now = self.now._replace(events=now.events + 1, last_seq=item.seq, wrong=wrong)

    def _count_replays(self) -> None:
        ask = event_stream.EventStream._replay

        def count(stream: event_stream.EventStream, *, delay_ms: int = 0) -> list[event_stream.Step]:
            at = self.now.first_replay_at or time.monotonic()
            self.now = self.now._replace(replays=self.now.replays + 1, first_replay_at=at)
            return ask(stream, delay_ms=delay_ms)

        vars(event_stream)["EventStream"]._replay = count


if __name__ == "__main__":
    reading = _Reading(Path(sys.argv[1]))
    threading.Thread(target=reading.run, daemon=True).start()
    sys.stdout.write("{}\n")
    sys.stdout.flush()
    for _ in sys.stdin:
        sys.stdout.write(json.dumps(reading.now._asdict()) + "\n")
        sys.stdout.flush()
