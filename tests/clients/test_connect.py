"""A connection that fails, and the next one."""

import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.clients.languages import Endpoints, chosen, run, why_not
from tools.rig.daemon import Daemon

pytestmark = pytest.mark.process

JEROMQ = "java"


def test_a_connection_without_a_greeting_is_made_anew(root: Path, daemon: Daemon) -> None:
    """JeroMQ fails like this in a few connections of a hundred by itself; here the first one always fails."""
    if JEROMQ not in chosen():
        pytest.skip("another language was asked for")
    why = why_not(JEROMQ)
    if why is not None:
        pytest.skip(f"{JEROMQ}: {why}")
    mute = root / "m"
    mute.mkdir()
    there = Endpoints.within(mute)
    door = Path(there.commands.removeprefix("ipc://"))
    with ThreadPoolExecutor(1) as pool, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(door))
        listener.listen()
        listener.settimeout(30)
        ended = pool.submit(run, JEROMQ, *there.options, "list")
        first, _ = listener.accept()
        with first:
            door.unlink()
            door.symlink_to(daemon.runtime_dir / door.name)
            assert ended.result() == (0, "", "")
