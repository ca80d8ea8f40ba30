import asyncio
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from protocol.internal.link_commands import Configure
from protocol.internal.link_events import SettingsApplied
from protocol.wire.envelope import Wait
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.operations import parse_command
from tests.supervisor.bench import DEFAULT_SETTINGS, Bench, PlayedEngine, bench


async def update(
    on: Bench, settings: dict[str, Any], wait: Wait = "durable", deadline_s: float = 5.0
) -> dict[str, Any]:
    """Changes settings, and returns their values and sources."""
    command: Any = parse_command("update_settings", {"settings": settings})
    accepted = await on.mutations.accept(command, asyncio.get_running_loop().time() + deadline_s)
    if wait == "applied":
        async with asyncio.timeout(deadline_s):
            await on.mutations.until_applied(accepted)
    found = msgspec.to_builtins(accepted.result)["settings"]
    return {name: (each["value"], each["source"]) for name, each in found.items()}


async def refused(on: Bench, settings: dict[str, Any], wait: Wait = "durable", deadline_s: float = 5.0) -> OuzelError:
    """The error of a refused change."""
    with pytest.raises(OuzelError) as error:
        await update(on, settings, wait, deadline_s)
    return error.value


def overrides(engine: PlayedEngine) -> list[dict[str, Any]]:
    """What the engine was sent, each time."""
    return [command.overrides for command in engine.commands if isinstance(command, Configure)]


def stored(on: Bench) -> Any:
    """The settings in the record of the session."""
    return json.loads((on.directory / "resume/session.json").read_bytes())["settings"]


async def test_a_change_is_durable_told_and_applied(tmp_path: Path) -> None:
    """It adds to earlier changes; null takes one back."""
    async with bench(tmp_path) as on:
        engine = await on.engine()
        assert await update(on, {"user_agent": "x"}, "applied") == {"user_agent": ("x", "client")}
        assert await update(on, {"enable_dht": False}, "applied") == {"enable_dht": (False, "client")}
        assert stored(on) == {"user_agent": "x", "enable_dht": False}
        assert await update(on, {"user_agent": None}, "applied") == {"user_agent": ("fake", "default")}
        assert stored(on) == {"enable_dht": False}
        assert overrides(engine) == [
            {},
            {"user_agent": "x"},
            {"user_agent": "x", "enable_dht": False},
            {"enable_dht": False},
        ]
        told = [data for kind, data in on.told() if kind == "settings_changed"]
        assert [data["changed"] for data in told] == [
            ["engine.user_agent"],
            ["engine.enable_dht"],
            ["engine.user_agent"],
        ]
        assert {data["source"] for data in told} == {"client"}


async def test_a_change_without_effect_writes_nothing(tmp_path: Path) -> None:
    """Neither the same value again, nor null for what no client has set."""
    async with bench(tmp_path) as on:
        engine = await on.engine()
        await update(on, {"user_agent": "x"})
        revision, head = on.catalogue.session.revision, on.events.head
        await update(on, {"user_agent": "x", "enable_dht": None}, "applied")
        assert (on.catalogue.session.revision, on.events.head) == (revision, head)
        assert len(overrides(engine)) <= 2


@pytest.mark.parametrize(
    ("name", "value"), [("nonsense", 1), ("nonsense", None), ("alert_mask", 1), ("enable_dht", 1), ("user_agent", 1)]
)
async def test_a_bad_setting_changes_nothing(tmp_path: Path, name: str, value: Any) -> None:
    """The error names it."""
    async with bench(tmp_path) as on:
        await on.engine()
        before = on.catalogue.session
        error = await refused(on, {"connections_limit": 5, name: value})
        assert (error.kind, error.field) == (ErrorKind.INVALID_SETTING, f"args.settings.{name}")
        assert "nothing was changed" in error.message
        assert on.catalogue.session == before


async def test_before_the_first_engine_settings_wait_for_it(tmp_path: Path) -> None:
    """Their names and types are not known yet."""
    async with bench(tmp_path) as on:
        error = await refused(on, {"user_agent": "x"}, deadline_s=0.05)
        assert error.kind is ErrorKind.ENGINE_UNAVAILABLE
        waiting = asyncio.ensure_future(update(on, {"user_agent": "x"}))
        await on.engine()
        assert await waiting == {"user_agent": ("x", "client")}


async def test_what_clients_have_set_can_be_given_back_without_an_engine(tmp_path: Path) -> None:
    """It may be the cause why none starts."""
    async with bench(tmp_path) as on:
        await on.catalogue.put_session(msgspec.structs.replace(on.catalogue.session, settings={"old_setting": 1}))
        assert await update(on, {"old_setting": None}, deadline_s=0.05) == {}
        assert on.catalogue.session.settings == {}


async def test_a_setting_that_libtorrent_does_not_take_is_engine_refused(tmp_path: Path) -> None:
    """For a client that waits until it is applied; it is durable all the same."""
    async with bench(tmp_path) as on:
        engine = await on.engine()
        engine.deaf.add(Configure)
        changing = asyncio.ensure_future(refused(on, {"connections_limit": 5}, "applied"))
        await engine.given(Configure, 2)
        await engine.tell(SettingsApplied(revision=2, refused="connections_limit: libtorrent has 7"))
        error = await changing
        assert error.kind is ErrorKind.ENGINE_REFUSED
        assert "libtorrent has 7" in error.message
        assert stored(on) == {"connections_limit": 5}


async def test_get_settings_has_defaults_once_an_engine_is_up(tmp_path: Path) -> None:
    """And keeps them in an outage."""
    async with bench(tmp_path) as on:
        command: Any = parse_command("get_settings", {})
        assert on.reads.answer(command).settings == {}
        await on.engine()
        await on.lose_engine()
        found = on.reads.answer(command).settings
        assert {name: each.value for name, each in found.items()} == DEFAULT_SETTINGS
