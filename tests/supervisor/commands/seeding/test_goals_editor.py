"""Clients' changes of global goals are durable and published; a change without effect is not even written."""

import json
from pathlib import Path
from typing import Any

import pytest

from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.operations import parse_command
from supervisor.config.goals_config import GoalsConfig
from tests.supervisor.bench import Bench, bench
from tests.supervisor.commands.test_mutations import do


def stored(on: Bench) -> Any:
    """The goals in the record of the session."""
    return json.loads((on.directory / "resume/session.json").read_bytes())["goals"]


async def test_a_change_is_durable_and_published(tmp_path: Path) -> None:
    """Without an engine, too, and as often as a client likes: nothing waits for libtorrent."""
    async with bench(tmp_path) as on:
        found = await do(on, "update_goals", "applied", ratio=2, seeding_time_s=None)
        assert found["ratio"] == {"value": 2.0, "source": "client"}
        assert found["seeding_time_s"] == {"value": None, "source": "client"}
        assert found["action"] == {"value": "pause", "source": "default"}
        assert stored(on) == {"ratio": 2.0, "seeding_time_s": None, "inactive_time_s": "file", "action": "file"}
        assert on.reads.global_goals() == GoalsConfig(ratio=2.0)
        [(kind, told)] = on.told()
        assert (kind, told["changed"], told["source"]) == (
            "settings_changed",
            ["goals.ratio", "goals.seeding_time_s"],
            "client",
        )
        await do(on, "update_goals", ratio="file", action="remove")
        assert stored(on) == {"ratio": "file", "seeding_time_s": None, "inactive_time_s": "file", "action": "remove"}
        assert on.reads.global_goals() == GoalsConfig(action="remove")


async def test_a_change_without_effect_writes_nothing(tmp_path: Path) -> None:
    """Neither the same goal again, nor no goal at all; and the engine has nothing to do with goals."""
    async with bench(tmp_path) as on:
        await do(on, "update_goals", inactive_time_s=60)
        revision, head = on.catalogue.session.revision, on.events.head
        assert await do(on, "update_goals", inactive_time_s=60) == await do(on, "update_goals")
        assert (on.catalogue.session.revision, on.events.head, revision) == (1, head, 1)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ratio", "global"),
        ("ratio", -0.5),
        ("seeding_time_s", 1.5),
        ("inactive_time_s", 0),
        ("action", None),
        ("action", "stop"),
    ],
)
def test_what_is_no_goal_is_refused(name: str, value: Any) -> None:
    """With the name of the argument."""
    with pytest.raises(OuzelError) as error:
        parse_command("update_goals", {name: value})
    assert (error.value.kind, error.value.field) == (ErrorKind.INVALID_ARGUMENT, f"args.{name}")


async def test_without_a_disk_nothing_changes(tmp_path: Path) -> None:
    """The goals in force are those on disk."""
    async with bench(tmp_path) as on:
        on.catalogue.suspend("it is full")
        with pytest.raises(OuzelError) as error:
            await do(on, "update_goals", ratio=2)
        assert error.value.kind is ErrorKind.STORAGE_UNAVAILABLE
        assert on.reads.global_goals() == GoalsConfig()
