"""Tests of the daemon as the faces see it."""
