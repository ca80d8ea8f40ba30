"""Downloads by other servers: a web seed, a SOCKS5 proxy with user and password, and a tracker over HTTPS."""

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final, NamedTuple

from protocol.wire.desired import SettingValue
from protocol.wire.peer_rows import TrackerRow, TrackerStatus
from protocol.wire.rows import TorrentState
from tools.interop.makers import Made
from tools.interop.network import BRIDGE_ADDRESS, Peer
from tools.interop.processes import ENDS_WITH_US, running
from tools.interop.programs import Job, Program, seeding_or_downloading
from tools.interop.tracker import PORT as TRACKER_PORT
from tools.interop.tracker import OpenTracker
from tools.interop.transfers import equal, ouzel
from tools.rig import bencode
from tools.rig.daemon import Daemon
from tools.rig.servers.certificates import PrivateAuthority
from tools.rig.waiting import until

WEB_PORT: Final = 8080
PROXY_PORT: Final = 1080
TLS_PORT: Final = 6443
USER: Final = "ouzel"
PASSWORD: Final = "s3cr3t"
SOCKS5_WITH_PASSWORD: Final = 3
"""The value of `proxy_type`."""

NO_TRUST: Final = "certificate verify failed"
NO_PASSWORD: Final = "SOCKS authentication error"


class Setting(NamedTuple):
    """What a proof needs.

    Fields:
        root: an empty directory.
        made: a torrent of another program. That program announces the torrent by HTTP.
        content: the torrent's files.
        seed: the other program.
    """

    root: Path
    made: Made
    content: Path
    seed: Program
    tracker: OpenTracker


class Proof(NamedTuple):
    """The result of a proof: the server, the time in seconds, and what was seen."""

    what: str
    server: str
    seconds: float
    seen: str
    ok: bool = True


def by_web_seed(setting: Setting) -> Proof:
    """Downloads from an HTTP server (BEP 19), without any peer."""
    with ExitStack() as stack:
        argv = ["busybox", "httpd", "-f", "-p", f"{BRIDGE_ADDRESS}:{WEB_PORT}", "-h", str(setting.content.parent)]
        stack.enter_context(running([*ENDS_WITH_US, *argv], setting.root))
        daemon = stack.enter_context(ouzel(stack.enter_context(Peer(2)), setting.root / "d"))
        began = time.monotonic()
        url = f"http://{BRIDGE_ADDRESS}:{WEB_PORT}/"
        torrent = daemon.client.add_torrent(metainfo=_without_trackers(setting.made), web_seeds=[url]).torrent
        _download(daemon, setting, torrent)
        return Proof("web seed, no peers", "busybox httpd", time.monotonic() - began, "SHA-1 equal")


def by_proxy(setting: Setting) -> Proof:
    """Downloads from a peer by a proxy, first with a wrong password. Ouzel can reach only the proxy."""
    with ExitStack() as stack:
        proxy, seed = stack.enter_context(Peer(4)), stack.enter_context(Peer(3))
        argv = ["microsocks", "-i", proxy.address, "-p", str(PROXY_PORT), "-u", USER, "-P", PASSWORD]
        stack.enter_context(running([*proxy.inside, *argv], setting.root))
        file, home = setting.root / "torrent.torrent", setting.root / "home"
        file.write_bytes(setting.made.metainfo)
        job = Job(file, setting.content.parent, home, seeding=True)
        stack.enter_context(seeding_or_downloading(setting.seed, seed, job))
        until(lambda: setting.tracker.seeds(setting.made.tracked), "the tracker knows the seed")
        settings: dict[str, SettingValue] = {
            "proxy_type": SOCKS5_WITH_PASSWORD,
            "proxy_hostname": proxy.address,
            "proxy_port": PROXY_PORT,
            "proxy_username": USER,
            "proxy_password": "wrong",
        }
        ours = stack.enter_context(Peer(2, reaches=proxy.address))
        daemon = stack.enter_context(ouzel(ours, setting.root / "d"))
        client = daemon.client
        client.update_settings(settings, wait="applied")
        torrent = client.add_torrent(metainfo=setting.made.metainfo).torrent
        refused = _tracker(daemon, torrent, TrackerStatus.ERROR).message
        assert NO_PASSWORD in refused, refused
        client.update_settings({"proxy_password": PASSWORD}, wait="applied")
        began = time.monotonic()
        client.reannounce(torrent)
        _download(daemon, setting, torrent)
        seen = f"SHA-1 equal; wrong password: {refused}"
        return Proof("SOCKS5 proxy, no other route", "microsocks", time.monotonic() - began, seen)


def by_https(setting: Setting) -> Proof:
    """Announces by HTTPS, with a certificate of a private CA. Ouzel trusts this CA or not."""
    authority = PrivateAuthority(setting.root, BRIDGE_ADDRESS)
    listen = f"OPENSSL-LISTEN:{TLS_PORT},bind={BRIDGE_ADDRESS},reuseaddr,fork,verify=0"
    files = f"cert={authority.certificate},key={authority.key}"
    argv = [*ENDS_WITH_US, "socat", f"{listen},{files}", f"TCP:{BRIDGE_ADDRESS}:{TRACKER_PORT}"]
    url = f"https://{BRIDGE_ADDRESS}:{TLS_PORT}/announce"

    def announced(wanted: TrackerStatus, environment: Mapping[str, str]) -> tuple[str, float]:
        with Peer(2) as peer, ouzel(peer, setting.root / wanted, environment=environment) as daemon:
            began = time.monotonic()
            torrent = daemon.client.add_torrent(metainfo=_without_trackers(setting.made), trackers=[url]).torrent
            return _tracker(daemon, torrent, wanted).message, time.monotonic() - began

    with running(argv, setting.root):
        refused, _ = announced(TrackerStatus.ERROR, {})
        assert NO_TRUST in refused, refused
        _, seconds = announced(TrackerStatus.WORKING, {"SSL_CERT_FILE": str(authority.file)})
    return Proof("HTTPS tracker, private CA", "socat, opentracker", seconds, f"working; not trusted: {refused}")


_PROOFS: Final[tuple[Callable[[Setting], Proof], ...]] = (by_web_seed, by_proxy, by_https)


def prove(root: Path, made: Made, content: Path, seed: Program, tracker: OpenTracker) -> list[Proof]:
    """Returns one proof for each kind of server. The arguments are those of `Setting`."""
    proofs = []
    for number, attempt in enumerate(_PROOFS):
        directory = root / f"{number}"
        directory.mkdir(parents=True)
        try:
            proofs.append(attempt(Setting(directory, made, content, seed, tracker)))
        except AssertionError as problem:
            proofs.append(Proof(attempt.__name__, "-", 0.0, f"{problem}", ok=False))
    return proofs


def _without_trackers(made: Made) -> bytes:
    return bencode.encode({b"info": dict(made.info)})


def _download(daemon: Daemon, setting: Setting, torrent: str) -> None:
    daemon.until_state(torrent, TorrentState.SEEDING)
    assert equal(setting.content, daemon.downloads / setting.content.name), "the files are different"


def _tracker(daemon: Daemon, torrent: str, wanted: TrackerStatus) -> TrackerRow:
    """Waits until the only tracker has this status."""

    def row() -> TrackerRow | None:
        return next((each for each in daemon.client.list_trackers(torrent) if each.status is wanted), None)

    return until(row, f"the tracker is {wanted}")
