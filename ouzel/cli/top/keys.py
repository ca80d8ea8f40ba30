"""The keys of the main screen, and the text of the help. Pure."""

from typing import Final, NamedTuple

from rich.text import Text


class Key(NamedTuple):
    """One key.

    Fields:
        keys: the names of the keys, as Textual calls them, with a comma between them.
        action: the action of the main screen.
        label: the text in the last line. Empty if the key is only in the help.
        help: what the key does.
        shown: the key as people know it.
    """

    keys: str
    action: str
    label: str
    help: str
    shown: str


KEYS: Final = (
    Key("p", "pause", "Pause", "pause the torrent", "p"),
    Key("r", "resume", "Resume", "resume it, or retry it after an error", "r"),
    Key("a", "add", "Add", "add a .torrent file, link, URL, info-hash or directory", "a"),
    Key("d,delete", "remove", "Remove", "remove it, with or without its files, after a question", "d"),
    Key("f", "files", "Files", "its files: select, deselect, set priorities", "f"),
    Key("o", "peers", "Peers", "its peers: ban, add", "o"),
    Key("t", "trackers", "", "its trackers: add, remove, announce", "t"),
    Key("l", "limits", "Limits", "its rate limits", "l"),
    Key("L", "session_limits", "", "the rate limits of all torrents together", "L"),
    Key("c", "recheck", "", "hash its files again, after a question", "c"),
    Key("A", "announce", "", "announce it to its trackers now", "A"),
    Key("slash", "filter", "Filter", "filter: words, state:seeding, label:linux, category:films", "/"),
    Key("s", "sort(1)", "", "sort by the next column", "s"),
    Key("S", "sort(-1)", "", "sort by the column before", "S"),
    Key("R", "reverse", "", "reverse the order", "R"),
    Key("h", "health", "", "health with all reasons, engines and totals", "h"),
    Key("e", "events", "", "show or hide the last events", "e"),
    Key("question_mark", "help", "Help", "this help", "?"),
    Key("q", "quit", "Quit", "quit", "q"),
)
_MORE: Final = (
    ("Enter", "everything about the torrent"),
    ("Up Down k j", "move; also Page up, Page down, Home, End"),
    ("Esc", "remove the filter; in other screens: back"),
    ("mouse", "click a torrent, double-click for details, click a header to sort, scroll"),
)


def help_text() -> Text:
    """The keys, one in each line."""
    pairs = [*((each.shown, each.help) for each in KEYS), *_MORE]
    text = Text("ouzel top: the keys\n\n", "bold")
    for shown, what in pairs:
        text.append(f"{shown:>12}  ", "bold").append(f"{what}\n", "not bold")
    return text
