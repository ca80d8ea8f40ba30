"""Texts about why a torrent makes no progress, the remedy, and the status of its trackers. Pure."""

from collections.abc import Sequence
from typing import Final

from ouzel.cli.display.printable import clean
from ouzel.cli.display.units import format_count, format_moment, format_share
from protocol.text.redacted import redacted
from protocol.wire.peer_rows import TrackerRow, TrackerStatus
from protocol.wire.rows import Hindrance, HindranceCause, TorrentDetail, TorrentState

MORE_TRACKERS: Final = 20
"""The maximum number of trackers to show. A link may have hundreds."""

_REMEDIES: Final = {
    HindranceCause.QUARANTINED: "`ouzel release {id}` loads it again; `ouzel crashes` lists the crashes",
    HindranceCause.MOVING: "nothing has to be done; `ouzel show {id}` shows the progress",
    HindranceCause.DISK: "once that is fixed it continues by itself, or at once after `ouzel resume {id}`; "
    "`ouzel health` shows details",
    HindranceCause.ERROR: "fix that, then run `ouzel resume {id}`",
    HindranceCause.PAUSED: "`ouzel resume {id}` resumes it",
    HindranceCause.ENGINE: "the next engine starts automatically; `ouzel health` shows when, and why none runs",
    HindranceCause.QUEUED: "nothing has to be done; `ouzel health` shows the progress of loading",
    HindranceCause.NOTHING_SELECTED: "`ouzel files {id} --all` selects all files",
    HindranceCause.BAD_DATA: "such data is discarded, and peers that are known to have sent pieces of it are banned. "
    "It continues once a peer sends the right data. `ouzel peers {id}` lists the peers, and `ouzel ban` bans one",
    HindranceCause.STUCK: "it was loaded again once by itself; see whether its disk answers, and if it does, restart "
    "ouzeld",
    HindranceCause.NO_PEERS: "it continues once a tracker, DHT (`enable_dht` under [engine]) or a peer names one that "
    "has it. If its trackers work and name none, nobody shares it at present; otherwise check whether peers can reach "
    "the listen port that `ouzel stats` shows",
    HindranceCause.NO_METADATA: "it continues once a peer sends the metadata, or the .torrent file is added",
    HindranceCause.NO_SEEDS: "it continues once a peer connects that has the missing pieces",
    HindranceCause.NO_DATA: "peers choose whom they send to, so it usually continues by itself; `ouzel limit {id}` "
    "shows whether a limit slows it down",
}
_TRACKER_REMEDIES: Final = (
    ("ssrf", "set `ssrf_mitigation = false` under [engine] if a tracker on this machine is wanted"),
    ("host not found", "check whether the name is right, and whether this machine can resolve it"),
    ("resolve", "check whether the name is right, and whether this machine can resolve it"),
    ("certificate", "check whether the system's certificates, or those of SSL_CERT_FILE, are up to date"),
    ("unregistered", "the tracker does not know this torrent (any more): get the .torrent file from its site again"),
    ("not registered", "the tracker does not know this torrent (any more): get the .torrent file from its site again"),
    ("passkey", "download the .torrent file from the tracker's site again, with the present passkey"),
    ("refused", "check whether the tracker is up, and whether its address has changed"),
    ("timed out", "check whether the tracker is up, and whether a firewall or the route blocks it"),
    ("unreachable", "this machine has no route to it"),
)
_ASKED_AGAIN: Final = "announces are retried automatically, at growing intervals"


def lines(detail: TorrentDetail) -> list[tuple[str, str]]:
    """Headings and texts: why the torrent makes no progress, the remedy, and since when no data has arrived."""
    found = []
    if detail.hindrance is not None:
        found.append(("why", f"it makes no progress: {detail.hindrance.message}"))
        found.append(("remedy", remedy(detail.hindrance, detail.torrent, detail.state)))
    if detail.stalled_since_us is not None and not detail.paused:
        found.append(("stalled", f"since {format_moment(detail.stalled_since_us)}"))
    if (bad := detail.bad_data) is not None:
        metadata = f", metadata was wrong {format_count(bad.metadata, 'time')}" if bad.metadata else ""
        banned = f"; banned: {', '.join(map(clean, bad.banned_peers))}" if bad.banned_peers else ""
        found.append(("bad data", f"{format_count(bad.pieces, 'failed piece')}{metadata}{banned}"))
    return [each for each in found if each[1]]


def place(detail: TorrentDetail) -> str:
    """A text about the save path, and about a move to another path."""
    moving, present = detail.moving, clean(detail.save_path)
    return (
        present
        if moving is None
        else f"{present}, moving to {clean(moving.save_path)} ({format_share(moving.progress)})"
    )


def remedy(hindrance: Hindrance, torrent: str, state: TorrentState) -> str:
    """A text about the remedy."""
    if hindrance.cause is HindranceCause.DISK and state is TorrentState.ERROR:
        return f"{_REMEDIES[HindranceCause.ERROR].format(id=torrent[:8])}; `ouzel health` shows details"
    if hindrance.cause is HindranceCause.TRACKERS_FAILING:
        said = hindrance.message.lower()
        return next((f"{what}; {_ASKED_AGAIN}" for word, what in _TRACKER_REMEDIES if word in said), _ASKED_AGAIN)
    return _REMEDIES[hindrance.cause].format(id=torrent[:8])


def trackers(rows: Sequence[TrackerRow], now_us: int) -> list[str]:
    """A line for each tracker, with its URL redacted. Failing trackers come first.

    Args:
        now_us: the present time in microseconds since 1970.
    """
    ranked = sorted(rows, key=lambda row: (row.status is not TrackerStatus.ERROR, row.tier))
    rest = len(ranked) - MORE_TRACKERS
    more = [f"and {format_count(rest, 'more tracker')}"] if rest > 0 else []
    return [tracker(row, now_us) for row in ranked[:MORE_TRACKERS]] + more


def tracker(row: TrackerRow, now_us: int) -> str:
    """A line about a tracker, with its URL redacted."""
    parts = [f"{row.status.value.replace('_', ' ')}: {redacted(row.url)}"]
    if row.message:
        parts.append(row.message)
    if row.failing_since_us is not None:
        parts.append(f"since {format_moment(row.failing_since_us)}")
    if row.seeds is not None:
        parts.append(format_count(row.seeds, "seed"))
    if row.next_announce_us is not None and row.next_announce_us > now_us:
        parts.append(f"asked next {format_moment(row.next_announce_us)}")
    return ", ".join(parts)
