"""How the command line fails."""

import json
from pathlib import Path

import pytest
import typer

from ouzel.cli.failure import ExitCode, exit_code, print_error
from ouzel.cli.main import run
from ouzel.errors import NotRunning
from protocol.wire.errors import ErrorKind, OuzelError

GONE = NotRunning(Path("/run/ouzel/commands.ipc"), "No such file or directory")


def test_a_person_is_told_what_is_wrong_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    """On stderr."""
    print_error(OuzelError(ErrorKind.UNKNOWN_TORRENT, "there is none"), as_json=False)
    print_error(GONE, as_json=False)
    print_error(typer.BadParameter("no rate", param_hint="--down"), as_json=False)
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert lines[0] == "error: unknown_torrent: there is none"
    assert "`ouzel ls`" in lines[1]
    assert lines[2].startswith("error: no Ouzel daemon answers at /run/ouzel/commands.ipc")
    assert "`ouzeld`" in lines[2]
    assert lines[3:] == ["error: Invalid value for --down: no rate", "  see `ouzel --help`"]


@pytest.mark.parametrize(("field", "named"), [("path", "args.path"), ("output", "--output")])
def test_the_remedy_for_a_path_names_no_option(capsys: pytest.CaptureFixture[str], field: str, named: str) -> None:
    """Commands have different options and arguments for it."""
    problem = OuzelError(ErrorKind.PATH_NOT_ALLOWED, f"args.{field}: '/etc' is outside", field=f"args.{field}")
    print_error(problem, as_json=False)
    error, remedy = capsys.readouterr().err.splitlines()
    assert error == f"error: path_not_allowed: {named}: '/etc' is outside"
    assert remedy == "  choose a path inside the download roots of the daemon's configuration."


def test_what_was_accepted_need_not_be_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever the error was."""
    for accepted in (None, True):
        print_error(OuzelError(ErrorKind.DEADLINE_EXCEEDED, "too late", accepted=accepted), as_json=False)
    unknown, known = capsys.readouterr().err.splitlines()[1::2]
    assert "try again" in unknown
    assert "need not be repeated" in known


def test_a_program_is_told_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    """One object a line."""
    print_error(GONE, as_json=True)
    print_error(typer.BadParameter("no rate"), as_json=True)
    names = [json.loads(line)["error"]["name"] for line in capsys.readouterr().err.splitlines()]
    assert names == ["not_running", "usage"]


def test_exit_codes() -> None:
    """ "No daemon" has another code than a refusal."""
    assert exit_code(GONE) is ExitCode.NOT_RUNNING
    assert exit_code(OuzelError(ErrorKind.TORRENT_BUSY, "wait")) is ExitCode.REFUSED


@pytest.mark.parametrize("group", ["damaged", "keys"])
def test_no_error_is_empty(capsys: pytest.CaptureFixture[str], group: str) -> None:
    """If only a group of commands is named, its help is no error message."""
    assert run([group]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert "error: Missing command." in lines
    assert run([group, "--json"]) == 2
    assert "error:" not in [line.strip() for line in capsys.readouterr().err.splitlines()]
