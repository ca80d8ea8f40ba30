"""Why answers of the gateway differ from those of transmission-daemon 3.00. The first matching row counts."""

from typing import Final

from tools.interop.differential.reason import Reason

REASONS: Final[tuple[Reason, ...]] = ()
