"""Changes a daemon's torrents, their limits, and the gateway's store."""

import contextlib
import hashlib
import sqlite3
import threading
from pathlib import Path
from typing import Self

import ouzel
from tools.rig.daemon import Daemon

_BUSY_S = 30.0


class Load:
    """Changes a daemon's torrents and a gateway's store until the end of the context.

    Fields:
        limits: the last acknowledged download limit of each torrent. Limits only grow.
        stored: the last number that was committed to the gateway's store. Numbers only grow.
    """

    def __init__(self, daemon: Daemon, store: Path, name: str = "load") -> None:
        self.limits: dict[str, int] = {}
        self.stored = 0
        self._daemon = daemon
        self._store = store
        self._name = name
        self._number = 0
        self._ends = threading.Event()
        self._threads = [threading.Thread(target=self._change), threading.Thread(target=self._write)]

    def __enter__(self) -> Self:
        self._store.parent.mkdir(mode=0o700, exist_ok=True)
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        for thread in self._threads:
            thread.join()

    def _change(self) -> None:
        while not self._ends.is_set():
            # A killed supervisor answers nothing. Then a client of the next one goes on.
            with contextlib.suppress(ouzel.OuzelError), ouzel.Client(self._daemon.runtime_dir) as client:
                while not self._ends.is_set():
                    self._number += 1
                    topic = hashlib.sha1(f"{self._name} {self._number}".encode(), usedforsecurity=False).hexdigest()
                    client.add_torrent(magnet=f"magnet:?xt=urn:btih:{topic}", paused=True)
                    self.limits[topic] = 0
                    some = list(self.limits)[self._number * 7 % len(self.limits)]
                    client.update_limits(some, download_bps=self._number)
                    self.limits[some] = self._number
            self._ends.wait(0.05)

    def _write(self) -> None:
        with contextlib.closing(sqlite3.connect(self._store, timeout=_BUSY_S, isolation_level=None)) as store:
            store.execute("PRAGMA journal_mode=WAL")
            store.execute("CREATE TABLE IF NOT EXISTS value (name TEXT PRIMARY KEY, json BLOB)")
            number = 0
            while not self._ends.wait(0.002):
                number += 1
                with contextlib.suppress(sqlite3.OperationalError):  # a full disk ends nothing
                    store.execute("INSERT OR REPLACE INTO value VALUES ('number', ?)", (number,))
                    self.stored = number
