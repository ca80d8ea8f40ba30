"""A bare libtorrent session in a separate process, to download from and to compare with.

Run `python -m tools.rig.seed`. Each line on stdin is a command as a JSON object. A line on stdout is its answer. The
process ends when its stdin is closed, or when the process that started it ends.
"""

import json
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from tools.rig.helper import Helper

LOOPBACK: Final = {
    "listen_interfaces": "127.0.0.1:0",
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "enable_outgoing_utp": False,
    "allow_multiple_connections_per_ip": True,
}
"""Settings of a session that only uses loopback."""

DOWNLOAD_S: Final = 600.0
"""The time limit of a download."""


class Downloaded(NamedTuple):
    """The measurements of a bare session's download.

    Fields:
        finished_s: from the add until libtorrent reported that all pieces had passed their hash check.
        flushed_s: from the add until libtorrent reported that the write cache had been written out, too.
        cpu_s: the CPU time of the process during the download.
    """

    finished_s: float
    flushed_s: float
    cpu_s: float


class Counts(NamedTuple):
    """The number of all torrents, and the number of torrents that have all pieces."""

    torrents: int
    seeding: int


class Seed(Helper):
    """The process of a bare session.

    Args:
        upload_bps: the session's upload limit. It also applies on loopback. 0 means no limit.
        settings: libtorrent settings that override the settings for loopback.
        prefix: a command that runs the process, such as `nsenter`.
    """

    def __init__(
        self,
        *,
        upload_bps: int = 0,
        settings: Mapping[str, int | str | bool] | None = None,
        prefix: Sequence[str] = (),
    ) -> None:
        wanted = {**LOOPBACK, **(settings or {}), "upload_rate_limit": upload_bps}
        super().__init__("tools.rig.seed", json.dumps(wanted), prefix=prefix)
        self.endpoint = f"127.0.0.1:{self.greeting['port']}"

    def add(self, metainfo: bytes, save_path: Path, *, peer: str | None = None, seed_mode: bool = True) -> None:
        """Seeds the data at `save_path`. Without `seed_mode`, downloads the data from `peer`."""
        self._ask(op="add", metainfo=metainfo.hex(), save_path=str(save_path), peer=peer, seed_mode=seed_mode)

    def add_unverified(self, metainfo: bytes, save_path: Path) -> None:
        """Seeds the data at `save_path` without hashing it. If the data is corrupt, peers get corrupt data."""
        self._ask(
            op="add", metainfo=metainfo.hex(), save_path=str(save_path), peer=None, seed_mode=False, unverified=True
        )

    def add_pieces(self, metainfo: bytes, save_path: Path, pieces: Collection[int], *, upload_bps: int = 0) -> None:
        """Uploads some pieces of the data at `save_path`, with an upload limit for the torrent. Downloads nothing."""
        self._ask(
            op="add",
            metainfo=metainfo.hex(),
            save_path=str(save_path),
            peer=None,
            seed_mode=False,
            pieces=sorted(pieces),
            upload_bps=upload_bps,
        )

    def download(self, metainfo: bytes, save_path: Path, *, peer: str) -> Downloaded:
        """Adds a torrent, and waits until it is complete. The process does nothing else while it waits."""
        answer = self._ask(op="download", metainfo=metainfo.hex(), save_path=str(save_path), peer=peer, seed_mode=False)
        return Downloaded(**answer)

    def limit(self, upload_bps: int) -> None:
        """Sets the upload limit. 0 means no limit."""
        self._ask(op="limit", upload_bps=upload_bps)

    def uploaded(self) -> int:
        """The payload bytes that were uploaded up to this moment."""
        return int(self._ask(op="totals")["uploaded"])

    def uploaded_each(self) -> dict[str, int]:
        """The payload bytes that were uploaded of each torrent, by v1 info-hash. Updated once a second."""
        return dict(self._ask(op="uploaded_each")["uploaded"])

    def downloaded(self) -> int:
        """The payload bytes that were downloaded up to this moment."""
        return int(self._ask(op="totals")["downloaded"])

    def peers(self) -> list[str]:
        """The addresses of all connected peers, without ports."""
        return list(self._ask(op="peers")["peers"])

    def counts(self) -> Counts:
        """The numbers of torrents."""
        return Counts(**self._ask(op="counts"))

    def flush(self) -> None:
        """Waits until the write caches of all torrents have been written out."""
        self._ask(op="flush")

    def finished(self) -> bool:
        """Whether all torrents have all their pieces."""
        return bool(self._ask(op="totals")["finished"])


def _serve(settings: dict[str, Any]) -> None:
    import libtorrent

    lt: Any = libtorrent
    session = lt.session(settings)
    everyone = lt.ip_filter()
    everyone.add_rule("0.0.0.0", "255.255.255.255", 1 << session.global_peer_class_id)
    session.set_peer_class_filter(everyone)
    while not session.listen_port():
        time.sleep(0.01)
    _say(port=session.listen_port())
    for line in sys.stdin:
        command = json.loads(line)
        match command["op"]:
            case "add":
                session.add_torrent(_params(lt, command))
                _say()
            case "limit":
                session.apply_settings({"upload_rate_limit": command["upload_bps"]})
                _say()
            case "uploaded_each":
                statuses = [(handle.info_hashes().v1, handle.status()) for handle in session.get_torrents()]
                _say(uploaded={str(each): status.total_payload_upload for each, status in statuses})
            case "peers":
                found = [peer.ip[0] for handle in session.get_torrents() for peer in handle.get_peer_info()]
                _say(peers=found)
            case "counts":
                seeding = [handle.status(0).is_seeding for handle in session.get_torrents()]
                _say(torrents=len(seeding), seeding=sum(seeding))
            case "flush":
                _flush(lt, session)
                _say()
            case "download":
                _say(**_download(lt, session, _params(lt, command))._asdict())
            case _:
                # The session's counters are updated with each block, a torrent's only once a second.
                session.post_session_stats()
                counters = _await(session, lt.session_stats_alert).values
                _say(
                    uploaded=counters["net.sent_payload_bytes"],
                    downloaded=counters["net.recv_payload_bytes"],
                    finished=all(handle.status().is_seeding for handle in session.get_torrents()),
                )


def _params(lt: Any, command: dict[str, Any]) -> Any:
    params = lt.load_torrent_buffer(bytes.fromhex(command["metainfo"]))
    params.save_path = command["save_path"]
    params.flags = lt.torrent_flags.seed_mode if command["seed_mode"] else 0
    if command.get("unverified"):
        params.have_pieces = [True] * params.ti.num_pieces()  # in seed mode, a piece is hashed before it is sent
    if (pieces := command.get("pieces")) is not None:
        params.have_pieces = [piece in pieces for piece in range(params.ti.num_pieces())]
        params.flags = lt.torrent_flags.upload_mode
        params.upload_limit = command["upload_bps"] or -1
    if command["peer"]:
        host, _, port = command["peer"].rpartition(":")
        params.peers = [(host, int(port))]
    return params


def _download(lt: Any, session: Any, params: Any) -> Downloaded:
    categories = lt.alert.category_t
    mask = categories.error_notification | categories.status_notification | categories.storage_notification
    session.apply_settings({"alert_mask": int(mask)})
    began, cpu_began = time.monotonic(), time.process_time()
    handle = session.add_torrent(params)
    _await(session, lt.torrent_finished_alert)
    finished_s = time.monotonic() - began
    # libtorrent also sends one such alert without a request when a torrent finishes. The second one answers a request.
    handle.flush_cache()
    handle.flush_cache()
    _await(session, lt.cache_flushed_alert, count=2)
    return Downloaded(finished_s=finished_s, flushed_s=time.monotonic() - began, cpu_s=time.process_time() - cpu_began)


def _flush(lt: Any, session: Any) -> None:
    """Flushes each torrent twice, because libtorrent may also have sent one answer without a request."""
    mask = int(lt.alert.category_t.storage_notification)
    session.apply_settings({"alert_mask": mask, "alert_queue_size": 1_000_000})
    handles = session.get_torrents()
    for handle in handles:
        handle.flush_cache()
        handle.flush_cache()
    if handles:
        _await(session, lt.cache_flushed_alert, count=2 * len(handles))


def _await(session: Any, wanted: type, *, count: int = 1) -> Any:
    """The `count`-th alert of a type from now on. The alert is valid until the next call."""
    deadline = time.monotonic() + DOWNLOAD_S
    while time.monotonic() < deadline:
        session.wait_for_alert(1000)
        for alert in session.pop_alerts():
            count -= isinstance(alert, wanted)
            if not count:
                return alert
    raise TimeoutError(wanted.__name__)


def _say(**answer: Any) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _serve(json.loads(sys.argv[1]))
