"""Tests of `ouzel top`."""
