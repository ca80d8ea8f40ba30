from hypothesis import given
from hypothesis import strategies as st

from supervisor.store.damage import MORE, SHOWN, Damage


def test_the_first_are_shown_by_name_and_the_rest_by_number() -> None:
    """Ten thousand damaged files are not ten thousand reasons."""
    damage = Damage()
    for number in range(SHOWN + 5):
        damage.add(f"{number}.json", f"damage {number}")
    changes = damage.changes()
    assert len(changes) == SHOWN + 1
    assert changes["0.json"] == "damage 0"
    assert (changes[MORE] or "").startswith("5 more")


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 15), st.sampled_from(["json", "fastresume"]))))
def test_what_was_reported_and_cleared_is_what_there_is(steps: list[tuple[bool, int, str]]) -> None:
    """For any sequence, nothing that is gone stays reported, and as many as fit are reported."""
    damage, there, reported = Damage(), set[str](), set[str]()
    for add, torrent, kind in steps:
        if add:
            damage.add(f"{torrent}.{kind}", "damaged")
            there.add(f"{torrent}.{kind}")
        else:
            damage.discard(f"{torrent}")
            there -= {f"{torrent}.json", f"{torrent}.fastresume"}
        for subject, problem in damage.changes().items():
            reported = reported | {subject} if problem else reported - {subject}
        assert reported - {MORE} <= there
        assert len(reported - {MORE}) == min(len(there), SHOWN)
        assert (MORE in reported) == (len(there) > SHOWN)
