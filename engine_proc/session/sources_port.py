"""The part of the session port about the metadata of loaded torrents."""

from typing import Protocol

from protocol.wire.desired import DesiredTorrent


class SourcesPort(Protocol):
    """The calls about the metadata of loaded torrents. They raise the same errors as `LibtSession`."""

    def private(self, torrent: str) -> bool | None:
        """Whether a torrent is private (BEP 27); None while there is no metadata."""
        ...

    def bare_resume(self, desired: DesiredTorrent) -> bytes | None:
        """Resume data of a link's torrent, with its metadata and without claims; None while there is no metadata."""
        ...
