"""Exit codes and output of `ouzel doctor`."""

import pytest

from ouzel.cli.commands.daemon import doctor
from ouzel.cli.failure import ExitCode
from ouzel.cli.main import run
from ouzel.doctor import finding
from ouzel.doctor.finding import Finding


@pytest.mark.parametrize(
    ("found", "code"),
    [
        ([], ExitCode.OK),
        ([finding.ok("a"), finding.info("b"), finding.unknown("c")], ExitCode.OK),
        ([finding.ok("a"), finding.warning("b", "c")], ExitCode.FOUND_WARNINGS),
        ([finding.warning("b", "c"), finding.error("d", "e")], ExitCode.FOUND_ERRORS),
    ],
)
def test_the_worst_finding_determines_the_exit_code(found: list[Finding], code: ExitCode) -> None:
    """A check that was not possible is no problem."""
    assert doctor.code_of(found) is code


def test_a_daemon_on_another_machine_cannot_be_examined(capsys: pytest.CaptureFixture[str]) -> None:
    """The message says where to run the command."""
    assert run(["--server", "tcp://192.0.2.1:7801", "doctor"]) == ExitCode.USAGE
    assert "on the daemon's machine" in capsys.readouterr().err
