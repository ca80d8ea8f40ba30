"""A subscriber that only records messages, and a reader that makes a table from a snapshot and events."""

import threading
from pathlib import Path
from typing import Any, Final

import msgpack
import zmq

import ouzel
from ouzel.stream.table import Table
from protocol.wire.endpoints import EVENTS_SOCKET, ipc_endpoint
from protocol.wire.rows import TorrentRow
from tools.chaos.history.entries import Heard
from tools.chaos.history.recorder import Recorder, now

TURN_MS: Final = 100
QUEUE: Final = 100_000
SILENCE_S: Final = 600.0
COMPARED: Final = ("state", "save_path", "error", "name", "size")
"""The fields whose every change is an event. Other fields, such as labels and limits, also change without one."""


class Subscriber:
    """Records all lifecycle events and ticks, as they come from the socket."""

    def __init__(self, runtime_dir: Path, recorder: Recorder, number: int = 0) -> None:
        self._recorder = recorder
        self._number = number
        self._zmq: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._zmq.socket(zmq.SUB)
        self._socket.rcvhwm = QUEUE
        self._socket.linger = 0
        for topic in ("lifecycle/", "tick/"):
            self._socket.subscribe(topic)
        self._socket.connect(ipc_endpoint(runtime_dir, EVENTS_SOCKET))
        self._closing = False
        self._thread = threading.Thread(target=self._read, name="subscriber", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends the subscription."""
        self._closing = True
        self._thread.join()
        self._socket.close()
        self._zmq.term()

    def _read(self) -> None:
        while not self._closing:
            if not self._socket.poll(TURN_MS):
                continue
            topic, frame = self._socket.recv_multipart()
            event: dict[str, Any] = msgpack.unpackb(frame)
            tick = topic == b"tick/-"
            heard = Heard(
                at=now(),
                subscriber=self._number,
                epoch=event["epoch"],
                seq=event["seq"],
                tick=tick,
                status=event["data"]["status"] if tick else "",
                type="" if tick else event["type"],
            )
            self._recorder.record(heard)


class TableReader:
    """Makes a table of all torrents from a snapshot, and updates it by events."""

    def __init__(self, runtime_dir: Path) -> None:
        self._table = Table()
        self._lock = threading.Lock()
        self._client = ouzel.Client(runtime_dir)
        self._events = self._client.events(snapshot=True, silence_s=SILENCE_S)
        self.problem = ""
        self._thread = threading.Thread(target=self._read, name="table", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends the stream."""
        self._events.close()
        self._thread.join()
        self._client.close()

    def differences(self, rows: list[TorrentRow]) -> list[str]:
        """The differences between the table and rows."""
        with self._lock:
            mine = dict(self._table.rows)
        found = [self.problem] if self.problem else []
        found += [f"{torrent} is only in the table" for torrent in mine.keys() - {row.torrent for row in rows}]
        for row in rows:
            if row.torrent not in mine:
                found.append(f"{row.torrent} is not in the table")
                continue
            for field in COMPARED:
                told, kept = getattr(row, field), getattr(mine[row.torrent], field)
                if told != kept:
                    found.append(f"{row.torrent}: {field} is {told!r}, in the table {kept!r}")
        return found

    def _read(self) -> None:
        try:
            for item in self._events:
                with self._lock:
                    self._table.apply(item)
        except ouzel.Closed:
            return
        except Exception as error:  # noqa: BLE001  # a violation, which the checkpoint reports
            self.problem = f"the stream ended: {type(error).__name__}: {error}"
