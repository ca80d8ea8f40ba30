"""Decides which records are of the same torrent, and merges these records. Pure.

A hybrid torrent (BEP 52) has two info-hashes, and a link may name one of them. Metadata proves which hashes belong
together, because both are hashes of the same bytes. A link proves nothing. A link is trusted until metadata contradicts
it.

The DHT and some trackers truncate a v2 hash to 20 bytes. A truncated hash looks like a v1 hash, but is no torrent's v1
hash. A link with a truncated hash never gets metadata. libtorrent treats such a link as the torrent of the whole v2
hash.
"""

from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Final, NamedTuple

import msgspec

from protocol.wire.desired import DesiredTorrent, TrackerEdits

SHORT: Final = 40
"""The number of hexadecimal digits of a v1 hash, and of a truncated v2 hash."""

PEERS_KEPT: Final = 200
"""The number of peers from clients that are stored for one torrent. The oldest peers are dropped."""


class Identity(NamedTuple):
    """The info-hashes of a torrent, from a source or a record.

    Fields:
        v1: the v1 hash in hexadecimal. None if the hash is unknown, or if the torrent has no v1 hash.
        v2: the v2 hash in hexadecimal. None if the hash is unknown, or if the torrent has no v2 hash.
        proven: whether metadata is known. If so, the hashes belong together, and the torrent has no other hash.
    """

    v1: str | None
    v2: str | None
    proven: bool

    @property
    def hashes(self) -> frozenset[str]:
        """The known hashes."""
        return frozenset(each for each in (self.v1, self.v2) if each is not None)


class Known(NamedTuple):
    """The id of a record, and the identity of its torrent."""

    torrent: str
    identity: Identity


class New(NamedTuple):
    """The source is of a new torrent.

    Fields:
        wrong: the ids of wrong records of magnet links. Such a record names an info-hash of the source, but is of
            another torrent.
    """

    wrong: tuple[str, ...] = ()


class Same(NamedTuple):
    """The source is of an existing torrent.

    There are several ids only if the source proves that all of them are of one torrent.
    """

    torrents: tuple[str, ...]


class Contradiction(NamedTuple):
    """The source contradicts an existing torrent. `problem` says why."""

    problem: str


def of_record(desired: DesiredTorrent, *, proven: bool) -> Identity:
    """The identity of a record's torrent. The record's id is one of the hashes."""
    torrent = desired.torrent
    v1, v2 = desired.info_hash_v1, desired.info_hash_v2
    return Identity(v1 or (torrent if len(torrent) == SHORT else None), v2 or _whole(torrent), proven)


def aliases(desired: DesiredTorrent) -> frozenset[str]:
    """The other hashes and ids that find a record."""
    named = {desired.info_hash_v1, desired.info_hash_v2, *desired.merged}
    return frozenset(each for each in named if each is not None and each != desired.torrent)


def judge(source: Identity, known: Sequence[Known]) -> New | Same | Contradiction:
    """Decides whether a source is of an existing torrent.

    Args:
        known: the records that share a hash with the source. The hash may be a truncated v2 info-hash.
    """
    same: list[str] = []
    wrong: list[str] = []
    for torrent, identity in sorted(known):
        if not source.hashes & identity.hashes:
            if _shortened(source, identity) or _shortened(identity, source):
                return Contradiction(
                    f"one of its info-hashes is the shortened v2 hash of torrent {torrent}, or the other way round; no "
                    "torrent has both, and of the two only one can be loaded"
                )
            continue
        if _contradict(source, identity):
            if source.proven and not identity.proven:
                # The link names two hashes that do not belong together. The id of its record says which torrent it is.
                (same if torrent in source.hashes else wrong).append(torrent)
                continue
            return Contradiction(
                f"it shares one info-hash with torrent {torrent}, and not the other: two of these do not belong "
                "together"
            )
        same.append(torrent)
    if not same:
        return New(tuple(wrong))
    return Same(tuple(same) if source.proven else (same[0],))


def without(desired: DesiredTorrent, hashes: frozenset[str]) -> DesiredTorrent:
    """Returns a magnet link's record without these info-hashes. The hashes belong to another torrent."""
    return msgspec.structs.replace(
        desired,
        info_hash_v1=None if desired.info_hash_v1 in hashes else desired.info_hash_v1,
        info_hash_v2=None if desired.info_hash_v2 in hashes else desired.info_hash_v2,
        revision=desired.revision + 1,
    )


class Candidate(NamedTuple):
    """One of several records of a torrent. `bytes_done` is the number of bytes that are known to be on disk."""

    desired: DesiredTorrent
    bytes_done: int


class Merged(NamedTuple):
    """The outcome of a merge of records.

    Fields:
        kept: the record that stays. It has the data of the other records.
        leaving: the other records, marked as removed (`merged`). Their files are not deleted.
    """

    kept: DesiredTorrent
    leaving: tuple[DesiredTorrent, ...]


def merge(candidates: Iterable[Candidate], *, v1: str | None, v2: str | None) -> Merged:
    """Merges several records into one. Their order makes no difference.

    The record with the most bytes stays. If several records have the most bytes, a record with metainfo stays, then the
    oldest record. These data are merged into the record that stays:
    - trackers and web seeds
    - labels, peers and ids
    - the category, if the record has no category

    The save path, the selection and the pause of the record do not change. Clients may have removed or replaced
    trackers or web seeds in any of the records. Removed addresses are not used any more.
    """
    first, *others = [each.desired for each in sorted(candidates, key=_rank)]
    everything = [first, *others]
    merged = sorted({each.torrent for each in others}.union(*(each.merged for each in everything)))
    removed = tuple(url for url in _union(each.removed_web_seeds for each in everything) if url not in first.web_seeds)
    edits = _edits(everything)
    trackers = _union(each.trackers for each in everything)
    if edits is not None:
        trackers = () if edits.replaced else tuple(url for url in trackers if url not in edits.removed)
    kept = msgspec.structs.replace(
        first,
        name=next((each.name for each in everything if each.name), ""),
        magnet=next((each.magnet for each in everything if each.magnet is not None), None),
        trackers=trackers,
        tracker_edits=edits,
        web_seeds=tuple(url for url in _union(each.web_seeds for each in everything) if url not in removed),
        removed_web_seeds=removed,
        labels=_union(each.labels for each in everything),
        peers=_union(each.peers for each in everything)[-PEERS_KEPT:],
        added_us=min(each.added_us for each in everything),
        info_hash_v1=v1,
        info_hash_v2=v2,
        category=next((each.category for each in everything if each.category is not None), None),
        merged=tuple(each for each in merged if each != first.torrent),
    )
    if kept != first:
        kept = msgspec.structs.replace(kept, revision=max(each.revision for each in everything) + 1)
    leaving = (msgspec.structs.replace(each, removal="merged", revision=each.revision + 1) for each in others)
    return Merged(kept, tuple(leaving))


def _edits(records: Iterable[DesiredTorrent]) -> TrackerEdits | None:
    """The changes to the trackers of all records. If two changes contradict each other, the first record's change
    counts.
    """
    given = [each.tracker_edits for each in records if each.tracker_edits is not None]
    return reduce(TrackerEdits.merge, given) if given else None


def _rank(candidate: Candidate) -> tuple[int, bool, int, str]:
    desired, bytes_done = candidate
    has_metainfo = desired.source == "metainfo" or desired.metainfo_crc32 is not None
    return (-bytes_done, not has_metainfo, desired.added_us, desired.torrent)


def _union(lists: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for given in lists for each in given))


def _whole(torrent: str) -> str | None:
    return torrent if len(torrent) > SHORT else None


def _shortened(one: Identity, other: Identity) -> bool:
    return one.v1 is not None and other.v2 is not None and other.v2.startswith(one.v1)


def _contradict(one: Identity, other: Identity) -> bool:
    """Whether two identities with a common hash contradict each other. If so, they are of two torrents."""
    return any(
        (mine != its)
        if mine is not None and its is not None
        else (mine is None and its is not None and one.proven) or (its is None and mine is not None and other.proven)
        for mine, its in ((one.v1, other.v1), (one.v2, other.v2))
    )
