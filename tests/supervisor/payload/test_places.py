from hypothesis import given
from hypothesis import strategies as st

from supervisor.payload.places import Places

paths = st.lists(st.sampled_from("ab"), min_size=1, max_size=4).map(lambda names: "/" + "/".join(names))
changes = st.lists(st.tuples(st.sampled_from("xyz"), st.lists(paths, max_size=2)), max_size=12)


def may_share(one: str, other: str) -> bool:
    """Whether a file can be in both places."""
    return one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/")


@given(changes)
def test_near_are_those_whose_places_meet(changes: list[tuple[str, list[str]]]) -> None:
    """At the same place, or one below the other, whatever was there before."""
    places, there = Places(), dict[str, list[str]]()
    for torrent, given_ in changes:
        places.put(torrent, given_)
        there[torrent] = given_
    for torrent, mine in there.items():
        wanted = {
            other
            for other, its in there.items()
            if other != torrent and any(may_share(one, another) for one in mine for another in its)
        }
        assert places.near(torrent) == sorted(wanted)
    for torrent in there:
        places.drop(torrent)
    assert not places._below
    assert not places._torrents
