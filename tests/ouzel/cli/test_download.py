"""`--wait`: staying until a torrent's download has ended."""

import json
from typing import Any

import msgspec
import pytest

from ouzel import Client
from ouzel.cli.display.output import Output
from ouzel.cli.download import wait_for
from ouzel.stream.ending import Outcome
from protocol.wire.reports import HealthReport
from protocol.wire.rows import TorrentState
from tests.ouzel.samples import ID, OTHER, health, progress, reason, row
from tests.ouzel.scripted_daemon import ScriptedDaemon

PROGRESS = progress(0).data


@pytest.fixture(autouse=True)
def _added(daemon: ScriptedDaemon) -> None:
    daemon.rows[ID] = row(progress=0.0, bytes_done=0)


def plays(daemon: ScriptedDaemon, *events: tuple[str, str | None, dict[str, Any]]) -> None:
    """What happens once the command listens to the torrent's progress."""

    def play() -> None:
        for type_, torrent, data in events:
            daemon.publish(type_, torrent, **data)

    daemon.once_listening(f"progress/{ID}".encode(), play)


def test_it_shows_progress_until_the_torrent_is_complete(
    daemon: ScriptedDaemon, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    """Through the loss of an engine, which is shown."""
    degraded = {"status": "degraded", "reasons": msgspec.to_builtins([reason()])}
    plays(
        daemon,
        ("progress", ID, PROGRESS | {"progress": 0.5}),
        ("engine_lost", None, {"pid": 1, "exit_code": None, "signal": "SIGKILL", "retry_ms": 0}),
        ("health_changed", None, degraded),
        ("error", ID, {"name": "storage", "message": "disk full", "recoverable": True}),
        ("error_cleared", ID, {}),
        ("health_changed", None, {"status": "healthy", "reasons": []}),
        ("completed", OTHER, {"bytes_done": 1}),
        ("completed", ID, {"bytes_done": 1000}),
    )
    assert wait_for(client, ID, Output(as_json=False)) is Outcome.COMPLETED
    lines = capsys.readouterr().out.splitlines()
    assert "ubuntu.iso: downloading 50.0% at 2.0 MB/s" in lines
    assert "health: degraded - engine backing_off; engine -: the engine is being restarted" in lines
    assert "ubuntu.iso: downloading 50.0% at 0 B/s (disk full)" in lines
    assert lines[-1] == f"completed: {ID}"


def test_as_json_it_gives_the_events_and_the_end(
    daemon: ScriptedDaemon, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    """One object a line."""
    plays(daemon, ("progress", ID, PROGRESS), ("error", ID, {"name": "x", "message": "broken", "recoverable": False}))
    assert wait_for(client, ID, Output(as_json=True)) is Outcome.FAILED
    objects = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["type"] for each in objects] == ["progress", "error", "ended"]
    assert (objects[-1]["outcome"], objects[-1]["message"]) == ("failed", "broken")


def test_a_torrent_that_is_complete_already_has_nothing_to_tell(
    daemon: ScriptedDaemon, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its row has the result."""
    daemon.rows[ID] = row(state=TorrentState.SEEDING, progress=1.0)
    assert wait_for(client, ID, Output(as_json=False)) is Outcome.COMPLETED
    assert capsys.readouterr().out.endswith(f"completed: {ID}\n")


def test_what_completes_before_the_row_is_read_is_not_missed(daemon: ScriptedDaemon, client: Client) -> None:
    """The stream is opened before the row is read, so the event is in it."""
    was = daemon.answers["get_torrent"]

    def get(args: dict[str, Any]) -> Any:
        daemon.publish("completed", ID, lost=True, bytes_done=1000)
        daemon.tick()
        return was(args)

    daemon.answers["get_torrent"] = get
    assert wait_for(client, ID, Output(as_json=True)) is Outcome.COMPLETED


def test_it_goes_on_with_a_restarted_supervisor(
    daemon: ScriptedDaemon, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the new snapshot; a torrent that is not in it was removed."""

    def restart(_: dict[str, Any]) -> HealthReport:
        daemon.epoch, daemon.seq, daemon.rows = "e2", 0, {}
        daemon.log.clear()
        daemon.tick()
        return health()

    daemon.answers["health"] = restart
    assert wait_for(client, ID, Output(as_json=True)) is Outcome.REMOVED
    assert '"reason":"new_epoch"' in capsys.readouterr().out


def test_a_torrent_that_is_removed_meanwhile_is_told_once(
    daemon: ScriptedDaemon, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the same words as other ends."""
    plays(daemon, ("torrent_removed", ID, {"delete_files": False}))
    assert wait_for(client, ID, Output(as_json=False)) is Outcome.REMOVED
    assert [line for line in capsys.readouterr().out.splitlines() if "removed" in line] == [f"removed: {ID}"]


def test_a_torrent_that_is_finished_with_nothing_selected_has_failed(
    daemon: ScriptedDaemon, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    """The change of state does not say what was selected; the row does."""

    def play() -> None:
        daemon.rows[ID] = row(state=TorrentState.FINISHED, progress=1.0, bytes_done=0, bytes_total=0)
        daemon.publish("state_changed", ID, state="finished", previous="queued")

    daemon.once_listening(f"progress/{ID}".encode(), play)
    assert wait_for(client, ID, Output(as_json=False)) is Outcome.FAILED
    assert capsys.readouterr().out.splitlines()[-1].startswith(f"failed: {ID} - nothing is selected")


def test_a_torrent_that_is_gone_before_anybody_waits_was_removed(daemon: ScriptedDaemon, client: Client) -> None:
    """It may be one of several, while the command waits for another."""
    daemon.rows.clear()
    assert wait_for(client, ID, Output(as_json=False)) is Outcome.REMOVED
