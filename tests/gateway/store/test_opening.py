"""A damaged store is put aside; one that cannot be opened is not."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from gateway.store.opening import opened


def test_a_store_is_opened_again(tmp_path: Path) -> None:
    """With all that is in it."""
    with opened(tmp_path / "store") as store:
        asyncio.run(store.put("x", 1))
    with opened(tmp_path / "store") as store:
        assert store.get("x") == 1


@pytest.mark.parametrize("begin", [0, 4096])
def test_a_damaged_store_is_put_aside(tmp_path: Path, begin: int) -> None:
    """The new one is empty, and the old one is kept as it is."""
    file = tmp_path / "store"
    with opened(file) as store:
        asyncio.run(store.put("x", 1))
    with file.open("r+b") as damaged:
        damaged.seek(begin)
        damaged.write(b"\x55" * 8192)
    content = file.read_bytes()
    with opened(file) as store:
        assert store.get("x") is None
        asyncio.run(store.put("x", 2))
    with opened(file) as store:
        assert store.get("x") == 2
    [aside] = tmp_path.glob("store.damaged-*")
    assert aside.read_bytes() == content


def test_what_is_no_file_is_left_alone(tmp_path: Path) -> None:
    """Nothing is put aside."""
    (tmp_path / "store").mkdir()
    with pytest.raises(sqlite3.OperationalError), opened(tmp_path / "store"):
        pass
    assert [each.name for each in tmp_path.iterdir()] == ["store"]
