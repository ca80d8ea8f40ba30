"""Shell completion."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ouzel.cli.completion import of_jobs, of_labels, of_torrents
from ouzel.cli.ids import Brief
from protocol.wire.making_results import JobRow, JobState
from tests.ouzel.samples import ID, OTHER, row
from tests.ouzel.scripted_daemon import ScriptedDaemon

TWIN = ID[:20] + "b" * 20


def test_ids_are_as_short_as_a_list_shows_them() -> None:
    """In full if that is ambiguous, or if more digits were typed."""
    known = [Brief(torrent=OTHER, name="one"), Brief(torrent="c" * 40, name="two")]
    assert of_torrents(known, "") == [(OTHER[:8], "one"), ("cccccccc", "two")]
    assert of_torrents(known, "C") == [("Cccccccc", "two")]
    assert of_torrents(known, OTHER[:10]) == [(OTHER, "one")]
    assert [word for word, _ in of_torrents([Brief(torrent=ID), Brief(torrent=TWIN)], "aa")] == [ID, TWIN]


def test_names_are_completed_where_no_shell_reads_anything_into_them() -> None:
    """Names are untrusted, and zsh evaluates the description beside a word."""
    names = [
        "ubuntu-24.iso",
        "名前",
        "a b",
        "ab$(id)",
        "ab`id`",
        "ab\\$(id)",
        "ab'",
        'ab"',
        "ab;id",
        "-ab",
        "ab*",
        "ab\nc",
    ]
    known = [Brief(torrent=f"{number:040x}", name=name) for number, name in enumerate(names)]
    assert of_torrents(known, "ub") == [("ubuntu-24.iso", "")]
    assert of_torrents(known, "名") == [("名前", "")]
    assert [word for word, _ in of_torrents(known, "ab")] == []
    assert of_torrents(known, "-") == []
    helps = "".join(text for _, text in of_torrents(known, ""))
    assert not set(helps) & set("$`\\'\";*\n()[]{}<>|&!~#%:")


def test_labels() -> None:
    """Each label once."""
    known = [Brief(torrent=ID, labels=["tv", "to see"]), Brief(torrent=OTHER, labels=["tv", "tax"])]
    assert of_labels(known, "t") == [("tax", ""), ("tv", "")]


def test_jobs() -> None:
    """Those that can be cancelled."""
    known = [
        JobRow(job="5c1e07ab", path="/srv/a$(id)", state=JobState.RUNNING, created_us=1),
        JobRow(job="5d000000", path="/srv/b", state=JobState.FAILED, created_us=1, ended_us=2),
    ]
    assert of_jobs(known, "5") == [("5c1e07ab", "aid")]
    assert of_jobs(known, "6") == []


def complete(runtime_dir: Path, shell: str, *words: str) -> "subprocess.CompletedProcess[str]":
    """The completions that a shell requests when Tab is pressed after the words."""
    line = ["ouzel", "--runtime-dir", str(runtime_dir), *words]
    asked = {
        "_OUZEL_COMPLETE": f"complete_{shell}",
        "_TYPER_COMPLETE_ARGS": " ".join(line),
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        "COMP_WORDS": "\n".join(line),
        "COMP_CWORD": str(len(line) - 1),
    }
    return subprocess.run(
        [sys.executable, "-m", "ouzel"],
        env=os.environ | asked,
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.process
@pytest.mark.parametrize(
    ("shell", "expected"),
    [("bash", f"{ID[:8]}\n"), ("fish", f"{ID[:8]}\tubuntu.iso\n"), ("zsh", f'"{ID[:8]}":"ubuntu.iso"')],
)
def test_each_shell_gets_ids(daemon: ScriptedDaemon, tmp_path: Path, shell: str, expected: str) -> None:
    """From the daemon that the command line names."""
    daemon.rows = {ID: row(), OTHER: row(OTHER)}
    ran = complete(tmp_path, shell, "pause", ID[:3])
    assert ran.stderr == ""
    assert expected in ran.stdout
    assert OTHER[:8] not in ran.stdout


@pytest.mark.process
def test_without_a_daemon_nothing_is_completed_and_nothing_said(tmp_path: Path) -> None:
    """Neither if no daemon can be named; it takes no time."""
    for words in (("show", "aa"), ("rm", "--label", "x"), ("--server", "nonsense", "show", "aa")):
        ran = complete(tmp_path, "bash", *words)
        assert (ran.stdout.strip(), ran.stderr) == ("", "")


@pytest.mark.process
@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_completes_by_the_script_that_ouzel_shows(daemon: ScriptedDaemon, tmp_path: Path) -> None:
    """As the shell itself calls it."""
    daemon.rows = {ID: row(name="ubuntu.iso"), OTHER: row(OTHER, name="x")}
    ouzel = tmp_path / "ouzel"
    ouzel.write_text(f'#!/bin/sh\nexec {sys.executable} -m ouzel "$@"\n')
    ouzel.chmod(0o755)
    script = f"""
        export OUZEL_PATHS_RUNTIME_DIR={tmp_path}
        PATH={tmp_path}:$PATH
        source <(_OUZEL_COMPLETE=source_bash ouzel)
        for word in ub {ID[:2]}a; do
            COMP_WORDS=(ouzel show $word); COMP_CWORD=2; COMPREPLY=()
            _ouzel_completion ouzel
            printf '%s\\n' "${{COMPREPLY[@]}}"
        done
    """
    ran = subprocess.run(
        ["bash", "--norc", "-c", script],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ran.stdout, ran.stderr) == (f"ubuntu.iso\n{ID[:8]}\n", "")
