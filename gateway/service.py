"""Constructs and connects the parts of the gateway."""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from gateway.config.gateway_config import Config
from gateway.context import Gateway
from gateway.daemon.daemon import Daemon
from gateway.mirror.follower import Follower
from gateway.mirror.mirror import Mirror
from gateway.store.opening import opened
from ouzel.client.aio import AsyncClient
from ouzel.client.server import Server
from protocol.host import private_dir


class InUse(Exception):
    """Another gateway uses the directory."""


def store_file(config: Config) -> Path:
    """The path of the store."""
    return config.state_dir / "gateway.sqlite"


@asynccontextmanager
async def open_gateway(config: Config) -> AsyncIterator[Gateway]:
    """Opens the store, connects to the daemon, and follows the daemon until the end of the block.

    Raises:
        InUse: another gateway uses the gateway's directory.
        OSError: the gateway's directory cannot be made, or is not trusted.
        sqlite3.Error: the store cannot be opened.
    """
    private_dir.prepare(config.state_dir)
    with _sole_user(config.state_dir), opened(store_file(config)) as store:
        async with client_of(config) as client, asyncio.TaskGroup() as group:
            mirror = Mirror()
            follower = Follower(client, mirror, store.number)
            following = group.create_task(follower.run())
            try:
                yield Gateway(config, Daemon(client, mirror, follower), store)
            finally:
                following.cancel()


def client_of(config: Config) -> AsyncClient:
    """Returns a client of the daemon that OUZEL_SERVER names, by default of the local daemon. Raises ValueError."""
    server = Server.named()
    return AsyncClient(config.runtime_dir) if server is None else AsyncClient(server=server)


@contextmanager
def _sole_user(directory: Path) -> Iterator[None]:
    """Keeps other gateways out of a directory.

    Each gateway has the store in memory, and would overwrite the changes of others.

    Raises:
        InUse: another gateway uses the directory.
    """
    descriptor = os.open(directory / "gateway.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InUse(f"another gateway uses {directory}; see [gateway] state_dir") from None
        yield
    finally:
        os.close(descriptor)
