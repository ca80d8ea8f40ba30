"""The names of the face's values in the store."""

from typing import Final

PREFIX: Final = "transmission."
"""The beginning of the name of a preference that only the gateway stores."""
