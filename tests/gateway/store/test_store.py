"""The numbers of torrents."""

import asyncio
from pathlib import Path

from gateway.store.store import Store


def test_numbers_are_consecutive_and_durable(tmp_path: Path) -> None:
    """A torrent that has a number uses up no other."""
    store = Store(tmp_path / "store")
    store._number(["a", "b"])
    store._number(["a", "b", "c"])
    store.close()
    store = Store(tmp_path / "store")
    asyncio.run(store.number(["c", "d"]))
    assert [store.number_of(each) for each in "abcd"] == [1, 2, 3, 4]
    store.close()
