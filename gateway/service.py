"""Constructs and connects the parts of the gateway."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from gateway.config.gateway_config import Config
from gateway.context import Gateway
from gateway.daemon.daemon import Daemon
from gateway.mirror.follower import Follower
from gateway.mirror.mirror import Mirror
from gateway.store.store import Store
from ouzel.client.aio import AsyncClient
from protocol.host import private_dir


def store_file(config: Config) -> Path:
    """The path of the store."""
    return config.state_dir / "gateway.sqlite"


@asynccontextmanager
async def open_gateway(config: Config) -> AsyncIterator[Gateway]:
    """Opens the store, connects to the daemon, and follows it until the end of the block.

    Raises:
        OSError: the gateway's directory cannot be made, or is not trusted.
        sqlite3.Error: the store cannot be opened.
    """
    private_dir.prepare(config.state_dir)
    store = Store(store_file(config))
    try:
        async with AsyncClient(config.runtime_dir) as client, asyncio.TaskGroup() as group:
            mirror = Mirror()
            follower = Follower(client, mirror, store.number)
            following = group.create_task(follower.run())
            try:
                yield Gateway(config, Daemon(client, mirror, follower), store)
            finally:
                following.cancel()
    finally:
        store.close()
