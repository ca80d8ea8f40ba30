"""The metrics of single torrents, which `[metrics] per_torrent` adds. Pure."""

from collections.abc import Sequence
from typing import Any, Final

from gateway.metrics.metric import Kind, Metric, Sample

TORRENTS_MAX: Final = 1000
"""The maximum number of torrents with series of their own. They are the first by id."""

FIELDS: Final = ("name", "state", "progress", "size", "downloaded", "uploaded", "download_bps", "upload_bps", "peers")
"""The fields of a row that the metrics use."""

Rows = Sequence[dict[str, Any]]


def _each(rows: Rows, field: str) -> list[Sample]:
    return [((row["torrent"], row["name"]), row[field]) for row in rows]


TABLE: Final[tuple[Metric[Rows], ...]] = (
    Metric(
        "ouzel_torrent_progress_ratio",
        Kind.GAUGE,
        "The part of the selected bytes that a torrent has.",
        lambda rows: _each(rows, "progress"),
        ("torrent", "name"),
    ),
    Metric(
        "ouzel_torrent_size_bytes",
        Kind.GAUGE,
        "The size of a torrent. Absent before its metadata is known.",
        lambda rows: _each([row for row in rows if row["size"]], "size"),
        ("torrent", "name"),
    ),
    Metric(
        "ouzel_torrent_downloaded_bytes_total",
        Kind.COUNTER,
        "Payload bytes that a torrent has ever downloaded.",
        lambda rows: _each(rows, "downloaded"),
        ("torrent", "name"),
    ),
    Metric(
        "ouzel_torrent_uploaded_bytes_total",
        Kind.COUNTER,
        "Payload bytes that a torrent has ever uploaded.",
        lambda rows: _each(rows, "uploaded"),
        ("torrent", "name"),
    ),
    Metric(
        "ouzel_torrent_download_bps",
        Kind.GAUGE,
        "A torrent's payload download rate, in bytes per second.",
        lambda rows: _each(rows, "download_bps"),
        ("torrent", "name"),
    ),
    Metric(
        "ouzel_torrent_upload_bps",
        Kind.GAUGE,
        "A torrent's payload upload rate, in bytes per second.",
        lambda rows: _each(rows, "upload_bps"),
        ("torrent", "name"),
    ),
    Metric(
        "ouzel_torrent_peers",
        Kind.GAUGE,
        "A torrent's connected peers.",
        lambda rows: _each(rows, "peers"),
        ("torrent", "name"),
    ),
)
"""The metrics in the order of the output."""
