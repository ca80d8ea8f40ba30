"""Alternative rate limits, by the switch and by the schedule, measured at the other end."""

import time
from pathlib import Path

import pytest

import ouzel
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


def test_a_switch_without_alternative_limits_is_refused(daemon: Daemon) -> None:
    """With the name of the argument."""
    with pytest.raises(ouzel.Refused) as refused:
        daemon.client.update_limits(alternative=True)
    assert refused.value.body.field == "args.alternative"
    assert daemon.client.update_limits().alternative is None
