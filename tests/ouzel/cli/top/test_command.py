"""The command `ouzel top` before there is a screen."""

import subprocess
import sys

import pytest

from ouzel.cli.main import run
from ouzel.cli.top import command


def test_it_needs_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Programs are told which commands they can use."""
    assert run(["top"]) == 2
    [message, _] = capsys.readouterr().err.splitlines()
    assert "it needs a terminal; for programs use `ouzel ls --json`" in message


def test_it_needs_its_extra(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says how to install it."""
    monkeypatch.setattr(command, "find_spec", lambda name: None)
    monkeypatch.setattr(command, "_is_terminal", lambda: True)
    assert run(["top"]) == 2
    assert "pip install 'ouzel[top]'" in capsys.readouterr().err


def test_other_commands_do_not_import_textual() -> None:
    """It takes longer than everything else."""
    code = "import sys, ouzel.cli.main; sys.exit('textual' in sys.modules)"
    assert subprocess.run([sys.executable, "-I", "-c", code], check=False).returncode == 0
