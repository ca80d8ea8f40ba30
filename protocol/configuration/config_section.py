"""The base of the configuration's sections."""

import msgspec


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The base of all sections. An unknown key is an error."""
