"""API keys and the commands on them."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.access import api_keys, key_commands
from gateway.access.api_keys import ApiKeys
from gateway.store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    found = Store(tmp_path / "gateway.sqlite")
    yield found
    found.close()


def test_a_key_is_found_by_its_secret(store: Store) -> None:
    """The store has only its digest."""
    keys = ApiKeys(store)
    secret = asyncio.run(keys.new("sonarr"))
    session = keys.find(secret)
    assert session is not None
    assert session == ApiKeys(store).find(secret)
    assert keys.find(secret + "x") is None
    assert keys.find("") is None
    assert secret not in str(store.get(api_keys.NAME))


def test_a_name_is_used_once(store: Store) -> None:
    """A second key of the same name is refused."""
    keys = ApiKeys(store)
    asyncio.run(keys.new("sonarr"))
    with pytest.raises(KeyError):
        asyncio.run(keys.new("sonarr"))


def test_keys_of_another_process_count_soon(store: Store, tmp_path: Path) -> None:
    """The command line changes the store of a running gateway."""
    now = 0.0
    keys = ApiKeys(store, lambda: now)
    assert keys.names() == {}
    file = tmp_path / "gateway.sqlite"
    secret = asyncio.run(key_commands.new(file, "radarr"))
    assert key_commands.lines(file)[0].startswith("radarr\t20")
    assert keys.find(secret) is None
    now += api_keys.REREAD_S
    assert keys.find(secret) is not None
    asyncio.run(key_commands.revoke(file, "radarr"))
    now += api_keys.REREAD_S
    assert keys.find(secret) is None


@pytest.mark.parametrize("name", ["", "x" * 65, "a\nb"])
def test_a_name_has_to_be_short_and_printable(name: str, tmp_path: Path) -> None:
    """A name is shown in lists."""
    with pytest.raises(key_commands.Refused):
        asyncio.run(key_commands.new(tmp_path / "gateway.sqlite", name))


def test_commands_refuse_names_that_do_not_fit(tmp_path: Path) -> None:
    """The message says why."""
    file = tmp_path / "gateway.sqlite"
    asyncio.run(key_commands.new(file, "a"))
    with pytest.raises(key_commands.Refused, match="already"):
        asyncio.run(key_commands.new(file, "a"))
    with pytest.raises(key_commands.Refused, match="no key"):
        asyncio.run(key_commands.revoke(file, "b"))


def test_a_damaged_store_does_not_lock_programs_out(store: Store) -> None:
    """The last known keys go on working."""
    now = 0.0
    keys = ApiKeys(store, lambda: now)
    secret = asyncio.run(keys.new("sonarr"))
    asyncio.run(store.put(api_keys.NAME, ["no", "keys"]))
    now = 2.0
    assert keys.find(secret) is not None
    store.close()
    now = 4.0
    assert keys.find(secret) is not None
