"""Alternative rate limits, by the switch and by the schedule, measured at the other end."""

import os
import signal
import time
from pathlib import Path

import msgspec
import pytest

import ouzel
from ouzel.cli.main import run
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.payload import MIB
from tools.rig.seed import Seed
from tools.rig.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.network]

SLOW_BPS = 500_000
LIMITS = {
    "download_bps": 8_000_000,
    "alternative": {"download_bps": SLOW_BPS},
    "schedule": [{"from": "22:00", "to": "06:00"}],
}


def clock_at(text: str) -> dict[str, str]:
    """The environment of a process whose local time is `HH:MM:SS` now."""
    hours, minutes, seconds = map(int, text.split(":"))
    ahead = (hours * 3600 + minutes * 60 + seconds - int(time.time())) % 86400
    return {"TZ": f"XXX-{ahead // 3600:02}:{ahead // 60 % 60:02}:{ahead % 60:02}"}


def sent_bps(seed: Seed, seconds: float) -> float:
    """The rate at which a seed sends for a time."""
    before, begin = seed.uploaded(), time.monotonic()
    until(lambda: time.monotonic() - begin > seconds, "the time is over")
    return (seed.uploaded() - before) / (time.monotonic() - begin)


def alternative(daemon: Daemon) -> tuple[bool, bool | None]:
    """Whether the alternative limits are in force, and the switch."""
    report = next(daemon.client.snapshot(limit=1)).settings.alternative
    assert report is not None
    return report.in_force, report.switch


def test_the_schedule_and_the_switch_hold_at_the_seed(root: Path) -> None:
    """The schedule begins during a download. The switch overrides it, also after restarts of both processes."""
    made = payload.make(root / "seed", "set", {"a.bin": 200 * MIB})
    with Daemon(root / "d", limits=LIMITS, environment=clock_at("21:59:57")) as daemon, Seed() as seed:
        seed.add(made.metainfo, made.root)
        begun = time.monotonic()
        daemon.client.add_torrent(metainfo=made.metainfo, peers=[seed.endpoint])
        assert alternative(daemon) == (False, None)
        until(lambda: seed.uploaded() > 4 * SLOW_BPS, "it is fast at first")
        assert time.monotonic() - begun < 5, "faster than the alternative limit"
        until(lambda: daemon.client.stats().session.alternative_limits, "the schedule begins")
        until(lambda: sent_bps(seed, 1.0) < 1.3 * SLOW_BPS, "the alternative limit holds")
        report = daemon.client.update_limits(alternative=False, wait="applied")
        assert report.alternative is not None
        assert (report.alternative.in_force, report.alternative.scheduled) == (False, True)
        until(lambda: sent_bps(seed, 1.0) > 4 * SLOW_BPS, "the normal limit holds")
        daemon.client.update_limits(alternative=True)
        daemon.kill_engine()
        until(daemon.healthy, "there is a next engine")
        assert alternative(daemon) == (True, True)
        daemon.close()
        daemon.start()
        assert alternative(daemon) == (True, True)
        daemon.client.update_limits(alternative="auto", wait="applied")
        assert alternative(daemon) == (True, None)
    applied = [(line["download_bps"]) for line in daemon.logged("limits_switched")]
    assert applied[:3] == [SLOW_BPS, LIMITS["download_bps"], SLOW_BPS]


def test_a_clients_limits_and_schedule_hold_at_the_seed(root: Path) -> None:
    """None are configured. They hold after restarts of both processes, until the client takes them back."""
    made = payload.make(root / "seed", "set", {"a.bin": 200 * MIB})
    limits = {"download_bps": 8_000_000}
    with Daemon(root / "d", limits=limits, environment=clock_at("21:59:57")) as daemon, Seed() as seed:
        seed.add(made.metainfo, made.root)
        night = ouzel.ScheduleWindow(start="22:00", to="06:00")
        report = daemon.client.update_limits(alternative_download_bps=SLOW_BPS, schedule=[night], wait="applied")
        assert report.alternative is not None
        assert report.alternative.schedule == [night]
        daemon.client.add_torrent(metainfo=made.metainfo, peers=[seed.endpoint], wait="applied")
        until(lambda: daemon.client.stats().session.alternative_limits, "the schedule begins")
        until(lambda: 0 < sent_bps(seed, 1.0) < 1.3 * SLOW_BPS, "the alternative limit holds")
        daemon.client.update_limits(alternative_download_bps=4 * SLOW_BPS, wait="applied")
        until(lambda: 2 * SLOW_BPS < sent_bps(seed, 1.0) < 8 * SLOW_BPS, "another value holds")
        daemon.kill_engine()
        daemon.kill()
        daemon.start()
        assert daemon.client.update_limits().alternative == msgspec.structs.replace(
            report.alternative, download_bps=4 * SLOW_BPS, in_force=True, scheduled=True
        )
        daemon.client.add_peers(made.torrent, [seed.endpoint])
        until(lambda: 2 * SLOW_BPS < sent_bps(seed, 1.0) < 8 * SLOW_BPS, "it holds after a restart")
        back = daemon.client.update_limits(alternative_download_bps="file", schedule="file", wait="applied")
        assert back.alternative is None
        until(lambda: sent_bps(seed, 1.0) > 9 * SLOW_BPS, "the normal limit holds")


def test_a_changed_file_does_not_override_a_client(daemon: Daemon, capsys: pytest.CaptureFixture[str]) -> None:
    """The log names the overridden schedule. On the command line, `file` returns to what the file has by then."""

    def ouzel_says(*argv: str) -> tuple[int, str]:
        code = run(["--runtime-dir", str(daemon.runtime_dir), "limit", *argv])
        return code, capsys.readouterr().out.partition("\n")[2]

    given = ("--alternative-up", "50k", "--schedule", "mon-fri 8:00-17:00", "--schedule", "22:00-06:00")
    assert ouzel_says(*given, "--alternative", "off") == (
        0,
        "alternative: none down, 50.0 kB/s up; not in force, switched off\n"
        "schedule: mon-fri 08:00-17:00; 22:00-06:00\n",
    )
    written = '[limits]\nalternative = { download_bps = 9000 }\nschedule = [{ from = "01:00", to = "02:00" }]\n'
    daemon.config.write_text(daemon.config.read_text().replace("[limits]\n", written))
    os.kill(daemon.pid, signal.SIGHUP)
    [told] = until(lambda: daemon.logged("reloaded"), "the file is read")
    assert told["changed"] == ["limits.alternative", "limits.schedule"]
    assert told["overridden"] == ["limits.schedule"]
    report = daemon.client.update_limits().alternative
    assert report is not None
    assert (report.download_bps, report.upload_bps, len(report.schedule)) == (9000, 50_000, 2)
    assert report.sources == {"download_bps": "file", "upload_bps": "client", "schedule": "client"}
    assert ouzel_says("--schedule", "file", "--alternative-up", "file")[1].endswith("schedule: 01:00-02:00\n")
    assert ouzel_says("--schedule", "none")[1].endswith("schedule: none\n")
    for argv in (("--schedule", "noon"), ("--alternative-down", "fast"), ("--schedule", "file", "--schedule", "none")):
        assert ouzel_says(*argv)[0] == 2


def test_a_switch_without_alternative_limits_is_refused(daemon: Daemon) -> None:
    """With the name of the argument."""
    with pytest.raises(ouzel.Refused) as refused:
        daemon.client.update_limits(alternative=True)
    assert refused.value.body.field == "args.alternative"
    assert daemon.client.update_limits().alternative is None
