"""Items of a stream that report whether the daemon is heard. Pure."""

import msgspec

from ouzel.stream.feed import Item


class DaemonSilent(msgspec.Struct, frozen=True, kw_only=True, tag="daemon_silent", tag_field="type"):
    """The daemon was not heard for `silence_s`, since `since_us` (microseconds since 1970). Once for each silence."""

    silence_s: float
    since_us: int


class DaemonAnswers(msgspec.Struct, frozen=True, kw_only=True, tag="daemon_answers", tag_field="type"):
    """The daemon is heard again. It was silent since `since_us`; if it was restarted, a Resnapshot follows."""

    since_us: int


Heard = Item | DaemonSilent | DaemonAnswers
