import shutil
from pathlib import Path

import pytest

from tools.pins import wheels
from tools.pins.locks import DEV, PYTHONS, ROOT, RUN, parse
from tools.pins.wheels import PLATFORMS, WITHOUT_WHEEL, Target, cause


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the locks."""
    for name in (RUN, DEV):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def test_every_python_and_platform_is_asked_for(root: Path) -> None:
    """Each with all locks, except those that are known to have no wheel."""
    asked: dict[Target, set[str]] = {}

    def install(target: Target, text: str) -> str | None:
        names = set(parse(text))
        if names == {WITHOUT_WHEEL.get(target.python)}:
            return "no wheel"
        asked[target] = names
        return None

    assert list(wheels.problems(install, root)) == []
    assert asked.keys() == {Target(python, platform) for python in PYTHONS for platform in PLATFORMS}
    everything = parse((root / RUN).read_text()).keys() | parse((root / DEV).read_text()).keys()
    assert all(names == everything - {WITHOUT_WHEEL.get(target.python)} for target, names in asked.items())


def test_a_missing_wheel_is_told(root: Path) -> None:
    """With the Python and the platform."""
    poor = Target("3.12", PLATFORMS[1])

    def install(target: Target, text: str) -> str | None:
        return "it has none" if target == poor or len(parse(text)) == 1 else None

    assert list(wheels.problems(install, root)) == [f"{poor}: it has none"]


def test_an_outdated_exception_is_told(root: Path) -> None:
    """Once a package has the wheel, `WITHOUT_WHEEL` must not list it."""
    found = list(wheels.problems(lambda _target, _text: None, root))
    assert len(found) == len(PLATFORMS) * len(WITHOUT_WHEEL)
    assert all("has a wheel by now" in each for each in found)


def test_the_cause_is_one_line() -> None:
    """Without uv's hints."""
    output = "Resolving\nerror: No solution\n  cause: Because a==1 has no\n  wheels, we stop.\n\nhint: other words\n"
    assert cause(output) == "No solution cause: Because a==1 has no wheels, we stop."
    assert cause("it broke") == "it broke"
