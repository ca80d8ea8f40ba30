"""The selector: evaluates a torrent's selection on the loop, or on a thread if that takes long.

A torrent may have 100,000 files, and a selection may have 1,000 globs. On the loop, such an evaluation would block
everything else. The selector caches the result of a slow evaluation until the torrent is removed. The result is used
several times during loading, and sometimes later.
"""

import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from engine_proc.files import selection
from engine_proc.session import faults
from engine_proc.session.session_port import FAULTS, NotSelected
from protocol.wire.desired import RULES_PATIENCE_S, DesiredTorrent, Selection

AT_ONCE: Final = 5_000_000
"""The maximum number of steps on the loop. They usually take 1 ms. With malicious globs they take 20 ms."""

_TURN_S: Final = 0.005
"""The time after which the thread yields to the loop."""


class _Rules(NamedTuple):
    """The input of an evaluation, without the paths. A torrent's paths do not change."""

    include: tuple[str, ...]
    exclude: tuple[str, ...]
    skip_fluff: bool
    files: int


class _Task(NamedTuple):
    torrent: str
    rules: _Rules
    paths: Sequence[str]
    selection: Selection
    rooted: bool


class Selector:
    """Evaluates the selections of a session's torrents.

    Args:
        on_selected: called on the selector's thread once a torrent's result is known. The arguments are the torrent,
            and the problem or None.
        clock: returns the CPU seconds of the calling thread. The machine's load does not affect CPU seconds.
        at_once: the maximum number of steps on the loop.
        patience_s: the CPU seconds after which an evaluation is aborted.
    """

    def __init__(
        self,
        on_selected: Callable[[str, str | None], None],
        *,
        clock: Callable[[], float] = time.thread_time,
        at_once: int = AT_ONCE,
        patience_s: float = RULES_PATIENCE_S,
    ) -> None:
        self._on_selected = on_selected
        self._clock = clock
        self._at_once = at_once
        self._patience_s = patience_s
        self._known: dict[str, tuple[_Rules, bytes]] = {}
        self._asked: dict[str, _Rules] = {}
        """The latest request for each torrent. Results of earlier requests are outdated."""
        self._tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closing = False

    def priorities(self, desired: DesiredTorrent, paths: Sequence[str]) -> list[int]:
        """The priority of each file.

        Args:
            paths: the paths of the torrent's files, separated by `/`.

        Raises:
            NotSelected: the evaluation takes too long for the loop. `on_selected` is called later, with the result.
        """
        if (found := self._known_priorities(desired, paths)) is not None:
            return found
        chosen, torrent = desired.selection, desired.torrent
        rooted = any("/" in path for path in paths)
        rules = _rules(chosen, paths)
        if self._asked.get(torrent) != rules:
            self._asked[torrent] = rules
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="selector", daemon=True)
                self._thread.start()
            self._tasks.put(_Task(torrent, rules, paths, chosen, rooted))
        raise NotSelected(torrent)

    def priorities_at_hand(self, desired: DesiredTorrent, paths: Sequence[str]) -> list[int]:
        """The priority of each file.

        If the evaluation takes too long for the loop and has no cached result, the rules are ignored.
        """
        found = self._known_priorities(desired, paths)
        return found if found is not None else selection.with_priorities([True] * len(paths), desired.selection)

    def _known_priorities(self, desired: DesiredTorrent, paths: Sequence[str]) -> list[int] | None:
        chosen = desired.selection
        if selection.work(paths, chosen) <= self._at_once:
            return selection.priorities(paths, chosen, rooted=any("/" in path for path in paths))
        known = self._known.get(desired.torrent)
        if known is not None and known[0] == _rules(chosen, paths):
            return selection.with_priorities(map(bool, known[1]), chosen)
        return None

    def discard(self, torrent: str) -> None:
        """Discards the cached result of a torrent, and any request for an evaluation."""
        self._known.pop(torrent, None)
        self._asked.pop(torrent, None)

    def close(self) -> None:
        """Stops the selector's thread."""
        self._closing = True
        self._tasks.put(None)
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while (task := self._tasks.get()) is not None and not self._closing:
            if self._outdated(task):
                continue
            problem = f"to find out which files its rules want takes more than {self._patience_s:g} s of a processor"
            try:
                wanted = self._decide(task)
            except FAULTS as error:
                wanted, problem = None, faults.problem("its rules", error)
            if self._outdated(task):
                continue
            if wanted is not None:
                self._known[task.torrent] = (task.rules, bytes(wanted))
            self._asked.pop(task.torrent, None)
            self._on_selected(task.torrent, None if wanted is not None else problem)

    def _decide(self, task: _Task) -> list[bool] | None:
        """For each file, whether the rules select it. None if the evaluation takes too long, or is no longer needed."""
        deciding = selection.decide(task.paths, task.selection, rooted=task.rooted)
        began = turn = self._clock()
        while True:
            try:
                next(deciding)
            except StopIteration as end:
                wanted: list[bool] = end.value
                return wanted
            now = self._clock()
            if self._outdated(task) or now - began > self._patience_s:
                return None
            if now - turn > _TURN_S:
                time.sleep(0.001)
                turn = self._clock()

    def _outdated(self, task: _Task) -> bool:
        return self._closing or self._asked.get(task.torrent) != task.rules


def _rules(chosen: Selection, paths: Sequence[str]) -> _Rules:
    return _Rules(tuple(chosen.include), tuple(chosen.exclude), chosen.skip_fluff, len(paths))
