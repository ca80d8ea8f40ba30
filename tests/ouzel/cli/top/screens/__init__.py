"""Tests of the screens of `ouzel top`."""
