from pathlib import Path

import msgspec

from protocol.wire.commands.service.counter_commands import GetMetrics
from protocol.wire.desired import Quarantine
from tests.supervisor.bench import bench
from tests.supervisor.samples import V1, V2, desired


async def test_torrents_are_counted(tmp_path: Path) -> None:
    """By the names of their categories; torrents of a removed category have none."""
    async with bench(tmp_path) as on:
        client = on.client()
        await client.ask("put_category", {"name": "films"})
        key = on.catalogue.session.categories["films"].key
        quarantine = Quarantine(reason="it crashes the engine", since_us=1)
        await on.catalogue.put(msgspec.structs.replace(desired(), category=key))
        await on.catalogue.put(msgspec.structs.replace(desired(V2), quarantine=quarantine))
        report = on.reads.answer(GetMetrics())
        assert (report.categories, report.quarantined) == ({"films": 1, "": 1}, 1)
        await client.ask("remove_category", {"name": "films"})
        await on.catalogue.put(desired(V2))
        report = on.reads.answer(GetMetrics())
        assert (report.categories, report.quarantined) == ({"": 2}, 0)


async def test_work_is_counted(tmp_path: Path) -> None:
    """Replies by outcome, acknowledged changes with their durable writes, and replays."""
    async with bench(tmp_path) as on:
        await on.engine()
        client = on.client()
        before = (await client.ask("get_metrics"))["result"]
        await client.ask("put_category", {"name": "films"})
        await client.ask("get_torrent", {"torrent": V1})
        await client.ask("replay", {"epoch": "epoch-1", "after_seq": 0})
        after = (await client.ask("get_metrics"))["result"]
        assert after["requests"] == {"ok": before["requests"]["ok"] + 3, "unknown_torrent": 1}
        assert sum(after["acks"]["counts"]) == sum(before["acks"]["counts"]) + 1
        assert after["changes_written"] == before["changes_written"] + 1
        assert sum(after["writes"]["counts"]) == sum(before["writes"]["counts"]) + 1
        assert after["events"]["replays"] == before["events"]["replays"] + 1
        assert after["events"]["replayed"] == after["events"]["kept"]
        assert after["events"]["head"] == on.events.head
        assert after["log_lines_lost"] == {"supervisor": 7, "engine": 0}
        memory = {each["process"]: each for each in after["memory"]}
        assert memory["supervisor"]["held_bytes"] > 0
        assert memory["engine"]["limit_bytes"] == 4_000_000_000
        assert after["upload_limit_bps"] == 500
