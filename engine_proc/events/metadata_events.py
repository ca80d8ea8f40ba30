"""The events that are sent once a torrent's files are known. Pure."""

from engine_proc.session.session_port import Layout
from protocol.internal.link_events import FilesRestored, MetadataKnown
from protocol.wire.events.torrent_events import FilesDiscovered


def metadata_events(
    torrent: str, layout: Layout, *, restored: bool
) -> list[FilesRestored | MetadataKnown | FilesDiscovered]:
    """The events about a torrent's files.

    If `restored`, clients know the files already. In that case, only the supervisor gets an event.
    """
    if restored:
        return [
            FilesRestored(
                torrent=torrent,
                metadata=layout.metadata,
                files=layout.files,
                torrent_paths=dict(layout.torrent_paths),
            )
        ]
    return [
        MetadataKnown(torrent=torrent, metadata=layout.metadata),
        FilesDiscovered(torrent=torrent, files=layout.files, torrent_paths=dict(layout.torrent_paths)),
    ]
