"""Daemons to hold the specification against."""

from tests.end_to_end.conftest import root

__all__ = ["root"]
