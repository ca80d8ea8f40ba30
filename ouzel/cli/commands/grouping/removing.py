"""Removes several named things, such as categories."""

from collections.abc import Callable, Iterable

from ouzel.cli.display.output import Output
from ouzel.cli.display.printable import clean


def remove_each(names: Iterable[str], remove: Callable[[str], object], output: Output) -> None:
    """Removes one name after the other, and says what was removed. An error at a later name does not hide it."""
    removed: list[str] = []
    try:
        for name in names:
            remove(name)
            removed.append(name)
            if not output.as_json:
                output.line(f"removed: {clean(name)}")
    finally:
        if output.as_json and removed:
            output.json_line({"removed": removed})
