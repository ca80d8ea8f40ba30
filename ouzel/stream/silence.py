"""That the daemon fell silent, or answers again, among the items of a stream. Pure."""

import msgspec

from ouzel.stream.feed import Item


class DaemonSilent(msgspec.Struct, frozen=True, kw_only=True, tag="daemon_silent", tag_field="type"):
    """The daemon was not heard of for `silence_s`, since `since_us` (microseconds since 1970). Told once a silence."""

    silence_s: float
    since_us: int


class DaemonAnswers(msgspec.Struct, frozen=True, kw_only=True, tag="daemon_answers", tag_field="type"):
    """The daemon is heard of again. It was silent since `since_us`; if it was restarted, a Resnapshot follows."""

    since_us: int


Heard = Item | DaemonSilent | DaemonAnswers
