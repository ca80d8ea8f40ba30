"""Tasks of the torrent creator."""

from gateway.qbittorrent.creator.task import Task, status, tiers, wanted
from protocol.wire.making_results import JobRow, JobState


def test_parameters_have_defaults() -> None:
    """Without a path for the .torrent file the torrent is seeded, as in qBittorrent."""
    asked = wanted({"sourcePath": "/d/a"})
    assert (asked.path, asked.form, asked.seed, asked.piece_length, asked.output) == ("/d/a", "hybrid", True, 0, "")
    assert not wanted({"sourcePath": "/d/a", "torrentFilePath": "/d/a.torrent"}).seed
    assert not wanted({"sourcePath": "/d/a", "startSeeding": "false"}).seed
    assert wanted({"sourcePath": "/d/a", "pieceSize": "x", "private": "x", "format": "V1"}).form == "v1"


def test_an_empty_tracker_begins_a_tier() -> None:
    """qBittorrent separates trackers by `|`, and tiers by an empty tracker."""
    asked = wanted({"sourcePath": "/d", "trackers": "http://a|http://b||http://c|"})
    assert tiers(asked.trackers) == [["http://a", "http://b"], ["http://c"]]
    assert tiers(wanted({"sourcePath": "/d"}).trackers) == []


def test_a_task_runs_and_ends() -> None:
    """The status follows the job."""
    task = Task(id="t", wanted=wanted({"sourcePath": "/d/a", "comment": "c"}), added_us=0)
    assert (task.status, status(task)["comment"]) == ("Queued", "c")
    job = JobRow(job="t", path="/d/a", state=JobState.RUNNING, bytes_done=50, bytes_total=200, created_us=0)
    task.job = job
    assert (task.status, status(task)["progress"]) == ("Running", 25)
    task.job = JobRow(
        job="t", path="/d/a", state=JobState.FAILED, problem="gone", created_us=0, ended_us=86_400_000_000
    )
    shown = status(task)
    assert (shown["status"], shown["errorMessage"]) == ("Failed", "gone")
    assert shown["timeFinished"].endswith(" 1970")
    assert "trackers" not in shown


def test_a_refused_task_has_failed() -> None:
    """The refusal is the error message."""
    task = Task(id="t", wanted=wanted({"sourcePath": "/x"}), added_us=0, problem="outside the download roots")
    assert (task.status, status(task)["errorMessage"]) == ("Failed", "outside the download roots")
