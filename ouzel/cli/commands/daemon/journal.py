"""Makes the command line of journalctl for `ouzel logs --journal`. Pure."""

import re
from collections.abc import Sequence
from typing import Final

PRIORITIES: Final = {"debug": "debug", "info": "info", "warning": "warning", "error": "err"}


def journalctl(
    *,
    unit: str,
    words: Sequence[str],
    level: str | None,
    since: str | None,
    until: str | None,
    lines: int,
    follow: bool,
    as_json: bool,
) -> list[str]:
    """Returns the arguments of journalctl.

    Args:
        words: texts that must all occur in a line.
        since, until: times in seconds since 1970, such as `1700000000.5`.
    """
    argv = ["journalctl", f"--unit={unit}", "--no-pager", f"--lines={lines}"]
    argv += [f"--output={'json' if as_json else 'short-iso'}"]
    if level is not None:
        argv.append(f"--priority={PRIORITIES[level]}")
    argv += [f"--{name}=@{value}" for name, value in (("since", since), ("until", until)) if value is not None]
    if words:
        pattern = "".join(f"(?=.*{re.escape(word)})" for word in words)
        argv += [f"--grep={pattern}", "--case-sensitive=true"]
    return [*argv, "--follow"] if follow else argv
