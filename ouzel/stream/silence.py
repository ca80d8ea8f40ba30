"""Items of a stream that report the daemon's silence and its end. Pure."""

import msgspec

from ouzel.stream.feed import Item


class DaemonSilent(msgspec.Struct, frozen=True, kw_only=True, tag="daemon_silent", tag_field="type"):
    """No message has arrived for `silence_s` seconds. The silence began at `since_us`, microseconds since 1970.

    The item is yielded once for each silence.
    """

    silence_s: float
    since_us: int


class DaemonAnswers(msgspec.Struct, frozen=True, kw_only=True, tag="daemon_answers", tag_field="type"):
    """The daemon answers again. The silence began at `since_us`. If the daemon was restarted, a Resnapshot follows."""

    since_us: int


Heard = Item | DaemonSilent | DaemonAnswers
