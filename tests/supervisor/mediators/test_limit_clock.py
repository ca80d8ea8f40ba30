from pathlib import Path

import msgspec

from protocol.internal.link_commands import Configure
from supervisor.config.limit_schedule import AlternativeLimits, Window
from supervisor.mediators.limit_clock import LimitClock
from tests.supervisor.bench import bench


async def test_the_schedule_switches_the_limits(tmp_path: Path) -> None:
    """At its begin and end, once each, and with the values of that time."""
    async with bench(tmp_path) as on:
        engine = await on.engine()
        other = AlternativeLimits(download_bps=10, upload_bps=20)
        window = Window(days=["mon"], start="22:00", to="06:00")
        limits = msgspec.structs.replace(on.config.limits, alternative=other, schedule=[window])
        on.in_force.apply(msgspec.structs.replace(on.config, limits=limits))
        clock = LimitClock(engines=[on.face], limits=on.settings.limits_in_force, log=on.log)
        for weekday, minute in ((0, 1319), (0, 1320), (0, 1439), (1, 0), (1, 359), (1, 360), (1, 1320)):
            on.local_time = (weekday, minute)
            for _ in range(2):
                clock.tick()
        configured = await engine.given(Configure, 3)
        assert [(command.download_bps, command.upload_bps) for command in configured] == [
            (1000, 500),
            (10, 20),
            (1000, 500),
        ]
        assert [line["alternative"] for line in on.logged if line["event"] == "limits_switched"] == [True, False]
