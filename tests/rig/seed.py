"""A bare libtorrent session in a process of its own, to download from and to measure against.

Run as `python -m tests.rig.seed`: one JSON object a line on stdin is a command, one on stdout its answer.
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

LOOPBACK: Final = {
    "listen_interfaces": "127.0.0.1:0",
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "enable_outgoing_utp": False,
    "allow_multiple_connections_per_ip": True,
}
"""Settings of a session that talks to nobody but its neighbours on this machine."""


class Seed:
    """A process with a bare session.

    Args:
        upload_bps: limit of what it gives, 0 for none; it holds on loopback too.
    """

    def __init__(self, *, upload_bps: int = 0) -> None:
        argv = [sys.executable, "-m", "tests.rig.seed", str(upload_bps)]
        self._process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.endpoint = f"127.0.0.1:{self._read()['port']}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add(self, metainfo: bytes, save_path: Path, *, peer: str | None = None, seed_mode: bool = True) -> None:
        """Seeds what lies at `save_path`, or without `seed_mode` downloads it from `peer`."""
        self._ask(op="add", metainfo=metainfo.hex(), save_path=str(save_path), peer=peer, seed_mode=seed_mode)

    def uploaded(self) -> int:
        """Payload bytes that were given so far."""
        return int(self._ask(op="totals")["uploaded"])

    def downloaded(self) -> int:
        """Payload bytes that were taken so far."""
        return int(self._ask(op="totals")["downloaded"])

    def finished(self) -> bool:
        """Whether all torrents have all their pieces."""
        return bool(self._ask(op="totals")["finished"])

    def close(self) -> None:
        """Ends the process."""
        if self._process.poll() is None:
            self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        self._process.wait()

    def _ask(self, **command: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


def _serve(upload_bps: int) -> None:
    import libtorrent

    lt: Any = libtorrent
    session = lt.session({**LOOPBACK, "upload_rate_limit": upload_bps})
    everyone = lt.ip_filter()
    everyone.add_rule("0.0.0.0", "255.255.255.255", 1 << session.global_peer_class_id)
    session.set_peer_class_filter(everyone)
    while not session.listen_port():
        time.sleep(0.01)
    _say(port=session.listen_port())
    for line in sys.stdin:
        command = json.loads(line)
        if command["op"] == "add":
            params = lt.load_torrent_buffer(bytes.fromhex(command["metainfo"]))
            params.save_path = command["save_path"]
            params.flags = lt.torrent_flags.seed_mode if command["seed_mode"] else 0
            if command["peer"]:
                host, _, port = command["peer"].rpartition(":")
                params.peers = [(host, int(port))]
            session.add_torrent(params)
            _say()
        else:
            rows = [handle.status() for handle in session.get_torrents()]
            _say(
                uploaded=sum(row.total_payload_upload for row in rows),
                downloaded=sum(row.total_payload_download for row in rows),
                finished=all(row.is_seeding for row in rows),
            )


def _say(**answer: Any) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
