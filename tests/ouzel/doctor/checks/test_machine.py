"""The kernel, the sandbox, and limits."""

from dataclasses import replace
from pathlib import Path

import pytest

from ouzel.doctor.checks import machine
from ouzel.doctor.finding import Status
from ouzel.doctor.target import Paths, Target

TARGET = Target(config_file=None, paths=Paths(None, None, None))


@pytest.mark.parametrize(
    ("release", "status"),
    [("4.19.0-1-amd64", Status.ERROR), ("6.1.0-30-amd64", Status.INFO), ("6.12.4", Status.OK), ("7.0", Status.OK)],
)
def test_an_old_kernel_is_found(release: str, status: Status) -> None:
    """By its version."""
    [found] = machine.kernel(TARGET, release)
    assert found.status is status


@pytest.mark.parametrize(
    ("mode", "abi", "status"),
    [
        ("auto", 7, Status.OK),
        ("auto", 3, Status.WARNING),
        ("auto", 0, Status.WARNING),
        ("require", 0, Status.ERROR),
        ("require", 3, Status.WARNING),
        ("off", 7, Status.WARNING),
    ],
)
def test_a_missing_sandbox_is_found(mode: str, abi: int, status: Status) -> None:
    """It is an error if the configuration requires it."""
    [found] = machine.sandbox(replace(TARGET, sections={"sandbox": {"mode": mode}}), lambda: abi)
    assert found.status is status


def test_kills_for_lack_of_memory_are_found(tmp_path: Path) -> None:
    """Also a limit of a control group above."""
    (tmp_path / "proc" / "self").mkdir(parents=True)
    (tmp_path / "proc" / "self" / "cgroup").write_text("0::/system.slice/ouzel.service\n")
    group = tmp_path / "cgroups" / "system.slice" / "ouzel.service"
    group.mkdir(parents=True)
    (group / "memory.max").write_text("max\n")
    (group.parent / "memory.max").write_text("200000000\n")
    (group / "memory.events").write_text("low 0\noom 3\noom_kill 2\n")
    given = {"restart": {"max_memory_mb": 4000}}
    target = replace(TARGET, proc=tmp_path / "proc", sections=given)
    found = list(machine.memory(target, tmp_path / "cgroups"))
    assert [each.status for each in found] == [Status.WARNING] * 3
    assert "0.2 GB" in found[0].seen
    assert "killed 2" in found[2].seen
