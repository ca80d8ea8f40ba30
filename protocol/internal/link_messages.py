"""The base classes of the private link's messages: they are values, and a tag says of which type each is."""

import msgspec


class CommandMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="op"):
    """The base of all engine commands."""


class EventMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """The base of all events that only the link has."""
