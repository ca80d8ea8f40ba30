"""`python -m tools.engines.failpoint_engine …`: the real engine. It fails at armed failpoints.

Nothing is simulated. The engine calls libtorrent's real session. Crashes are those of `tools.engines.crashes`.
"""

import functools
import itertools
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import libtorrent

from tools.engines import crashes
from tools.engines.failpoints import VARIABLE, Failpoint, Failpoints, What

lt: Any = libtorrent
"""Untyped: the binding's type stubs do not allow subclasses."""

NETWORK_THREAD_S: Final = 5.0
CALM_POLL_S: Final = 0.005


class Trap:
    """Makes the process fail when it reaches an armed failpoint."""

    def __init__(self, failpoints: Failpoints) -> None:
        self._failpoints = failpoints
        self._delayed: set[str] = set()
        self.native_threads: set[int] = set()
        """The ids of the threads that libtorrent has started."""
        self.on_their_way = 0
        """The number of torrents that were added and not confirmed yet."""

    def reached(self, where: str, *, torrent: str | None = None, alert: str | None = None, nth: int = 1) -> None:
        """Called when a failpoint is reached. Returns if the failpoint is not armed, or if it takes effect later."""
        for name, failpoint in self._failpoints.armed().items():
            if (
                failpoint.where == where
                and failpoint.torrent in (None, torrent)
                and failpoint.alert in (None, alert)
                and failpoint.nth == nth
            ):
                self._meet(name, failpoint)

    def _meet(self, name: str, failpoint: Failpoint) -> None:
        fail = functools.partial(self._fail, name, failpoint)
        if not (failpoint.delay_ms or failpoint.calm):
            fail()
        elif name not in self._delayed:
            self._delayed.add(name)
            delay_s = failpoint.delay_ms / 1000
            crashes.later(0, lambda: self._calmed(delay_s, fail)) if failpoint.calm else crashes.later(delay_s, fail)

    def _calmed(self, delay_s: float, fail: Callable[[], None]) -> None:
        """Waits on a separate thread until no torrent has been unconfirmed for a while. Then fails."""
        quiet_since = time.monotonic()
        while time.monotonic() < quiet_since + delay_s:
            time.sleep(CALM_POLL_S)
            if self.on_their_way:
                quiet_since = time.monotonic()
        fail()

    def _fail(self, name: str, failpoint: Failpoint) -> None:
        armed = name in self._failpoints.armed()
        if failpoint.once and armed:
            armed = self._failpoints.lift(name)
        if armed:
            _ENDS[failpoint.what](self)

    def network_thread(self) -> int:
        """The thread id of libtorrent's event loop."""
        deadline = time.monotonic() + NETWORK_THREAD_S
        while time.monotonic() < deadline:
            for tid in self.native_threads:
                if crashes.waits_for_sockets(tid):
                    return tid
            time.sleep(0.001)
        raise AssertionError(f"none of libtorrent's threads {self.native_threads} waits for sockets")


_ENDS: Final[Mapping[What, Callable[[Trap], None]]] = {
    "segv": lambda trap: crashes.native_segv(),
    "segv_here": lambda trap: crashes.segv_here(),
    "segv_network": lambda trap: crashes.segv_in(trap.network_thread()),
    "abort": lambda trap: crashes.abort(),
    "stack": lambda trap: crashes.overflow_stack(),
    "exit": lambda trap: crashes.leave(),
    "kill": lambda trap: crashes.kill(),
    "memory": lambda trap: crashes.exhaust_memory(),
    "hang_gil": lambda trap: crashes.hang_with_gil(),
    "hang_network": lambda trap: crashes.stall(trap.network_thread()),
}


def failing_session(trap: Trap) -> type:
    """A subclass of libtorrent's session, with a trap in the methods that add torrents."""

    class FailingSession(lt.session):  # type: ignore[misc]  # the binding is untyped
        def __init__(self, *args: Any) -> None:
            before = crashes.threads()
            super().__init__(*args)
            trap.native_threads = crashes.threads() - before

        def async_add_torrent(self, params: Any) -> None:
            trap.reached("load", torrent=_hash_of(params))
            trap.on_their_way += 1
            super().async_add_torrent(params)

        def pop_alerts(self) -> list[Any]:
            alerts: list[Any] = super().pop_alerts()
            trap.on_their_way -= sum(isinstance(alert, lt.add_torrent_alert) for alert in alerts)
            return alerts

    return FailingSession


def install(trap: Trap) -> None:
    """Installs the trap in the engine. The engine must not have been imported before."""
    lt.session = failing_session(trap)
    from engine_proc.engine import Engine
    from engine_proc.libtorrent_adapter.alerts import libtorrent_alerts

    copiers: Any = libtorrent_alerts._COPIERS
    for kind, copier in copiers.items():
        copiers[kind] = _trapped(trap, kind.__name__, copier)
    commands, execute = itertools.count(1), Engine._execute

    def execute_trapped(self: Engine, command: Any) -> None:
        trap.reached("command", nth=next(commands))
        execute(self, command)

    Engine._execute = execute_trapped  # type: ignore[method-assign]  # a trap in the real engine


def _trapped(trap: Trap, kind: str, copier: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def copy(books: Any, native: Any) -> Any:
        trap.reached("alert", torrent=_subject(native), alert=kind)
        return copier(books, native)

    return copy


def _hash_of(params: Any) -> str:
    hashes = params.ti.info_hashes() if params.ti is not None else params.info_hashes
    return str(hashes.v1 if hashes.has_v1() else hashes.v2)


def _subject(native: Any) -> str | None:
    """The torrent of an alert; None if the alert has no torrent (any more)."""
    handle = getattr(native, "handle", None)
    if handle is None or not handle.is_valid():
        return None
    hashes = handle.info_hashes()
    return str(hashes.v1 if hashes.has_v1() else hashes.v2)


def main() -> None:
    """Runs the engine."""
    trap = Trap(Failpoints(Path(os.environ[VARIABLE])))
    trap.reached("start")
    trap.reached("after")
    install(trap)
    from engine_proc.__main__ import main as run

    run()


if __name__ == "__main__":
    main()
