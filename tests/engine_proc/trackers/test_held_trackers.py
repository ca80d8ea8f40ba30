from engine_proc.trackers.held_trackers import HeldTrackers

A = "a"
TRACKERS = [("udp://127.0.0.1:9/announce", 0)]


def test_trackers_are_given_once() -> None:
    """A torrent without trackers has none to give."""
    held = HeldTrackers()
    held.hold(A, TRACKERS)
    assert held.give(A) == (TRACKERS, [])
    assert held.give(A) is None
    assert held.give("b") is None


def test_a_save_that_is_asked_for_while_they_are_held_lacks_them() -> None:
    """Each one, also if they are given before it ends."""
    held = HeldTrackers()
    held.hold(A, TRACKERS)
    for _ in range(2):
        held.save_begins(A)
        assert held.save_ended(A) == TRACKERS
    held.save_begins(A)
    held.save_begins(A)
    held.give(A)
    assert held.save_ended(A) == TRACKERS
    assert held.save_ended(A) == TRACKERS


def test_a_save_that_is_asked_for_after_they_were_given_lacks_nothing() -> None:
    """libtorrent has the trackers by then."""
    held = HeldTrackers()
    held.hold(A, TRACKERS)
    held.save_begins(A)
    held.give(A)
    held.save_ended(A)
    held.save_begins(A)
    assert held.save_ended(A) is None


def test_nothing_is_kept_of_a_torrent_that_is_gone() -> None:
    """It may be added again with other trackers, or with none."""
    held = HeldTrackers()
    held.hold(A, TRACKERS)
    held.save_begins(A)
    held.give(A)
    held.hold(A, TRACKERS)
    held.discard(A)
    assert held.give(A) is None
    held.save_begins(A)
    assert held.save_ended(A) is None


def test_a_list_that_only_grows_leaves_what_libtorrent_has() -> None:
    """Any other change takes all trackers from it, until the list is given."""
    more = [*TRACKERS, ("udp://127.0.0.1:10/", 1)]
    most = [*more, ("udp://127.0.0.1:11/", 1)]
    held = HeldTrackers()
    assert not held.change(A, TRACKERS, more)
    assert not held.change(A, more, most)
    assert held.give(A) == (most, TRACKERS)
    assert not held.change(A, most, most)
    assert held.change(A, most, more)
    assert not held.change(A, more, most)
    assert held.give(A) == (most, [])
    assert held.change(A, most, [])
    assert held.give(A) == ([], [])


def test_a_change_of_trackers_that_libtorrent_never_had_takes_none_from_it() -> None:
    """They are held since the torrent was added."""
    held = HeldTrackers()
    held.hold(A, TRACKERS)
    assert not held.change(A, TRACKERS, [])
    assert held.give(A) == ([], [])
