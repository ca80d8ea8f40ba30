"""The store keeps numbers and values through the end of the process."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from gateway.store.store import VERSION, NewerStore, Store

NUMBERED = st.tuples(st.just("number"), st.lists(st.sampled_from("abcdef"), max_size=4))
PUT = st.tuples(st.just("put"), st.dictionaries(st.sampled_from("xyz"), st.none() | st.integers(), max_size=3))
STEPS = st.lists(NUMBERED | PUT | st.tuples(st.just("reopen"), st.none()), max_size=12)


@contextmanager
def opened(file: Path) -> Iterator[Store]:
    """An open store."""
    store = Store(file)
    try:
        yield store
    finally:
        store.close()


@given(steps=STEPS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_history(tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, Any]]) -> None:
    """A number never changes, and each has its torrent. A value is the last one that was stored."""
    file = tmp_path_factory.mktemp("store") / "gateway.sqlite"
    numbers: dict[str, int] = {}
    values: dict[str, Any] = {}
    store = Store(file)
    for kind, given_ in [*steps, ("reopen", None)]:
        if kind == "number":
            asyncio.run(store.number(given_))
        elif kind == "put":
            asyncio.run(store.put_many(given_))
            values = {name: value for name, value in (values | given_).items() if value is not None}
        else:
            store.close()
            store = Store(file)
        for each in given_ if kind == "number" else ():
            numbers.setdefault(each, store.number_of(each))
        assert {each: store.number_of(each) for each in numbers} == numbers
        assert {number: store.torrent_of(number) for number in numbers.values()} == {n: t for t, n in numbers.items()}
        assert len(set(numbers.values())) == len(numbers)
        assert {name: store.get(name) for name in "xyz" if store.get(name) is not None} == values
    store.close()


def test_a_torrent_without_a_number(tmp_path: Path) -> None:
    """There is none for an unknown torrent, and no torrent for an unknown number."""
    with opened(tmp_path / "gateway.sqlite") as store:
        assert store.torrent_of(1) is None
        with pytest.raises(KeyError):
            store.number_of("a")


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    """Torrents have numbers nevertheless, and the next call stores them. Values are refused, and stay as they were."""
    file = tmp_path / "gateway.sqlite"
    with opened(file) as store:
        asyncio.run(store.number(["a"]))
        asyncio.run(store.put("x", 1))
        _limit(store, pages=1)
        asyncio.run(store.number(f"torrent {number}" for number in range(2000)))
        with pytest.raises(sqlite3.OperationalError):
            asyncio.run(store.put("x", "long" * 10_000))
        assert (store.get("x"), store.number_of("torrent 7")) == (1, 9)
        _limit(store, pages=100_000)
        asyncio.run(store.number(["b"]))
    with opened(file) as store:
        assert (store.number_of("torrent 7"), store.number_of("b"), store.get("x")) == (9, 2002, 1)


def _limit(store: Store, pages: int) -> None:
    """Limits the size of the file, as a full disk does."""
    store._database.execute(f"PRAGMA max_page_count = {pages}")


def test_a_store_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    """It is not touched. A store without a number is of an earlier version, and gets one."""
    file = tmp_path / "store"
    with opened(file):
        pass
    database = sqlite3.connect(file)
    assert database.execute("PRAGMA user_version").fetchone() == (VERSION,)
    database.execute("PRAGMA user_version = 0")
    with opened(file):
        assert database.execute("PRAGMA user_version").fetchone() == (VERSION,)
    database.execute(f"PRAGMA user_version = {VERSION + 1}")
    database.execute("PRAGMA wal_checkpoint")
    database.close()
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(NewerStore, match=f"format {VERSION + 1}.*format {VERSION} at most"):
        Store(file)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
