import hashlib
from itertools import permutations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.wire.desired import DesiredTorrent, TrackerEdits
from supervisor.store.identity import (
    Candidate,
    Contradiction,
    Identity,
    Known,
    New,
    Same,
    aliases,
    judge,
    merge,
    of_record,
    without,
)
from tests.supervisor.samples import desired

A1, B1 = "a1" * 20, "b1" * 20
A2, B2 = "a2" * 32, "b2" * 32

HYBRID = Identity(A1, A2, proven=True)
V1_LINK = Identity(A1, None, proven=False)
V2_LINK = Identity(None, A2, proven=False)


# -- whether a source is of a torrent that is there --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "known"),
    [
        (V1_LINK, HYBRID),
        (V2_LINK, HYBRID),
        (HYBRID, V1_LINK),
        (HYBRID, V2_LINK),
        (HYBRID, HYBRID),
        (Identity(A1, A2, proven=False), V2_LINK),
        (V1_LINK, Identity(A1, A2, proven=False)),
        (Identity(A1, None, proven=True), V1_LINK),
    ],
)
def test_a_shared_hash_makes_a_source_the_torrent_that_is_there(source: Identity, known: Identity) -> None:
    """Whichever came first, link or metainfo."""
    assert judge(source, [Known(A1, known)]) == Same((A1,))


@pytest.mark.parametrize(
    ("source", "known"),
    [
        (Identity(A1, B2, proven=False), HYBRID),
        (Identity(A1, B2, proven=False), Identity(A1, None, proven=True)),
        (Identity(A1, A2, proven=False), Identity(A1, B2, proven=False)),
    ],
)
def test_hashes_that_do_not_belong_together_are_no_torrent(source: Identity, known: Identity) -> None:
    """A link may name the v1 hash of one torrent and the v2 hash of another."""
    assert isinstance(judge(source, [Known(A1, known)]), Contradiction)


def test_metainfo_shows_that_a_link_has_named_a_wrong_hash() -> None:
    """The link belongs to the torrent of its id; a torrent with its other hash exists by itself."""
    link = Known(A1, Identity(A1, B2, proven=False))
    assert judge(HYBRID, [link]) == Same((A1,))
    for proven in (Identity(None, B2, proven=True), Identity(B1, B2, proven=True)):
        assert judge(proven, [link]) == New(wrong=(A1,))
    record = without(desired(A1, info_hash_v1=A1, info_hash_v2=B2), frozenset((B1, B2)))
    assert (record.info_hash_v1, record.info_hash_v2, record.revision) == (A1, None, 2)


def test_a_link_to_two_torrents_that_are_there_is_refused_and_proves_nothing() -> None:
    """Neither of them changes."""
    link = Identity(A1, B2, proven=False)
    known = [Known(A1, HYBRID), Known(B1, Identity(B1, B2, proven=True))]
    assert isinstance(judge(link, known), Contradiction)


def test_two_links_are_one_torrent_only_by_metadata() -> None:
    """A third link that names both is a duplicate of one, as far as is known."""
    known = [Known(A1, V1_LINK), Known(A2, V2_LINK)]
    assert judge(HYBRID, known) == Same((A1, A2))
    assert judge(Identity(A1, A2, proven=False), known) == Same((A1,))


def test_a_shortened_v2_hash_is_nobodys_v1_hash() -> None:
    """libtorrent would treat the two as one, so the second is refused."""
    short = Identity(A2[:40], None, proven=False)
    assert isinstance(judge(short, [Known(A2, V2_LINK)]), Contradiction)
    assert isinstance(judge(V2_LINK, [Known(A2[:40], short)]), Contradiction)


def test_others_are_others() -> None:
    """They have no hash in common."""
    assert judge(Identity(B1, B2, proven=True), [Known(A1, HYBRID)]) == New()


def test_a_record_is_known_by_its_id_and_what_it_has_learned() -> None:
    """Records from before hashes were stored have only their id."""
    assert of_record(desired(A1), proven=True) == Identity(A1, None, proven=True)
    assert of_record(desired(A2), proven=False) == Identity(None, A2, proven=False)
    learned = desired(A2, info_hash_v1=A1, info_hash_v2=A2, merged=(A1,))
    assert of_record(learned, proven=True) == HYBRID
    assert aliases(learned) == {A1}


# -- records that become one -------------------------------------------------------------------------------------------


def _hash(number: int, digits: int) -> str:
    return hashlib.sha256(bytes([number])).hexdigest()[:digits]


texts = st.lists(st.sampled_from("xyz"), unique=True, max_size=3)
records = st.builds(
    desired,
    source=st.sampled_from(["magnet", "metainfo"]),
    name=st.sampled_from(["", "name"]),
    save_path=st.sampled_from(["/one", "/two"]),
    paused=st.booleans(),
    trackers=texts,
    tracker_edits=st.sampled_from(
        [None, TrackerEdits(removed=("x",)), TrackerEdits(added=(("x", 1),)), TrackerEdits(replaced=True)]
    ),
    web_seeds=texts,
    labels=texts,
    peers=texts,
    added_us=st.integers(0, 2),
    revision=st.integers(1, 3),
    metainfo_crc32=st.sampled_from([None, 1]),
)
candidates = st.lists(st.tuples(records, st.integers(0, 2)), min_size=2, max_size=4).map(
    lambda given: [
        Candidate(msgspec.structs.replace(record, torrent=_hash(number, 64 if number % 2 else 40)), done)
        for number, (record, done) in enumerate(given)
    ]
)


@given(candidates)
def test_records_become_the_same_one_in_any_order(given: list[Candidate]) -> None:
    """In truth there are at most two; the rule does not depend on it."""
    first, *others = (merge(order, v1=A1, v2=A2) for order in permutations(given))
    assert all(other == first for other in others)


@given(candidates)
def test_nothing_that_clients_gave_is_lost(given: list[Candidate]) -> None:
    """The one with the most bytes stays at its save path; it is found by all ids, and the others are removed."""
    kept, leaving = merge(given, v1=A1, v2=A2)
    everything = [each.desired for each in given]
    assert {kept.torrent, *kept.merged} == {each.torrent for each in everything}
    assert {each.torrent for each in leaving} == set(kept.merged)
    assert all(each.removal == "merged" for each in leaving)
    edits = [each.tracker_edits for each in everything if each.tracker_edits is not None]
    if any(each.replaced for each in edits):
        assert kept.tracker_edits is not None
        assert (kept.tracker_edits.replaced, kept.trackers) == (True, ())
    else:
        removed = set() if kept.tracker_edits is None else set(kept.tracker_edits.removed)
        assert set(kept.trackers) == {url for each in everything for url in each.trackers} - removed
        assert removed <= {url for each in edits for url in each.removed}
    for name in ("web_seeds", "labels", "peers"):
        wanted = {word for each in everything for word in getattr(each, name)}
        assert set(getattr(kept, name)) == wanted
        assert len(getattr(kept, name)) == len(wanted)
    [stayed] = [each for each in given if each.desired.torrent == kept.torrent]
    assert stayed.bytes_done == max(each.bytes_done for each in given)
    assert (kept.save_path, kept.paused, kept.selection) == (
        stayed.desired.save_path,
        stayed.desired.paused,
        stayed.desired.selection,
    )
    assert kept.revision > max(each.revision for each in everything)


@given(candidates)
def test_what_is_one_already_stays_as_it_is(given: list[Candidate]) -> None:
    """Also with the others present again, as after a death between two writes."""
    kept, _ = merge(given, v1=A1, v2=A2)
    assert merge([Candidate(kept, 9)], v1=A1, v2=A2) == (kept, ())
    others = [each for each in given if each.desired.torrent in kept.merged]
    again, leaving = merge([Candidate(kept, 9), *others], v1=A1, v2=A2)
    assert msgspec.structs.replace(again, revision=kept.revision) == kept
    assert {each.torrent for each in leaving} == set(kept.merged)


def test_metainfo_and_age_decide_where_bytes_do_not() -> None:
    """A record with metainfo needs no peer for it."""
    link, metainfo = desired(A2, added_us=1), desired(A1, source="metainfo", magnet=None, added_us=2)
    assert merge([Candidate(link, 0), Candidate(metainfo, 0)], v1=A1, v2=A2).kept.torrent == A1
    older, newer = desired(A2, added_us=1), desired(A1, added_us=2)
    assert merge([Candidate(newer, 0), Candidate(older, 0)], v1=A1, v2=A2).kept.torrent == A2


def test_a_record_that_is_written_and_read_keeps_its_hashes() -> None:
    """A record from before has none."""
    record = desired(A2, info_hash_v1=A1, info_hash_v2=A2, merged=(A1,))
    assert msgspec.json.decode(msgspec.json.encode(record), type=DesiredTorrent) == record
