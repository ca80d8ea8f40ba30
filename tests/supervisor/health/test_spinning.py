from supervisor.health.spinning import problem

A, B = "a" * 40, "b" * 40


def test_suspects_are_named() -> None:
    """With the number of their trackers, and the remedy."""
    said = problem([(A, 149), (B, 30)], lambda torrent: f"name of {torrent[0]}")
    assert "(up to 149 each): 'name of a' (aaaaaaaa), 'name of b' (bbbbbbbb); `ouzel pause ID`" in said


def test_without_suspects_the_way_to_find_one_is_told() -> None:
    """By pausing."""
    assert "pause torrents one by one" in problem([], lambda torrent: "")
