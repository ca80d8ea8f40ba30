"""The metrics from libtorrent's statistics counters. Pure.

The names are libtorrent's, with the prefix `ouzel_libtorrent_`. Some metrics have other names, because dashboards of
other programs use these names.
"""

from collections.abc import Mapping
from typing import Final

from gateway.metrics.metric import Kind, Metric, one

Counters = Mapping[str, int]
"""The values by libtorrent's names. Those of `COUNTERS` never go down."""


def _named(source: str, kind: Kind, help_text: str) -> Metric[Counters]:
    suffix = "_total" if kind is Kind.COUNTER else ""
    name = f"ouzel_libtorrent_{source.replace('.', '_')}{suffix}"
    return Metric(name, kind, f"{help_text} libtorrent's `{source}`.", lambda counters: one(counters.get(source)))


_CHOSEN: Final = (
    ("net.recv_bytes", Kind.COUNTER, "Bytes received from peers, with the protocol's own."),
    ("net.sent_bytes", Kind.COUNTER, "Bytes sent to peers, with the protocol's own."),
    ("net.recv_payload_bytes", Kind.COUNTER, "Payload bytes received from peers."),
    ("net.sent_payload_bytes", Kind.COUNTER, "Payload bytes sent to peers."),
    ("net.recv_failed_bytes", Kind.COUNTER, "Payload bytes that failed the hash check."),
    ("net.recv_redundant_bytes", Kind.COUNTER, "Payload bytes that were received twice."),
    ("peer.num_peers_half_open", Kind.GAUGE, "Outgoing connections that are not established yet."),
    ("peer.num_peers_up_unchoked", Kind.GAUGE, "Peers that may download from this session."),
    ("peer.num_peers_down_unchoked", Kind.GAUGE, "Peers from which this session may download."),
    ("peer.incoming_connections", Kind.COUNTER, "Incoming connections of peers."),
    ("peer.connection_attempts", Kind.COUNTER, "Outgoing connections that were attempted."),
    ("peer.connect_timeouts", Kind.COUNTER, "Outgoing connections that were not established in time."),
    ("peer.disconnected_peers", Kind.COUNTER, "Connections to peers that have ended."),
    ("peer.num_banned_peers", Kind.COUNTER, "Peers that were banned."),
    ("ses.num_piece_passed", Kind.COUNTER, "Downloaded pieces that passed the hash check."),
    ("ses.num_piece_failed", Kind.COUNTER, "Downloaded pieces that failed the hash check."),
    ("disk.queued_disk_jobs", Kind.GAUGE, "Disk jobs that wait for a thread."),
    ("disk.queued_write_bytes", Kind.GAUGE, "Bytes that wait to be written to files."),
    ("disk.num_blocks_read", Kind.COUNTER, "Blocks of 16 KiB read from files."),
    ("disk.num_blocks_written", Kind.COUNTER, "Blocks of 16 KiB written to files."),
    ("dht.dht_bytes_in", Kind.COUNTER, "Bytes received by the DHT."),
    ("dht.dht_bytes_out", Kind.COUNTER, "Bytes sent by the DHT."),
    ("utp.utp_packet_loss", Kind.COUNTER, "Lost packets of uTP."),
)

COUNTERS: Final = frozenset(name for name, kind, _ in _CHOSEN if kind is Kind.COUNTER)
"""libtorrent's counters that begin at 0 with each engine. The gateway adds up the values of all engines."""

TABLE: Final[tuple[Metric[Counters], ...]] = (
    Metric(
        "ouzel_connectable",
        Kind.GAUGE,
        "1 if a peer has connected from outside since the engine began to listen, otherwise 0.",
        lambda counters: one(counters.get("net.has_incoming_connections")),
    ),
    Metric(
        "ouzel_dht_nodes",
        Kind.GAUGE,
        "Nodes in the DHT's routing table.",
        lambda counters: one(counters.get("dht.dht_nodes")),
    ),
    Metric(
        "ouzel_announce_queue",
        Kind.GAUGE,
        "Announces to trackers that wait in libtorrent's queue.",
        lambda counters: one(counters.get("tracker.num_queued_tracker_announces")),
    ),
    *(_named(*row) for row in _CHOSEN),
)
"""The chosen metrics in the order of the output."""

ALL: Final = Metric[Counters](
    "ouzel_libtorrent",
    Kind.UNKNOWN,
    "All of libtorrent's counters and gauges by name. They begin anew with each engine.",
    lambda counters: [((name,), value) for name, value in sorted(counters.items())],
    ("name",),
)
"""The metric with all of libtorrent's values, which `[metrics] libtorrent = "all"` adds."""
