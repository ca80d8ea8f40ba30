"""The command line with a scripted daemon: arguments, requests, output and exit codes."""

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Protocol

import msgspec
import pytest

from ouzel.cli.main import main, run
from protocol.wire.commands.torrent_commands import AddTorrent
from protocol.wire.desired import DEFAULT_OPTIONS, TorrentOptions
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.reports import HealthStatus
from protocol.wire.rows import TorrentState
from tests.ouzel.samples import ID, OTHER, crash, file_row, health, row
from tests.ouzel.scripted_daemon import ScriptedDaemon

MAGNET = "magnet:?xt=urn:btih:" + ID


class Ouzel(Protocol):
    """Runs one command line; returns exit code, standard output, standard error."""

    def __call__(self, *argv: str) -> tuple[int, str, str]: ...


@pytest.fixture
def ouzel(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Ouzel:
    """The command line, with `tmp_path` as the runtime directory."""

    def call(*argv: str) -> tuple[int, str, str]:
        code = run(["--runtime-dir", str(tmp_path), *argv])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def test_no_daemon_is_exit_code_3_and_a_way_out(ouzel: Ouzel) -> None:
    """The message has a remedy, in words and in JSON."""
    code, out, err = ouzel("ls")
    assert (code, out) == (3, "")
    assert "start one with `ouzeld`" in err
    code, out, err = ouzel("health", "--json")
    assert (code, out) == (3, "")
    assert json.loads(err)["error"]["name"] == "not_running"


@pytest.mark.parametrize(
    "argv",
    [
        ["no-such-command"],
        ["ls", "--state", "sleeping"],
        ["add", "no-such-file.torrent"],
        ["add", ""],
        ["add", "ftp://example.org/x.torrent"],
        ["add", "x" * 300],
        ["add", "/dev/null"],
        ["add", MAGNET, "--peer", "localhost:6881"],
        ["add", MAGNET, "--peer", "127.0.0.1"],
        ["add", MAGNET, "--peer", "[::1]:65536"],
        ["limit", "--down", "0.5"],
        ["add", MAGNET, "--limit-down", "fast"],
        ["limit", "--down", "10T"],
        ["files", "aaaa", "--priority", "1"],
        ["files", "aaaa", "--priority", "1=8"],
        ["show"],
        ["pause"],
        ["rm", ID, "--all"],
        ["resume", ID, "--label", "x"],
    ],
)
def test_wrong_usage_is_exit_code_2(daemon: ScriptedDaemon, ouzel: Ouzel, argv: list[str]) -> None:
    """No request is sent."""
    code, out, err = ouzel(*argv)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert json.loads(ouzel(*argv, "--json")[2])["error"]["name"] == "usage"
    assert daemon.ops() == []


def test_a_runtime_directory_with_too_long_a_path_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    """The operating system allows 107 bytes."""
    assert run(["--runtime-dir", "/" + "x" * 120, "ls"]) == 2
    assert "--runtime-dir" in capsys.readouterr().err


def test_a_refusal_is_exit_code_1(daemon: ScriptedDaemon, ouzel: Ouzel) -> None:
    """With the daemon's message, and the remedy."""
    code, _, err = ouzel("show", ID)
    assert code == 1
    assert "unknown_torrent" in err
    assert "`ouzel ls`" in err


def test_the_runtime_directory_can_come_from_the_environment(
    daemon: ScriptedDaemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As with the daemon."""
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setenv("OUZEL_PATHS_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["ouzel", "health"])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 0
    assert capsys.readouterr().out.startswith("healthy - engine running")


def test_without_a_command_there_is_help(capsys: pytest.CaptureFixture[str]) -> None:
    """With the exit codes."""
    assert run([]) == 0
    assert "Exit codes" in capsys.readouterr().out


@pytest.mark.parametrize("before", [[], ["ls"]])
def test_the_version_needs_neither_a_command_nor_a_daemon(ouzel: Ouzel, before: list[str]) -> None:
    """Exit code 0."""
    code, out, err = ouzel("--version", *before)
    assert (code, err) == (0, "")
    assert out.startswith("ouzel ")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("ftp://example.org/x.torrent", "only http:// and https:// are"),
        ("", "it is empty"),
        ("big.torrent", "not a torrent file"),
    ],
)
def test_what_cannot_be_added_is_said_before_anything_is_asked(
    ouzel: Ouzel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, said: str
) -> None:
    """A sparse file that exceeds a frame is not read."""
    monkeypatch.chdir(tmp_path)
    with Path("big.torrent").open("wb") as big:
        big.truncate(10**10)
    code, _, err = ouzel("add", source)
    assert code == 2
    assert said in err


@pytest.mark.parametrize(
    ("kind", "field", "said"),
    [
        (ErrorKind.INVALID_METAINFO, "args.metainfo", "'x.torrent' is not a torrent file: no"),
        (ErrorKind.INVALID_ARGUMENT, "args.peers[3]", "--peer: no"),
        (ErrorKind.INVALID_ARGUMENT, "args.labels[0]", "--label: no"),
        (ErrorKind.PATH_NOT_ALLOWED, "args.save_path", "--save-path: no"),
        (ErrorKind.INVALID_MAGNET, "args.magnet", "the magnet link: no"),
        (ErrorKind.INVALID_ARGUMENT, "args.rules.include[0]", "--include: no"),
        (ErrorKind.INVALID_ARGUMENT, "args.options.max_uploads", "--max-uploads: no"),
        (ErrorKind.INVALID_ARGUMENT, "args.new", "args.new: no"),
    ],
)
def test_a_refused_argument_has_the_name_that_the_command_line_gave_it(
    daemon: ScriptedDaemon,
    ouzel: Ouzel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: ErrorKind,
    field: str,
    said: str,
) -> None:
    """And not the protocol's name."""
    monkeypatch.chdir(tmp_path)
    Path("x.torrent").write_bytes(b"d4:infoe")

    def refuse(_: dict[str, Any]) -> None:
        raise OuzelError(kind, f"{field}: no", field=field)

    daemon.answers["add_torrent"] = refuse
    code, _, err = ouzel("add", "x.torrent")
    assert code == 1
    assert err.splitlines()[0] == f"error: {kind.wire_name}: {said}"


def test_wrong_states_are_said_without_the_words_of_a_library(ouzel: Ouzel) -> None:
    """`Value error` is pydantic's wording."""
    assert ouzel("ls", "--state", "foo")[2].startswith("error: Invalid value for '--state': 'foo' is not one of")


def test_a_wait_for_nothing_says_so(daemon: ScriptedDaemon, ouzel: Ouzel) -> None:
    """`--include` may match no file."""
    daemon.rows[ID] = row(state=TorrentState.FINISHED, progress=1.0, bytes_done=0, bytes_total=0)
    daemon.answers["add_torrent"] = lambda _: {"torrent": ID, "duplicate": False}
    code, out, _ = ouzel("add", MAGNET, "--include", "*.zzz", "--wait")
    assert code == 5
    assert f"failed: {ID} - nothing is selected" in out


def test_add_sends_what_was_asked_for(
    daemon: ScriptedDaemon, ouzel: Ouzel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paths are absolute, and rates are in bytes."""
    monkeypatch.chdir(tmp_path)
    Path("x.torrent").write_bytes(b"d4:infoe")
    daemon.answers["add_torrent"] = lambda _: {"torrent": ID, "duplicate": True}
    options = "--save-path here --paused --sequential --include *.mkv --exclude *.nfo --skip-fluff --label a --label b"
    limits = "--limit-down 10M --limit-up 1Ki --peer 127.0.0.1:1 --seed-mode"
    code, out, err = ouzel("add", "x.torrent", *options.split(), *limits.split())
    assert (code, out) == (0, f"already there: {ID}\n")
    assert err.startswith(f"warning: {ID} was there already; --save-path, --paused, --sequential, --include")
    assert err.endswith("--seed-mode have no effect\n")
    args = daemon.requests[-1].args
    assert args["metainfo"] == b"d4:infoe"
    assert args["save_path"] == str(tmp_path / "here")
    assert args["rules"] == {"include": ["*.mkv"], "exclude": ["*.nfo"], "skip_fluff": True}
    assert (args["paused"], args["sequential"], args["seed_mode"]) == (True, True, True)
    assert (args["labels"], args["peers"]) == (["a", "b"], ["127.0.0.1:1"])
    assert (args["download_bps"], args["upload_bps"]) == (10_000_000, 1024)
    assert json.loads(ouzel("add", MAGNET, "--json")[1]) == {"source": MAGNET, "torrent": ID, "duplicate": True}
    assert daemon.requests[-1].args["magnet"] == MAGNET
    assert daemon.requests[-1].args["save_path"] is None
    sent = msgspec.convert(daemon.requests[-1].args, AddTorrent)
    assert (sent.options, sent.queue_position) == (DEFAULT_OPTIONS, None)


def test_add_sends_options_and_goals(daemon: ScriptedDaemon, ouzel: Ouzel) -> None:
    """With the flags of `options` and `goals`. A wrong one is reported before anything is sent."""
    daemon.answers["add_torrent"] = lambda _: {"torrent": ID, "duplicate": False}
    options = "--max-connections 50 --max-uploads 4 --auto-managed --queue-position 0 --first-last-piece-first --no-pex"
    goals = "--name shown --ratio 1.5 --seeding-time none --inactive-time 2h --action remove"
    assert ouzel("add", MAGNET, *options.split(), *goals.split())[0] == 0
    sent = msgspec.convert(daemon.requests[-1].args, AddTorrent)
    assert sent.queue_position == 0
    assert sent.options == TorrentOptions(
        max_connections=50,
        max_uploads=4,
        auto_managed=True,
        first_last_piece_first=True,
        pex=False,
        name="shown",
        ratio_goal=1.5,
        seeding_time_goal_s=None,
        inactive_time_goal_s=7200,
        goal_action="remove",
    )
    for wrong in (["--ratio", "much"], ["--max-uploads", "-1"], ["--action", "delete"], ["--queue-position", "-1"]):
        assert ouzel("add", MAGNET, *wrong)[0] == 2
    assert daemon.ops().count("add_torrent") == 1


def test_one_bad_source_does_not_stop_the_others(
    daemon: ScriptedDaemon, ouzel: Ouzel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each source has a line of its own, and the exit code says that one failed."""

    def add(args: dict[str, Any]) -> dict[str, Any]:
        if args["metainfo"] == b"d4:infoe":
            raise OuzelError(ErrorKind.INVALID_METAINFO, "args.metainfo: no", field="args.metainfo")
        return {"torrent": ID if args["magnet"] == MAGNET else OTHER, "duplicate": False}

    daemon.answers["add_torrent"] = add
    monkeypatch.chdir(tmp_path)
    Path("bad.torrent").write_bytes(b"d4:infoe")
    code, out, err = ouzel("add", "missing.torrent", MAGNET, "bad.torrent", f" {OTHER}\n")
    assert code == 1
    assert out == f"added: {ID} ({MAGNET})\nadded: {OTHER} ({OTHER})\n"
    assert [line for line in err.splitlines() if line.startswith("error: ")] == [
        "error: 'missing.torrent' is no magnet link, info-hash or URL, and cannot be read as a .torrent file: "
        "No such file or directory",
        "error: invalid_metainfo: 'bad.torrent' is not a torrent file: no",
    ]
    assert err.splitlines()[-1] == "2 of 4 sources could not be added"
    code, out, err = ouzel("add", MAGNET, "missing.torrent", "--json")
    objects = [json.loads(line) for line in out.splitlines()]
    assert code == 2
    assert objects[0] == {"source": MAGNET, "torrent": ID, "duplicate": False}
    assert (objects[1]["source"], objects[1]["error"]["name"]) == ("missing.torrent", "usage")


def test_standard_input_has_a_torrent_or_lines(
    daemon: ScriptedDaemon, ouzel: Ouzel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Empty lines and comments are ignored."""
    daemon.answers["add_torrent"] = lambda _: {"torrent": ID, "duplicate": False}
    for content, count in ((f"\n# mine\n{MAGNET}\r\n  {OTHER}\n".encode(), 2), (b"d4:infoe", 1)):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        code, out, _ = ouzel("add", "-", "--json")
        assert (code, len(out.splitlines())) == (0, count)
    assert daemon.requests[-1].args["metainfo"] == b"d4:infoe"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    assert ouzel("add", "-")[::2] == (2, "error: standard input: it is empty\n")


def test_several_are_waited_for(daemon: ScriptedDaemon, ouzel: Ouzel) -> None:
    """Until each of them has ended."""
    daemon.rows = {
        ID: row(state=TorrentState.SEEDING, progress=1.0),
        OTHER: row(OTHER, state=TorrentState.ERROR, error="disk full"),
    }
    daemon.answers["add_torrent"] = lambda args: {"torrent": args["magnet"][-40:], "duplicate": False}
    code, out, _ = ouzel("add", ID, OTHER, "--wait")
    assert code == 5
    assert out.splitlines()[-1] == f"failed: {OTHER} - disk full"
    assert f"completed: {ID}" in out


@pytest.mark.parametrize(("recoverable", "code"), [(True, 0), (False, 5)])
def test_add_and_wait_says_by_its_exit_code_how_it_ended(
    daemon: ScriptedDaemon, ouzel: Ouzel, recoverable: bool, code: int
) -> None:
    """A recoverable error is no failure."""

    def add(_: dict[str, Any]) -> dict[str, Any]:
        daemon.rows[ID] = row()
        return {"torrent": ID, "duplicate": False}

    def play() -> None:
        daemon.publish("error", name="storage", message="disk full", recoverable=recoverable)
        daemon.publish("completed", bytes_done=1000)

    daemon.answers["add_torrent"] = add
    daemon.once_listening(f"progress/{ID}".encode(), play)
    assert ouzel("add", MAGNET, "--wait")[0] == code


def test_ls(daemon: ScriptedDaemon, ouzel: Ouzel) -> None:
    """One line for each torrent; the daemon filters."""
    daemon.rows = {ID: row(), OTHER: row(OTHER, name="long " * 100, state=TorrentState.PAUSED)}
    code, out, _ = ouzel("ls")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == ["ID", ID[:8], OTHER[:8], "2"]
    assert ("long " * 100).strip() in out
    documents = json.loads(ouzel("ls", "--state", "paused", "--label", "x", "--json")[1])
    assert [each["torrent"] for each in documents["torrents"]] == [OTHER]
    assert daemon.requests[-1].args["label"] == "x"


def test_lists_in_a_pipe_have_no_padding_at_the_end(daemon: ScriptedDaemon, ouzel: Ouzel) -> None:
    """Padding is useless there."""
    daemon.rows = {ID: row(), OTHER: row(OTHER, name="longer")}
    for argv in (["ls"], ["show", ID], ["stats"]):
        assert all(line == line.rstrip() for line in ouzel(*argv)[1].splitlines())


def test_an_empty_list_on_a_terminal_says_that_it_is_empty(
    daemon: ScriptedDaemon, ouzel: Ouzel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On stderr; a pipe gets the header, and a program the empty list."""
    assert ouzel("ls")[1].split()[0] == "ID"
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    assert ouzel("ls") == (0, "", "no torrents\n")
    assert json.loads(ouzel("ls", "--json")[1]) == {"torrents": []}


def test_show_health_and_stats(daemon: ScriptedDaemon, ouzel: Ouzel) -> None:
    """A prefix is enough to name a torrent."""
    daemon.rows = {ID: row()}
    assert "ubuntu.iso" in ouzel("show", "aaaa")[1]
    assert json.loads(ouzel("show", ID, "--json")[1])["piece_length"] == 16384
    assert "1 downloading" in ouzel("stats")[1]
    assert json.loads(ouzel("stats", "--json")[1])["session"]["peers"] == 3


def test_crashes_are_listed_and_shown(daemon: ScriptedDaemon, ouzel: Ouzel) -> None:
    """By the names in the list, or the file's name."""
    daemon.answers["list_crashes"] = lambda _: {"crashes": [crash()]}
    daemon.answers["get_crash"] = lambda args: crash(name=args["name"])
    code, listed, _ = ouzel("crashes")
    assert (code, crash().name in listed) == (0, True)
    assert json.loads(ouzel("crashes", "--json")[1])["crashes"][0]["killed_for"] == crash().killed_for
    assert "the last line" in ouzel("crashes", "show", crash().name)[1]
    shown = json.loads(ouzel("crashes", "show", f"{crash().name}.json", "--json")[1])
    assert (shown["name"], shown["log"]) == (crash().name, ["the last line"])
    daemon.answers["list_crashes"] = lambda _: {"crashes": []}
    assert json.loads(ouzel("crashes", "--json")[1]) == {"crashes": []}


def test_what_was_put_aside_is_listed_and_restored(daemon: ScriptedDaemon, ouzel: Ouzel) -> None:
    """The reason why a file cannot be restored is shown; a refusal exits with 1."""
    file = {"name": f"{ID}.json", "torrent": ID, "kind": "record", "size": 500, "put_aside_us": 5, "problem": None}
    broken = {**file, "name": "session.json", "torrent": None, "kind": "session", "problem": "it is damaged: bits"}
    daemon.answers["list_damaged"] = lambda _: {"files": [file, broken]}
    daemon.answers["restore_damaged"] = lambda args: {"torrent": ID, "files": [args["name"], f"{ID}.torrent"]}
    code, listed, _ = ouzel("damaged", "list")
    assert (code, "yes" in listed, "no: it is damaged: bits" in listed) == (0, True, True)
    assert json.loads(ouzel("damaged", "list", "--json")[1])["files"] == [file, broken]
    assert f"{ID}.torrent" in ouzel("damaged", "restore", f"{ID}.json")[1]
    restored = json.loads(ouzel("damaged", "restore", f"{ID}.json", "--json")[1])
    assert restored == {"torrent": ID, "files": [f"{ID}.json", f"{ID}.torrent"]}
    daemon.answers["list_damaged"] = lambda _: {"files": []}
    assert json.loads(ouzel("damaged", "list", "--json")[1]) == {"files": []}


@pytest.mark.parametrize(
    ("status", "code"),
    [(HealthStatus.HEALTHY, 0), (HealthStatus.DEGRADED, 0), (HealthStatus.STARTING, 0), (HealthStatus.UNHEALTHY, 4)],
)
def test_health_says_by_its_exit_code_whether_the_daemon_works(
    daemon: ScriptedDaemon, ouzel: Ouzel, status: HealthStatus, code: int
) -> None:
    """A degraded daemon works."""
    daemon.answers["health"] = lambda _: health(status)
    assert ouzel("health")[0] == code
    assert ouzel("health", "--json")[0] == code


@pytest.mark.parametrize(
    ("argv", "op", "args"),
    [
        (["pause"], "pause", {}),
        (["resume"], "resume", {}),
        (["recheck"], "recheck", {}),
        (["announce"], "reannounce", {}),
        (["announce", "--tracker", "udp://t/"], "reannounce", {"tracker": "udp://t/"}),
        (["release"], "release_torrent", {}),
        (["rm"], "remove_torrent", {"delete_files": False}),
        (["rm", "--files"], "remove_torrent", {"delete_files": True}),
        (["rm", "--delete-files", "--yes"], "remove_torrent", {"delete_files": True}),
    ],
)
def test_one_command_for_several_torrents(
    daemon: ScriptedDaemon, ouzel: Ouzel, argv: list[str], op: str, args: dict[str, Any]
) -> None:
    """Each torrent is changed or refused by itself; one refusal makes exit code 1."""

    def answer(given: dict[str, Any]) -> dict[str, Any]:
        if given["torrent"] == OTHER:
            raise OuzelError(ErrorKind.TORRENT_BUSY, "wait")
        assert given == {"torrent": ID, **args}
        return {"torrent": ID}

    daemon.answers[op] = answer
    assert ouzel(*argv, ID, ID)[0] == 0
    code, out, err = ouzel(*argv, ID, OTHER)
    assert (code, len(out.splitlines())) == (1, 1)
    assert "torrent_busy" in err
    code, out, err = ouzel(*argv, ID, OTHER, "--json")
    assert [each["ok"] for each in json.loads(out)["results"]] == [True, False]
    assert json.loads(err)["error"]["name"] == "torrent_busy"


@pytest.mark.parametrize(("answer", "code", "removed"), [("y\n", 0, 2), ("\n", 1, 0), ("no\n", 1, 0), ("", 2, 0)])
def test_rm_of_all_asks(
    daemon: ScriptedDaemon, ouzel: Ouzel, monkeypatch: pytest.MonkeyPatch, answer: str, code: int, removed: int
) -> None:
    """The answer is a line of standard input; without a terminal, --yes is needed."""
    daemon.rows = {ID: row(), OTHER: row(OTHER)}
    daemon.answers["remove_torrent"] = lambda args: {"torrent": args["torrent"]}
    monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
    ended, _, err = ouzel("rm", "--all", "--delete-files")
    assert (ended, daemon.ops().count("remove_torrent")) == (code, removed)
    assert "remove 2 torrents and delete their files? [y/N]" in err
    assert ("--yes" in err) == (code == 2)


def test_an_answer_that_cannot_be_read_is_none(
    daemon: ScriptedDaemon, ouzel: Ouzel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line is invalid text."""
    daemon.rows = {ID: row()}
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff\xff\n"), encoding="utf-8"))
    assert ouzel("rm", "--all")[0] == 2
    assert "remove_torrent" not in daemon.ops()


def test_one_command_for_all_or_for_a_label(daemon: ScriptedDaemon, ouzel: Ouzel) -> None:
    """`pause` and `resume` ask nothing, nor does `rm` with --yes; no torrents is no error."""
    daemon.rows = {ID: row(), OTHER: row(OTHER)}
    for op in ("pause", "resume", "remove_torrent"):
        daemon.answers[op] = lambda args: {"torrent": args["torrent"]}
    assert ouzel("pause", "--all") == (0, "paused: 2 torrents\n", "")
    assert [each["ok"] for each in json.loads(ouzel("resume", "--label", "x", "--json")[1])["results"]] == [True, True]
    assert _last(daemon, "list_torrents")["label"] == "x"
    assert ouzel("rm", "--label", "x", "-y") == (0, "removed: 2 torrents\n", "")
    daemon.rows = {}
    assert ouzel("rm", "--all") == (0, "removed: 0 torrents\n", "")


def test_names_and_prefixes_name_torrents(daemon: ScriptedDaemon, ouzel: Ouzel) -> None:
    """Anything else is wrong usage."""
    daemon.rows = {ID: row(name="a b"), OTHER: row(OTHER)}
    daemon.answers["pause"] = lambda args: {"torrent": args["torrent"]}
    assert ouzel("pause", "a b", OTHER[:4])[1] == f"paused: {ID}\npaused: {OTHER}\n"
    assert ouzel("show", "abc")[0] == 2


def test_ls_sorts_and_chooses(daemon: ScriptedDaemon, ouzel: Ouzel) -> None:
    """In a list and as JSON; the daemon filters by one state, the command line by several."""
    daemon.rows = {ID: row(name="b", size=5), OTHER: row(OTHER, name="a", size=7, state=TorrentState.PAUSED)}

    def ids(*argv: str) -> list[str]:
        return [each["torrent"] for each in json.loads(ouzel("ls", "--json", *argv)[1])["torrents"]]

    assert ids("--sort", "name") == ids("--sort", "size") == [OTHER, ID]
    assert ids("--sort", "size", "--reverse") == [ID, OTHER]
    assert ids("--state", "paused") == [OTHER]
    assert daemon.requests[-1].args["state"] == "paused"
    assert ids("--state", "paused", "--state", "downloading") == [ID, OTHER]
    assert ids("--state", "stalled") == []


def test_a_pipe_has_the_columns_that_are_asked_for(
    daemon: ScriptedDaemon, ouzel: Ouzel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As other programs with tables do."""
    daemon.rows = {ID: row(name="long " * 100)}
    monkeypatch.setenv("COLUMNS", "40")
    assert max(len(line) for line in ouzel("ls")[1].splitlines()) <= 40
    monkeypatch.setenv("COLUMNS", "no")
    assert ("long " * 100).strip() in ouzel("ls")[1]


@pytest.mark.parametrize(
    "command", [[], ["add"], ["ls"], ["crashes"], ["crashes", "show"], ["keys", "new"], ["damaged"]]
)
def test_help_has_a_short_option(ouzel: Ouzel, command: list[str]) -> None:
    """On every command."""
    assert ouzel(*command, "-h") == ouzel(*command, "--help")
    assert "Usage: ouzel" in ouzel(*command, "-h")[1]


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["heath"], "error: No such command 'heath'. Did you mean 'health'?"),
        (["swarm"], "error: No such command 'swarm'."),
        (["keys", "nwe"], "error: No such command 'nwe'. Did you mean 'new'?"),
        (["rm", "--al"], "error: No such option: --al. Did you mean '--all'?"),
        (["rm", "--verbose"], "error: No such option: --verbose"),
        (["keys"], "error: Missing command."),
        (["damaged"], "error: Missing command."),
    ],
)
def test_what_is_wrong_is_said_and_what_is_near(ouzel: Ouzel, argv: list[str], said: str) -> None:
    """A similar name is suggested, a different one is not."""
    code, out, err = ouzel(*argv)
    assert (code, out, err.splitlines()[0]) == (2, "", said)


def test_limit(daemon: ScriptedDaemon, ouzel: Ouzel) -> None:
    """Without a rate it only reads."""
    daemon.rows = {ID: row(upload_limit_bps=5000)}
    assert ouzel("limit")[1] == "1.0 MB/s down, none up\n"
    assert json.loads(ouzel("limit", "aaaa", "--json")[1]) == {"download_bps": 0, "upload_bps": 5000}
    assert "update_limits" not in daemon.ops()
    daemon.answers["update_limits"] = lambda _: {"download_bps": 0, "upload_bps": 1_000_000}
    assert ouzel("limit", "--up", "1M")[1] == "none down, 1.0 MB/s up\n"
    assert daemon.requests[-1].args == {"torrent": None, "upload_bps": 1_000_000}
    ouzel("limit", ID, "--down", "0")
    assert daemon.requests[-1].args == {"torrent": ID, "download_bps": 0}


def test_alternative_limits(daemon: ScriptedDaemon, ouzel: Ouzel) -> None:
    """The switch is sent; the text says whether they are in force, and why."""
    other = {"download_bps": 10_000, "upload_bps": 0, "in_force": True, "scheduled": True, "switch": None}
    daemon.answers["update_limits"] = lambda _: {"download_bps": 0, "upload_bps": 0, "alternative": other}
    for word, sent in (("on", True), ("off", False), ("auto", None)):
        code, out, _ = ouzel("limit", "--alternative", word)
        assert code == 0
        assert daemon.requests[-1].args == {"torrent": None, "alternative": sent}
        assert out.splitlines()[1] == "alternative: 10.0 kB/s down, none up; in force, as the schedule says"
    other |= {"in_force": False, "switch": False}
    assert ouzel("limit", "--alternative", "off")[1].endswith("; not in force, switched off\nschedule: none\n")


SETTINGS: dict[str, Any] = {
    "connections_limit": {"value": 800, "default": 1000, "source": "file"},
    "enable_dht": {"value": True, "default": True, "source": "default"},
    "proxy_password": {"value": "(hidden)", "default": "", "source": "client"},
    "user_agent": {"value": "fake", "default": "fake", "source": "default"},
}


def test_settings_are_listed_and_filtered(daemon: ScriptedDaemon, ouzel: Ouzel) -> None:
    """With their defaults, and who has set them."""
    daemon.answers["get_settings"] = lambda _: {"settings": SETTINGS}
    lines = ouzel("settings")[1].splitlines()
    assert [line.split() for line in lines[:3]] == [
        ["NAME", "VALUE", "DEFAULT", "SET", "BY"],
        ["connections_limit", "800", "1000", "file"],
        ["enable_dht", "true", "true"],
    ]
    assert json.loads(ouzel("settings", "--json")[1]) == {"settings": SETTINGS}
    assert json.loads(ouzel("settings", "--changed", "--json")[1])["settings"].keys() == {
        "connections_limit",
        "proxy_password",
    }
    assert ouzel("settings", "--like", "DHT")[1].splitlines()[1].split() == ["enable_dht", "true", "true"]


def test_settings_are_set_by_the_types_of_their_defaults(
    daemon: ScriptedDaemon, ouzel: Ouzel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dash reads the value from standard input, and an unknown name is left to the daemon."""
    daemon.answers["get_settings"] = lambda _: {"settings": SETTINGS}
    daemon.answers["update_settings"] = lambda args: {
        "settings": {name: {"value": 1, "default": 1, "source": "client"} for name in args["settings"]}
    }
    monkeypatch.setattr(sys, "stdin", io.StringIO("s3cr3t\n"))
    pairs = ["connections_limit", "5", "enable_dht", "off", "user_agent", "7", "proxy_password", "-", "new", "1"]
    assert ouzel("settings", "set", *pairs)[0] == 0
    assert daemon.requests[-1].wait == "applied"
    assert daemon.requests[-1].args["settings"] == {
        "connections_limit": 5,
        "enable_dht": False,
        "user_agent": "7",
        "proxy_password": "s3cr3t",
        "new": "1",
    }
    assert ouzel("settings", "set", "--", "connections_limit", "-1")[0] == 0
    assert daemon.requests[-1].args["settings"] == {"connections_limit": -1}
    assert ouzel("settings", "reset", "connections_limit", "enable_dht")[0] == 0
    assert daemon.requests[-1].args["settings"] == {"connections_limit": None, "enable_dht": None}
    daemon.requests.clear()
    for bad in (["connections_limit"], ["connections_limit", "many"], ["enable_dht", "maybe"]):
        assert ouzel("settings", "set", *bad)[0] == 2
    assert "update_settings" not in daemon.ops()


def test_a_refused_setting_is_named_without_the_protocols_field(daemon: ScriptedDaemon, ouzel: Ouzel) -> None:
    """And the hint says where to look."""

    def refuse(_: dict[str, Any]) -> Any:
        field = "args.settings.peer_timeout"
        raise OuzelError(ErrorKind.INVALID_SETTING, f"{field}: 0 is out of range", field=field)

    daemon.answers["get_settings"] = lambda _: {"settings": SETTINGS}
    daemon.answers["update_settings"] = refuse
    code, _, err = ouzel("settings", "set", "peer_timeout", "0")
    assert code == 1
    assert err.startswith("error: invalid_setting: peer_timeout: 0 is out of range\n")
    assert "`ouzel settings`" in err


def test_trackers_lists_them_after_changing_the_list(daemon: ScriptedDaemon, ouzel: Ouzel) -> None:
    """Without options nothing is changed; with --replace each tracker is in a tier of its own. Secrets are hidden."""
    daemon.rows = {ID: row()}
    url = "http://tracker.example/0123456789abcdef0123456789abcdef/announce"
    tracker = {"url": url, "tier": 3, "status": "working", "seeds": 7}
    daemon.answers["list_trackers"] = lambda _: {"trackers": [tracker], "age_ms": 1}
    daemon.answers["update_trackers"] = lambda _: {"torrent": ID}
    code, out, _ = ouzel("trackers", ID)
    assert (code, "update_trackers" in daemon.ops()) == (0, False)
    assert "tracker.example" in out
    assert "0123456789abcdef" not in out
    assert json.loads(ouzel("trackers", ID, "--json")[1])["trackers"][0]["url"] == url
    assert ouzel("trackers", ID, "--add", "udp://a/", "--tier", "2", "--remove", "udp://b/")[0] == 0
    changed = {"torrent": ID, "add": [{"url": "udp://a/", "tier": 2}], "remove": ["udp://b/"]}
    assert _last(daemon, "update_trackers") == changed
    assert ouzel("trackers", ID, "--replace", "udp://a/", "--replace", "udp://b/")[0] == 0
    entries = [{"url": "udp://a/", "tier": 0}, {"url": "udp://b/", "tier": 1}]
    assert _last(daemon, "update_trackers")["replace"] == entries
    assert ouzel("trackers", ID, "--clear")[0] == 0
    assert _last(daemon, "update_trackers") == {"torrent": ID, "replace": [], "add": [], "remove": []}
    assert ouzel("trackers", ID, "--add", "udp://a/", "--tier", "256")[0] == 2


def test_webseeds_lists_them_after_changing_them(daemon: ScriptedDaemon, ouzel: Ouzel) -> None:
    """Without options nothing is changed."""
    daemon.rows = {ID: row()}
    daemon.answers["list_web_seeds"] = lambda _: {"web_seeds": [{"url": "http://mirror.example/"}]}
    daemon.answers["update_web_seeds"] = lambda _: {"torrent": ID}
    assert ouzel("webseeds", ID) == (0, "http://mirror.example/\n", "")
    assert "update_web_seeds" not in daemon.ops()
    assert json.loads(ouzel("webseeds", ID, "--json")[1])["web_seeds"] == [{"url": "http://mirror.example/"}]
    assert ouzel("webseeds", ID, "--add", "http://a/", "--remove", "http://b/")[0] == 0
    assert _last(daemon, "update_web_seeds") == {"torrent": ID, "add": ["http://a/"], "remove": ["http://b/"]}


def test_options_are_shown_and_set(daemon: ScriptedDaemon, ouzel: Ouzel) -> None:
    """Only those that are given are sent; those of several torrents can be set at once."""
    daemon.rows = {ID: row()}
    options = {"max_connections": 7, "pex": False, "name": "n"}
    detail = daemon.answers["get_torrent"]
    daemon.answers["get_torrent"] = lambda args: {**_plain(detail(args)), "options": options}
    daemon.answers["update_options"] = lambda _: {"torrent": ID}
    code, out, _ = ouzel("options", ID)
    assert (code, "update_options" in daemon.ops()) == (0, False)
    assert out.split("\n")[0].split() == ["max-connections", "7"]
    assert json.loads(ouzel("options", ID, "--json")[1])["options"]["pex"] is False
    assert "max connections 7, pex no, name n" in ouzel("show", ID)[1]
    switches = ["--super-seeding", "--no-dht", "--force-start"]
    argv = [*switches, "--max-uploads", "4", "--set-label", "a", "--set-label", "b", "--name", ""]
    assert ouzel("options", ID, *argv)[:2] == (0, f"changed: {ID}\n")
    changed = {"max_uploads": 4, "super_seeding": True, "dht": False, "labels": ["a", "b"], "force_start": True}
    assert _last(daemon, "update_options") == {"torrent": ID, "name": "", **changed}
    assert ouzel("options", "--all", "--no-labels")[0] == 0
    assert _last(daemon, "update_options") == {"torrent": ID, "labels": []}
    for wrong in (["--all"], [], [ID, ID], [ID, "--no-labels", "--set-label", "x"], [ID, "--max-uploads", "-1"]):
        assert ouzel("options", *wrong)[0] == 2


def test_queue_moves_torrents(daemon: ScriptedDaemon, ouzel: Ouzel) -> None:
    """Several at once; the daemon knows their order."""
    daemon.rows = {each: row(each) for each in (ID, OTHER)}
    daemon.answers["move_in_queue"] = lambda _: {"torrents": [OTHER, ID]}
    assert ouzel("queue", ID, OTHER, "up") == (0, f"moved: {OTHER}\nmoved: {ID}\n", "")
    assert _last(daemon, "move_in_queue") == {"torrents": [ID, OTHER], "where": "up"}
    assert json.loads(ouzel("queue", ID, "top", "--json")[1]) == {"torrents": [OTHER, ID]}
    for wrong in ([], [ID], [ID, "first"]):
        assert ouzel("queue", *wrong)[0] == 2


def test_deadline_requests_a_part_of_a_file(daemon: ScriptedDaemon, ouzel: Ouzel) -> None:
    """By default all of it; sizes are as in other commands."""
    daemon.rows = {ID: row()}
    daemon.answers["list_files"] = lambda _: {"files": [file_row()], "cursor": None, "age_ms": 1}
    daemon.answers["set_piece_deadlines"] = lambda _: {"torrent": ID}
    assert ouzel("deadline", ID, "0", "--offset", "1k", "--length", "2Ki", "--within", "0.5")[:2] == (
        0,
        f"wanted: {ID}\n",
    )
    sent = {"torrent": ID, "file": 0, "offset": 1000, "length": 2048, "deadline_ms": 500}
    assert _last(daemon, "set_piece_deadlines") == sent
    assert json.loads(ouzel("deadline", ID, "0", "--offset", "10", "--json")[1]) == {"torrent": ID}
    whole = {"offset": 10, "length": file_row().size - 10, "deadline_ms": 5000}
    assert _last(daemon, "set_piece_deadlines") == {**sent, **whole}
    for wrong in ([ID], [ID, "-1"], [ID, "x"], [ID, "0", "--offset", "x"], [ID, "0", "--within", "-1"]):
        assert ouzel("deadline", *wrong)[0] == 2
    for within in ("1e300", "inf", "nan", "86400.1"):
        code, _, err = ouzel("deadline", ID, "0", "--within", within)
        assert (code, "less than or equal to 86400" in err) == (2, True)
    assert "is not a size in bytes" in ouzel("deadline", ID, "0", "--offset", "1P")[2]
    assert ouzel("deadline", ID, "0", "--offset", "1T", "--length", "1", "--within", "86400")[0] == 0
    assert _last(daemon, "set_piece_deadlines") == {**sent, "offset": 10**12, "length": 1, "deadline_ms": 86_400_000}


def test_files_lists_them_after_changing_what_is_downloaded(daemon: ScriptedDaemon, ouzel: Ouzel) -> None:
    """Other priorities stay; `--all` clears all of them first."""
    daemon.rows = {ID: row()}
    detail = daemon.answers["get_torrent"]
    daemon.answers["get_torrent"] = lambda args: {**_plain(detail(args)), "priorities": {"1": 0}}
    daemon.answers["list_files"] = lambda _: {"files": [file_row()], "cursor": None, "age_ms": 1}
    daemon.answers["update_selection"] = lambda _: {"torrent": ID}
    assert "top/0.bin" in ouzel("files", ID)[1]
    assert "update_selection" not in daemon.ops()
    ouzel("files", ID, "--priority", "3=7")
    assert _last(daemon, "update_selection") == {"torrent": ID, "priorities": {"1": 0, "3": 7}}
    ouzel("files", ID, "--include", "*.mkv", "--no-skip-fluff")
    assert _last(daemon, "update_selection") == {"torrent": ID, "include": ["*.mkv"], "skip_fluff": False}
    document = json.loads(ouzel("files", ID, "--all", "--priority", "3=7", "--json")[1])
    assert document["files"][0]["index"] == 0
    assert _last(daemon, "update_selection") == {
        "torrent": ID,
        "include": [],
        "exclude": [],
        "skip_fluff": False,
        "priorities": {"3": 7},
    }


def test_a_selection_of_nothing_is_warned_of(daemon: ScriptedDaemon, ouzel: Ouzel) -> None:
    """After a change."""
    daemon.rows = {ID: row()}
    daemon.answers["list_files"] = lambda _: {"files": [file_row(priority=0)], "cursor": None, "age_ms": 1}
    daemon.answers["update_selection"] = lambda _: {"torrent": ID}
    assert ouzel("files", ID)[2] == ""
    code, out, err = ouzel("files", ID, "--include", "*.zzz")
    assert (code, "skipped" in out) == (0, True)
    assert err.startswith("warning: nothing is selected")
    assert (
        "nothing is selected" in json.loads(ouzel("files", ID, "--include", "*.zzz", "--json")[2])["warning"]["message"]
    )


def test_ctrl_c_says_what_goes_on_where_something_was_asked_for(daemon: ScriptedDaemon, ouzel: Ouzel) -> None:
    """`watch` and `events` change nothing."""
    daemon.rows[ID] = row()
    daemon.answers["add_torrent"] = lambda _: {"torrent": ID, "duplicate": False}
    code, _, err = _interrupted_after(1, ouzel, "add", MAGNET, "--wait")
    assert (code, err) == (130, "interrupted; what was asked of the daemon goes on\n")
    assert _interrupted_after(1, ouzel, "watch")[::2] == (130, "")


def test_events_are_lines_until_interrupted(daemon: ScriptedDaemon, ouzel: Ouzel) -> None:
    """The exit code is 130, and the printed lines stay."""
    daemon.once_listening(b"tick/", lambda: [daemon.publish("completed", each, bytes_done=1) for each in (OTHER, ID)])
    code, out, err = _interrupted_after(1, ouzel, "events", "--torrent", ID)
    assert code == 130
    assert err == ""
    assert f"#2 completed {ID[:8]} bytes_done=1" in out


def test_events_as_json_are_one_object_a_line(daemon: ScriptedDaemon, ouzel: Ouzel) -> None:
    """With progress if requested, and without ticks. Progress has no number, and may overtake numbered events.

    On a busy machine the scripted daemon may be silent at first, which is told, too.
    """
    types = ["torrent_added", "progress", "tick", "completed"]
    daemon.once_listening(b"progress/", lambda: [daemon.publish(each) for each in types])
    _, out, _ = _interrupted_after(3, ouzel, "events", "--progress", "--json")
    told = [kind for line in out.splitlines() if (kind := json.loads(line)["type"]) != "daemon_silent"]
    assert sorted(told) == ["completed", "progress", "torrent_added"]
    assert told.index("torrent_added") < told.index("completed")


def removed_once_watched(daemon: ScriptedDaemon) -> None:
    """A torrent that is removed as soon as it is watched."""
    daemon.rows = {ID: row(), OTHER: row(OTHER)}
    topic = f"progress/{ID}".encode()
    daemon.once_listening(topic, lambda: daemon.publish("torrent_removed", delete_files=False))


def test_watch_one_torrent_until_it_is_removed(daemon: ScriptedDaemon, ouzel: Ouzel) -> None:
    """With lines, if there is no terminal."""
    removed_once_watched(daemon)
    code, out, _ = ouzel("watch", "aaaa")
    assert code == 0
    assert out.splitlines() == [
        "health: healthy - engine running",
        "ubuntu.iso: downloading 50.0% at 2.0 MB/s",
        f"removed: {ID}",
    ]


def test_watch_as_json(daemon: ScriptedDaemon, ouzel: Ouzel) -> None:
    """The snapshot, then events."""
    removed_once_watched(daemon)
    _, out, _ = ouzel("watch", "aaaa", "--json")
    assert [json.loads(line)["type"] for line in out.splitlines()] == ["resnapshot", "torrent_removed"]


def test_watch_on_a_terminal_draws_a_table(
    daemon: ScriptedDaemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the health below."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("TERM", "xterm")
    removed_once_watched(daemon)
    assert run(["--runtime-dir", str(tmp_path), "watch", ID]) == 0
    assert "ubuntu.iso" in terminal.getvalue()
    assert "engine running" in terminal.getvalue()


@pytest.mark.process
def test_a_reader_that_went_away_ends_it_quietly(daemon: ScriptedDaemon, tmp_path: Path) -> None:
    """`ouzel events | head` prints nothing on stderr."""
    reading, writing = os.pipe()
    os.close(reading)
    argv = [sys.executable, "-m", "ouzel", "--runtime-dir", str(tmp_path), "health"]
    try:
        ran = subprocess.run(argv, stdout=writing, stderr=subprocess.PIPE, cwd=Path(__file__).parents[3], check=False)
    finally:
        os.close(writing)
    assert (ran.returncode, ran.stderr) == (-signal.SIGPIPE, b"")


@pytest.mark.process
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has it")
@pytest.mark.parametrize("argv", [["ls"], ["ls", "--json"], ["--version"], ["events"]])
def test_output_that_cannot_be_written_is_one_line_and_exit_code_1(
    daemon: ScriptedDaemon, tmp_path: Path, argv: list[str]
) -> None:
    """For example on a full disk."""
    daemon.once_listening(b"tick/", lambda: daemon.publish("completed", bytes_done=1))
    with Path("/dev/full").open("w") as full, _process(tmp_path, *argv, stdout=full) as ran:
        _, err = ran.communicate(timeout=20)
    assert (ran.returncode, err) == (1, b"error: cannot write the output: No space left on device\n")


@pytest.mark.process
@pytest.mark.parametrize("streams", [">&-", "2>&-", ">&- 2>&-", "2>/dev/full"])
@pytest.mark.parametrize(("argv", "code"), [(["health"], 3), (["--wrong"], 2)])
def test_an_error_gives_its_exit_code_whatever_takes_no_output(
    tmp_path: Path, argv: list[str], code: int, streams: str
) -> None:
    """Whether the stream is closed or full; there is no traceback."""
    command = [sys.executable, "-m", "ouzel", "--runtime-dir", str(tmp_path), *argv]
    shell = ["/bin/sh", "-c", f'exec "$@" {streams}', "sh", *command]
    ran = subprocess.run(shell, capture_output=True, cwd=Path(__file__).parents[3], check=False)
    assert ran.returncode == code
    assert b"Traceback" not in ran.stderr


@pytest.mark.process
@pytest.mark.parametrize("argv", [["events"], ["watch", "--json"], ["add", MAGNET, "--wait", "--json"]])
def test_a_reader_that_leaves_an_idle_command_ends_it(daemon: ScriptedDaemon, tmp_path: Path, argv: list[str]) -> None:
    """`ouzel events | head -1` returns, although nothing more is written."""
    daemon.rows[ID] = row()
    daemon.answers["add_torrent"] = lambda _: {"torrent": ID, "duplicate": False}
    if argv == ["events"]:  # The others have a line to write at once; another one would be a SIGPIPE.
        daemon.once_listening(b"tick/", lambda: daemon.publish("completed", OTHER, bytes_done=1))
    with _process(tmp_path, *argv, stdout=subprocess.PIPE) as ran:
        assert ran.stdout is not None
        assert ran.stderr is not None
        assert ran.stdout.readline()
        ran.stdout.close()
        assert (ran.wait(timeout=20), ran.stderr.read()) == (141, b"")


def _process(runtime_dir: Path, *argv: str, stdout: Any) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "ouzel", "--runtime-dir", str(runtime_dir), *argv]
    return subprocess.Popen(command, stdout=stdout, stderr=subprocess.PIPE, cwd=Path(__file__).parents[3])


def _plain(detail: Any) -> dict[str, Any]:
    return {name: getattr(detail, name) for name in detail.__struct_fields__}


def _last(daemon: ScriptedDaemon, op: str) -> dict[str, Any]:
    return [request.args for request in daemon.requests if request.op == op][-1]


def _interrupted_after(lines: int, ouzel: Ouzel, *argv: str) -> tuple[int, str, str]:
    """Runs the command, and presses Ctrl-C once it has written some lines about other than silence."""
    # If a shell starts the tests in the background, they ignore Ctrl-C.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return _counted(lines, ouzel, *argv)
    finally:
        signal.signal(signal.SIGINT, before)


def _counted(lines: int, ouzel: Ouzel, *argv: str) -> tuple[int, str, str]:
    """Runs the command, and counts its lines."""
    written = 0
    write = sys.stdout.write

    def counting(text: str) -> int:
        nonlocal written
        written += 0 if "daemon_silent" in text else text.count("\n")
        length = write(text)
        if written >= lines:
            os.kill(os.getpid(), signal.SIGINT)
        return length

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys.stdout, "write", counting)
        return ouzel(*argv)
