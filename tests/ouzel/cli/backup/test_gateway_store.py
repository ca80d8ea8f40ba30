"""Copies of the gateway's store."""

import fcntl
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ouzel.cli.backup import gateway_store
from ouzel.cli.backup.gateway_store import BadStore, GatewayRuns


def open_store(file: Path) -> sqlite3.Connection:
    """A store as the gateway has it while it runs: with a write-ahead log."""
    file.parent.mkdir(mode=0o700, exist_ok=True)
    found = sqlite3.connect(file, isolation_level=None)
    found.execute("PRAGMA journal_mode=WAL")
    found.execute("CREATE TABLE IF NOT EXISTS value (name TEXT, json BLOB)")
    found.execute("PRAGMA user_version = 1")
    return found


def names(file: Path) -> list[str]:
    """The names of all values."""
    with closing(sqlite3.connect(file)) as store:
        return [name for (name,) in store.execute("SELECT name FROM value")]


def test_a_store_in_use_is_copied_and_put_back(tmp_path: Path) -> None:
    """The copy has what was committed, also if only the log has it. The former store is kept."""
    file, other = tmp_path / "a/gateway.sqlite", tmp_path / "b/gateway.sqlite"
    with closing(open_store(file)) as running:
        running.execute("INSERT INTO value VALUES ('committed', '1')")
        with closing(sqlite3.connect(file, isolation_level=None)) as busy:
            busy.execute("BEGIN IMMEDIATE")
            busy.execute("INSERT INTO value VALUES ('later', '1')")
            content = gateway_store.copy(file)
    assert content is not None
    gateway_store.check(content)
    with closing(open_store(other)) as former:
        former.execute("INSERT INTO value VALUES ('former', '1')")
    with gateway_store.stopped(other):
        kept = gateway_store.replace(other, content)
        assert gateway_store.replace(other, content) is None
    assert kept is not None
    assert (names(other), names(kept)) == (["committed"], ["former"])
    assert other.stat().st_mode & 0o777 == 0o600
    with closing(open_store(other)) as store:
        assert store.execute("PRAGMA user_version").fetchone() == (1,)


def test_the_log_of_a_damaged_store_does_not_reach_the_new_one(tmp_path: Path) -> None:
    """SQLite applies any log with the right name."""
    file = tmp_path / "gateway.sqlite"
    with closing(open_store(tmp_path / "other.sqlite")):
        content = gateway_store.copy(tmp_path / "other.sqlite")
    assert content is not None
    file.write_bytes(b"damaged" * 1000)
    Path(f"{file}-wal").write_bytes(b"log")
    kept = gateway_store.replace(file, content)
    assert kept is not None
    assert kept.read_bytes().startswith(b"damaged")
    assert not Path(f"{file}-wal").exists()
    assert names(file) == []


def test_a_running_gateway_prevents_a_restore(tmp_path: Path) -> None:
    """It has its store in memory, and would not see the new one."""
    file = tmp_path / "new/gateway.sqlite"
    with gateway_store.stopped(file):
        pass
    with (file.parent / gateway_store.LOCK).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(GatewayRuns, match="in use"), gateway_store.stopped(file):
            pass


def test_a_damaged_store_is_refused(tmp_path: Path) -> None:
    """A missing store is no error: there may be no gateway."""
    assert gateway_store.copy(tmp_path / "none/gateway.sqlite") is None
    file = tmp_path / "gateway.sqlite"
    file.write_bytes(b"no database" * 1000)
    with pytest.raises(BadStore, match=r"gateway\.sqlite: "):
        gateway_store.copy(file)
    with pytest.raises(BadStore):
        gateway_store.check(file.read_bytes())
