"""The commands that make, revoke and list API keys. They also work while the gateway runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from gateway.access.api_keys import ApiKeys
from gateway.store.store import Store

MAX_NAME: Final = 64


class Refused(Exception):
    """The command cannot be carried out. The message has the cause."""


async def new(file: Path, name: str) -> str:
    """Makes a key, and returns its secret. Raises Refused."""
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise Refused(f"{name!r} is no name: it takes 1 to {MAX_NAME} printable characters")
    with _keys(file) as keys:
        try:
            return await keys.new(name)
        except KeyError:
            raise Refused(f"there is a key {name!r} already; revoke it first, or choose another name") from None


async def revoke(file: Path, name: str) -> None:
    """Removes a key. Raises Refused."""
    with _keys(file) as keys:
        try:
            await keys.revoke(name)
        except KeyError:
            raise Refused(f"there is no key {name!r}") from None


def lines(file: Path) -> list[str]:
    """Returns a line for each key: its name, and when it was made."""
    with _keys(file) as keys:
        return [f"{name}\t{_shown(key.created_us)}" for name, key in sorted(keys.names().items())]


@contextmanager
def _keys(file: Path) -> Iterator[ApiKeys]:
    store = Store(file)
    try:
        yield ApiKeys(store)
    finally:
        store.close()


def _shown(time_us: int) -> str:
    return datetime.fromtimestamp(time_us / 1e6, UTC).isoformat(timespec="seconds")
