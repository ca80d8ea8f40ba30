"""The filter of the torrent list: words, and conditions such as `state:seeding`. Pure."""

from typing import Final, NamedTuple

from ouzel.cli.display.listing import StateFilter, kept
from protocol.wire.rows import TorrentRow

CONDITIONS: Final = ("state", "label", "category")


class Filter(NamedTuple):
    """Which torrents to show.

    Fields:
        words: texts in lower case. A torrent's name has to contain all of them.
        states: a torrent has to be in one of these states. Without states, any state matches.
        label: the label that a torrent has to have; None for any.
        category: the category that a torrent has to be in; None for any. An empty text means no category.
    """

    words: tuple[str, ...] = ()
    states: tuple[StateFilter, ...] = ()
    label: str | None = None
    category: str | None = None

    def apply(self, rows: list[TorrentRow]) -> list[TorrentRow]:
        """The rows that this filter keeps, in order."""
        if self.states:
            rows = kept(rows, self.states)
        if self.label is not None:
            rows = [row for row in rows if self.label in row.labels]
        if self.category is not None:
            rows = [row for row in rows if (row.category or "") == self.category]
        for word in self.words:
            rows = [row for row in rows if word in row.name.casefold() or row.torrent.startswith(word)]
        return rows


def parse_filter(text: str) -> Filter:
    """Parses what a user typed. Raises ValueError for an unknown state."""
    found = Filter()
    for word in text.split():
        name, colon, value = word.partition(":")
        if not colon or name.lower() not in CONDITIONS:
            found = found._replace(words=(*found.words, word.casefold()))
        elif name.lower() == "state":
            found = found._replace(states=(*found.states, *_states(value)))
        elif name.lower() == "label":
            found = found._replace(label=value)
        else:
            found = found._replace(category=value)
    return found


def _states(text: str) -> list[StateFilter]:
    """The states that begin with one of the words in `text`."""
    found: list[StateFilter] = []
    for word in text.split(","):
        begun = [each for each in StateFilter if each.startswith(word.lower().replace("-", "_"))]
        if not begun:
            raise ValueError(f"{word!r} is no state; the states are {', '.join(StateFilter)}")
        found += begun
    return found
