"""The filter of the torrent list."""

import pytest

from ouzel.cli.top.view.filter import parse_filter
from protocol.wire.rows import TorrentState
from tests.ouzel import samples

ROWS = [
    samples.told("11" * 20, name="Ubuntu 26.10", labels=["linux"]),
    samples.told("22" * 20, name="Films", state=TorrentState.SEEDING, category="films"),
    samples.told("33" * 20, name="Debian", download_bps=0, stalled_since_us=1),
]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ["Ubuntu 26.10", "Films", "Debian"]),
        ("UBU 26", ["Ubuntu 26.10"]),
        ("2222", ["Films"]),
        ("state:seeding", ["Films"]),
        ("STATE:down,seed", ["Ubuntu 26.10", "Films", "Debian"]),
        ("state:stalled", ["Debian"]),
        ("label:linux ubuntu", ["Ubuntu 26.10"]),
        ("label:linux films", []),
        ("category:films", ["Films"]),
        ("category:", ["Ubuntu 26.10", "Debian"]),
        ("other:linux", []),
    ],
)
def test_words_and_conditions_have_to_hold_all(text: str, names: list[str]) -> None:
    """Words ignore case, and fit an id, too. States may be shortened."""
    assert [row.name for row in parse_filter(text).apply(ROWS)] == names


def test_an_unknown_state_is_refused() -> None:
    """The message lists the states."""
    with pytest.raises(ValueError, match="'odd' is no state; the states are queued, checking"):
        parse_filter("state:odd")
