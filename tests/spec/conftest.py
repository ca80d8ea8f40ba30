"""Daemons to compare the specification with."""

from tests.end_to_end.conftest import root

__all__ = ["root"]
