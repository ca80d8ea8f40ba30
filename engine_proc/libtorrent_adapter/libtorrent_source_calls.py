"""The session port's calls about sources, and about the metadata of loaded torrents."""

from typing import Any

import libtorrent

from engine_proc.libtorrent_adapter.libtorrent_calls import TorrentCalls
from engine_proc.libtorrent_adapter.parsing import libtorrent_params, libtorrent_sources
from engine_proc.session import faults, recorded
from engine_proc.session.session_port import FAULTS, InvalidSource, SourceInfo
from protocol.wire.desired import ContentLayout, DesiredTorrent

lt: Any = libtorrent
"""Untyped: the binding's type stubs require class instances where the binding itself accepts dictionaries."""


class SourceCalls(TorrentCalls):
    """The calls that parse sources, or read metadata."""

    @recorded.of_session
    def inspect(
        self,
        *,
        magnet: str | None,
        metainfo: bytes | None,
        save_path: str | None = None,
        content_layout: ContentLayout = "original",
        resume: bytes | None = None,
    ) -> SourceInfo:
        """Parses a source, and returns its description of the torrent. Raises InvalidSource."""
        try:
            return libtorrent_params.inspect(magnet, metainfo, save_path, content_layout, resume)
        except FAULTS as error:
            raise InvalidSource(faults.problem("libtorrent failed at it", error)) from error

    @faults.of_torrent
    @recorded.of_torrent
    def private(self, torrent: str) -> bool | None:
        """Whether a torrent is private; None while there is no metadata. Raises UnknownTorrent."""
        info = self._handle(torrent).torrent_file()
        return None if info is None else bool(info.priv())

    @faults.of_desired
    @recorded.of_desired
    def bare_resume(self, desired: DesiredTorrent) -> bytes | None:
        """Resume data of a link's torrent, with its metadata and without claims. Raises UnknownTorrent."""
        handle = self._handle(desired.torrent)
        info = handle.torrent_file()
        if info is None:
            return None
        params = libtorrent_sources.parse(desired, metainfo=None, resume=None)
        params.info_hashes, params.ti = handle.info_hashes(), info
        return bytes(lt.write_resume_data_buf(params))
