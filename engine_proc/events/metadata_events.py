"""The events that are sent once a torrent's files are known. Pure."""

from engine_proc.session.session_port import Layout
from protocol.internal.link_events import FilesRestored
from protocol.wire.events.torrent_events import FilesDiscovered, MetadataUpdated


def metadata_events(
    torrent: str, layout: Layout, *, restored: bool
) -> list[FilesRestored | MetadataUpdated | FilesDiscovered]:
    """The events about a torrent's files.

    If `restored`, clients know the files already, and only the supervisor gets an event. Otherwise the events are
    public.
    """
    if restored:
        return [
            FilesRestored(
                torrent=torrent,
                name=layout.name,
                size=layout.size,
                piece_length=layout.piece_length,
                files=layout.files,
                torrent_paths=dict(layout.torrent_paths),
            )
        ]
    return [
        MetadataUpdated(
            torrent=torrent,
            name=layout.name,
            size=layout.size,
            piece_length=layout.piece_length,
            files=len(layout.files),
        ),
        FilesDiscovered(torrent=torrent, files=layout.files, torrent_paths=dict(layout.torrent_paths)),
    ]
