"""The base classes of the private link's messages, which are immutable and tagged with their type."""

import msgspec


class CommandMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="op"):
    """The base of all engine commands."""


class EventMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """The base of all engine events that are not events of the public protocol."""
