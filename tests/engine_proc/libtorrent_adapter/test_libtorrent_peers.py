from typing import Any

from engine_proc.libtorrent_adapter.libtorrent_peers import _CALLED_AT_ONCE, _CALLING_TURNS, KeptSeeds, PeerCalls


def test_seeds_are_kept_until_the_last_link_has_its_metadata() -> None:
    """Then the setting has its configured value; a torrent that did not wait changes nothing."""
    applied: list[dict[str, Any]] = []
    seeds = KeptSeeds()
    for torrent in "ab":
        seeds.keep(torrent, applied.append)
    for torrent in ("a", "c"):
        seeds.release(torrent, applied.append, True)
    assert seeds
    seeds.release("b", applied.append, True)
    assert not seeds
    assert [each["close_redundant_connections"] for each in applied] == [False, False, True]


def test_calls_are_spread_over_turns_and_the_setting_comes_back() -> None:
    """Each turn with calls changes the setting, since libtorrent then recounts its candidates."""
    applied: list[dict[str, Any]] = []
    calls = PeerCalls()
    for number in range(_CALLED_AT_ONCE + 1):
        calls.ask(str(number))
    calls.ask("0")
    due = [calls.turn(applied.append, 3) for _ in range(_CALLING_TURNS + 3)]
    assert [len(each) for each in due[:3]] == [_CALLED_AT_ONCE, 1, 0]
    assert [each["max_failcount"] for each in applied] == [30, 31, 3]
