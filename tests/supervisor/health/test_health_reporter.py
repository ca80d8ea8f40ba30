from pathlib import Path

from protocol.internal.link_events import StorageState
from protocol.wire.reports import HealthStatus
from supervisor.health.health import Severity
from supervisor.health.health_reporter import HealthReporter
from supervisor.store.damage import DamagedFile
from tests.supervisor.bench import Bench, bench
from tests.supervisor.samples import V1


def made(on: Bench) -> HealthReporter:
    """The reporter of a service that has started."""
    on.health.started = True
    return HealthReporter(on.health, on.publisher, on.log)


async def test_news_is_told_once(tmp_path: Path) -> None:
    """A new status or set of problems; not the same problem with another message."""
    async with bench(tmp_path) as on:
        reporter = made(on)
        reporter.report("engine", "process", "gone")
        reporter.report("engine", "process", "gone, and back in a moment")
        reporter.report("engine", "pulse", "weak", Severity.FATAL)
        reporter.report("engine", "process", None)
        reporter.report("engine", "pulse", None)
        reporter.report("engine", "pulse", None)
        told = [(data["status"], [reason["subject"] for reason in data["reasons"]]) for _, data in on.told()]
        assert told == [
            ("degraded", ["process"]),
            ("unhealthy", ["pulse", "process"]),
            ("unhealthy", ["pulse"]),
            ("healthy", []),
        ]


async def test_a_damaged_file_is_a_problem_until_its_torrent_is_another(tmp_path: Path) -> None:
    """There is an event each time; a file without a record has only the event."""
    async with bench(tmp_path) as on:
        reporter = made(on)
        reporter.put_aside(DamagedFile("x.torrent", V1, "nobody's", "put aside", orphan=True))
        assert on.health.status is HealthStatus.HEALTHY
        reporter.put_aside(DamagedFile(f"{V1}.json", V1, "is damaged", "put aside"))
        assert [reason.message for reason in on.health.reasons] == ["is damaged; put aside"]
        reporter.clear_torrent(V1)
        assert on.health.status is HealthStatus.HEALTHY
        assert [kind for kind, _ in on.told()].count("reconciled") == 2


async def test_a_mount_point_has_one_reason(tmp_path: Path) -> None:
    """Whatever is wrong with it, until nothing is."""
    async with bench(tmp_path) as on:
        reporter = made(on)
        for problem, message in (("disk_full", "full"), ("storage_missing", "gone")):
            reporter.storage(StorageState(mount_point="/d", problem=problem, message=message, torrents=[V1]))
        [reason] = on.health.reasons
        assert (reason.component, reason.subject) == ("storage", "/d")
        assert "full" in reason.message
        assert "gone" in reason.message
        for problem in ("disk_full", "storage_missing"):
            reporter.storage(StorageState(mount_point="/d", problem=problem, message="", torrents=[]))
        assert on.health.reasons == []
