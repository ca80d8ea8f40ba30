"""Tests of what `ouzel top` shows."""
