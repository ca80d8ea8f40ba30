"""The names of this interface's values in the store."""

from typing import Final

PREFIX: Final = "transmission."
"""Before the name of a preference that only the gateway stores."""
