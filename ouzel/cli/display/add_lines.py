"""Lines about the outcome of an add."""

from typing import Final

from ouzel.cli.display.printable import clean
from ouzel.cli.display.render import MANY
from ouzel.client.calls import Added

MERGED: Final = {
    "merged": "its trackers and web seeds were merged",
    "nothing_new": "it has all these trackers and web seeds",
    "private": "it is private, so no trackers and web seeds were merged",
    "unknown": "it may be private, so no trackers and web seeds were merged",
}


def added(result: Added, source: str | None = None) -> list[str]:
    """Lines about the outcome of an add. If there are several sources, a line names its source."""
    named = "" if source is None else f" ({clean(source)})"
    lines = [f"{'already there' if result.duplicate else 'added'}: {result.torrent}{named}"]
    if result.merged is not None:
        lines.append(MERGED.get(result.merged, result.merged))
    if result.shares_files_with:
        some = ", ".join(result.shares_files_with[:MANY])
        more = f" and {rest} more" if (rest := len(result.shares_files_with) - MANY) > 0 else ""
        lines.append(f"it shares files with {some}{more}: whichever writes last has them")
    return lines
