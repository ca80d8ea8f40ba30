"""The base classes of the private link's messages. Messages are immutable and tagged with their type."""

import msgspec


class CommandMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="op"):
    """The base of all engine commands.

    Fields:
        request: the id of the client's request that has caused the command, for the log; empty without one.
    """

    request: str = ""


class EventMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """The base of all engine events that are not events of the public protocol."""


class Learned(EventMessage, frozen=True, kw_only=True):
    """The base of facts that are stored in a torrent's record.

    `supervisor.commands.edits` has an edit for each of these facts, except moves. For moves, see
    `supervisor.commands.moves`.
    """

    torrent: str
