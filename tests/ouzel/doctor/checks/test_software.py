"""Libraries and versions."""

from importlib import metadata

import pytest

from ouzel.doctor.checks import software
from ouzel.doctor.finding import Status
from ouzel.doctor.target import Paths, Target

TARGET = Target(config_file=None, paths=Paths(None, None, None))


def test_the_tested_libraries_are_in_order() -> None:
    """Those of this installation."""
    assert {each.status for each in software.libraries(TARGET)} == {Status.OK}


def test_a_missing_and_a_wrong_library_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A version that the package states is binding. Libraries of extras do not count."""
    required = ["msgspec==0.0.1", "no-such-library", "other; extra == 'gateway'"]
    monkeypatch.setattr(metadata, "requires", lambda name: required)
    found = {each.subject: each for each in software.libraries(TARGET)}
    assert found["msgspec"].status is Status.ERROR
    assert "needs 0.0.1" in found["msgspec"].seen
    assert "not installed" in found["no-such-library"].seen
    assert "other" not in found
