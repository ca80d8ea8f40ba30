from typing import Any

import libtorrent

from engine_proc.libtorrent_adapter.libtorrent_handles import Handles

lt: Any = libtorrent

V1, V2, OTHER = "a" * 40, "b" * 64, "c" * 40


def info_hashes(*hashes: str) -> Any:
    """The info-hashes in libtorrent's form."""
    kinds = {40: lt.sha1_hash, 64: lt.sha256_hash}
    return lt.info_hash_t(*(kinds[len(each)](bytes.fromhex(each)) for each in hashes))


def test_a_torrent_is_known_by_either_hash_until_it_is_dropped() -> None:
    """A hash from the metadata counts like one from the beginning."""
    handles = Handles()
    handles.expect(V1, frozenset({V1}))
    assert handles.known(info_hashes(V2)) is None
    handles.learn(V1, {V1, V2})
    assert handles.known(info_hashes(V2)) == V1
    assert handles.rival(OTHER, [V2]) == V1
    assert handles.rival(V1, [V1, V2]) is None
    handles.drop(V1)
    assert handles.known(info_hashes(V1, V2)) is None


def test_additions_are_answered_in_their_order() -> None:
    """Two additions that share a hash are distinguished by order; an answer without an addition is ignored."""
    handles = Handles()
    handles.expect(V1, frozenset({V1, V2}))
    handles.expect(OTHER, frozenset({OTHER, V2}))
    assert handles.answered(info_hashes(V2)) == V1
    assert handles.answered(info_hashes(V2)) == OTHER
    assert handles.answered(info_hashes(V2)) is None


def test_a_handle_is_not_given_out_while_its_torrent_leaves() -> None:
    """It is given out again if the torrent stays after all."""
    handles, handle = Handles(), object()
    handles.expect(V1, frozenset({V1}))
    handles.put(V1, handle)
    assert handles.leave(V1) is handle
    assert V1 not in handles.by_torrent
    handles.stays(V1, handle)
    assert (handles.by_torrent, handles.torrents) == ({V1: handle}, {handle: V1})
    assert handles.drop(V1) is handle
    assert (handles.by_torrent, handles.torrents) == ({}, {})
