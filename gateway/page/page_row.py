"""Makes the rows of torrents in the form of the page. Pure."""

from typing import Any, Final

from protocol.wire.rows import TorrentRow

FIELDS: Final = (
    "name",
    "state",
    "progress",
    "bytes_done",
    "bytes_total",
    "size",
    "downloaded",
    "uploaded",
    "download_bps",
    "upload_bps",
    "peers",
    "seeds",
    "save_path",
    "labels",
    "paused",
    "download_limit_bps",
    "upload_limit_bps",
    "error",
    "added_us",
    "ratio",
    "eta_s",
    "completed_us",
    "hindrance",
    "engine",
    "moving",
    "queue_position",
    "category",
)
"""The fields of a row that the page gets, beside the id `torrent`. Names and meanings are those of the protocol."""


def page_row(row: TorrentRow) -> dict[str, Any]:
    """Returns a whole row. Fields without a value are left out."""
    found = {"torrent": row.torrent}
    for name in FIELDS:
        value = getattr(row, name)
        if value is not None:
            found[name] = value
    return found


def changes(old: TorrentRow, new: TorrentRow) -> dict[str, Any] | None:
    """Returns the id and the changed fields. None if no field has changed. A field without a value is null."""
    found = {name: value for name in FIELDS if (value := getattr(new, name)) != getattr(old, name)}
    return {"torrent": new.torrent, **found} if found else None
