"""`ouzel doctor` finds real faults. `scripts/doctor-test` plants more of them, with daemons of their own."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from ouzel.cli.failure import ExitCode
from ouzel.cli.main import run
from ouzel.doctor import all_checks, discovery, runner
from ouzel.doctor.all_checks import CHECKS
from ouzel.doctor.checks import configuration, systemd
from ouzel.doctor.finding import Finding, Status
from tools.doctor.fault import Fault
from tools.doctor.faults import FAULTS
from tools.doctor.stopped_faults import mistyped_key, nothing
from tools.rig.daemon import Daemon
from tools.rig.waiting import until

ONLY_IN_SCRIPT: Final = frozenset({"hung mount", "missing disk", "misspelt key", "no inodes", "unmounted /mnt"})
"""Faults that take long, or need more of the machine."""

CHEAP: Final = [
    fault
    for fault in FAULTS
    if fault.plant.__module__ == "tools.doctor.stopped_faults" and fault.name not in ONLY_IN_SCRIPT
]


PATIENCE_S: Final = 60.0


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time limits for a busy machine."""
    monkeypatch.setattr(discovery, "ANSWER_S", PATIENCE_S)
    monkeypatch.setattr(configuration, "CHECK_S", PATIENCE_S)
    monkeypatch.setattr(systemd, "SYSTEMCTL_S", PATIENCE_S)
    monkeypatch.setattr(all_checks, "CHECKS", [replace(check, patience_s=PATIENCE_S) for check in CHECKS])


def findings(config: Path, *checks: str) -> list[Finding]:
    """The findings of some checks, in this process."""
    chosen = [check for check in all_checks.CHECKS if check.name in checks]
    return runner.run(discovery.find(config, None), chosen)


@pytest.mark.mounts
@pytest.mark.parametrize("fault", CHEAP, ids=lambda fault: fault.name)
def test_a_fault_is_found(fault: Fault, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only while it is there. Each finding that something is wrong has a remedy."""
    (root / "good").mkdir()
    (root / "bad").mkdir()
    with nothing(root / "good") as planted:
        assert not [each for each in findings(planted.config, fault.check) if reports(each, fault)]
    with fault.plant(root / "bad") as planted:
        for name, value in planted.environment.items():
            monkeypatch.setenv(name, value)
        found = [each for each in findings(planted.config, fault.check) if reports(each, fault)]
    assert found
    assert found[0].advice


@pytest.mark.process
def test_a_running_daemon_is_in_order(daemon: Daemon) -> None:
    """Its process, its port and its versions are those that are reported."""
    checks = ("daemon", "sockets", "directories", "download_roots", "descriptors", "damaged", "records", "listen_port")
    until(lambda: daemon.client.stats().session.listen_port, "the engine has reported its port")
    found = findings(daemon.config, *checks)
    assert {each.check for each in found} == set(checks)
    assert [each for each in found if each.status not in (Status.OK, Status.INFO) and "memory" not in each.seen] == []


@pytest.mark.process
def test_the_command_line_says_what_is_wrong(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """JSON is a list of findings, and the exit code says that there is an error. Nothing is changed."""
    with mistyped_key(root) as planted:
        before = sorted((str(path), path.lstat().st_mtime_ns) for path in root.rglob("*"))
        code = run(["doctor", "--json", "--config", str(planted.config)])
        assert sorted((str(path), path.lstat().st_mtime_ns) for path in root.rglob("*")) == before
    assert code == ExitCode.FOUND_ERRORS
    found = json.loads(capsys.readouterr().out)
    assert {tuple(each) for each in found} == {("check", "subject", "status", "seen", "advice")}
    assert {check.name for check in CHECKS} - {each["check"] for each in found} <= OFTEN_SILENT
    [wrong] = [each for each in found if each["check"] == "configuration"]
    assert (wrong["status"], wrong["subject"]) == ("error", "restart.budgte")


OFTEN_SILENT: Final = {"health", "missing_storage", "gateway", "unit_overrides"}
"""Checks that have no finding without a daemon, a gateway or a unit."""


def reports(finding: Finding, fault: Fault) -> bool:
    """Whether a finding is about the fault."""
    return finding.status in fault.statuses and fault.word in finding.seen
