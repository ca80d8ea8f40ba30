"""Real libtorrent sessions on the loopback interface, and torrents that they share."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from engine_proc.libtorrent_adapter.libtorrent_session import LibtorrentSession
from engine_proc.session.alerts import NativeState, TorrentAdded
from protocol.wire.desired import DesiredTorrent, SettingValue
from tools.rig.probe import LOOPBACK, Probe, eventually
from tools.rig.samples import SampleTorrent


@contextmanager
def real_session(
    *, download_bps: int = 0, upload_bps: int = 0, settings: Mapping[str, SettingValue] = LOOPBACK
) -> Iterator[Probe]:
    """A session that is closed at the end of the test."""
    session = LibtorrentSession(settings, download_bps=download_bps, upload_bps=upload_bps, torrents=10)
    try:
        yield Probe(session)
    finally:
        session.close()


def address(probe: Probe) -> str:
    """The session's address."""
    eventually(lambda: probe.session.listen_port() > 0, "listening")
    return f"127.0.0.1:{probe.session.listen_port()}"


def add(probe: Probe, sample: SampleTorrent, desired: DesiredTorrent, *, resume: bytes | None = None) -> bool:
    """Adds a torrent and waits for it. Returns whether its resume data says that it is complete."""
    metainfo = sample.metainfo if desired.source == "metainfo" else None
    loading = probe.session.add(desired, metainfo=metainfo, resume=resume)
    assert probe.take(TorrentAdded, sample.torrent) == TorrentAdded(sample.torrent, None)
    return loading.complete


@contextmanager
def seed(
    sample: SampleTorrent,
    save_path: Path,
    *,
    upload_bps: int = 0,
    settings: Mapping[str, SettingValue] = LOOPBACK,
) -> Iterator[Probe]:
    """A session that has the complete, hashed torrent and seeds it."""
    sample.write(save_path)
    with real_session(upload_bps=upload_bps, settings=settings) as probe:
        add(probe, sample, sample.desired(save_path))
        probe.status(sample.torrent, lambda row: row.state is NativeState.SEEDING)
        yield probe
