"""Clients over tcp with CURVE, if a client's ZeroMQ library supports CURVE."""

import json
import socket
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from ouzel.cli import keys
from protocol.wire.key_file import Role
from tests.clients.languages import run
from tests.clients.matrix import Matrix
from tools.rig.daemon import Daemon

pytestmark = pytest.mark.process

CURVE = ("node", "java", "c")
TORRENT = "a" * 40


def free_port() -> int:
    """A port on loopback that is free at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def test_clients_come_over_tcp_with_their_keys(root: Path, record_property: Any) -> None:
    """One key may change things, the other may only read."""
    for name in ("keys", "authorized"):
        (root / name).mkdir(mode=0o700)
    servers = (keys.make(f"server{number}", None, root / "keys") for number in count())
    # A command line must not take it for an option.
    server = next(pair for pair in servers if pair.public_key.startswith("-"))
    admin, reader = (keys.make(role.value, role, root / "keys") for role in (Role.ADMIN, Role.READ))
    for pair in (admin, reader):
        (root / "authorized" / pair.public_file.name).write_bytes(pair.public_file.read_bytes())
    commands, events = (f"tcp://127.0.0.1:{free_port()}" for _ in range(2))
    api = {
        "tcp_commands": commands,
        "tcp_events": events,
        "curve_secret_key_file": str(server.secret_file),
        "authorized_keys_dir": str(root / "authorized"),
    }
    place = ["--commands", commands, "--events", events, "--server-key", server.public_key]

    def come(language: str) -> None:
        if language not in CURVE:
            return
        with matrix.cell("over tcp, with CURVE", language):
            as_admin, as_reader = ([*place, "--key", str(pair.secret_file)] for pair in (admin, reader))
            magnet = f"magnet:?xt=urn:btih:{TORRENT}"
            assert run(language, *as_admin, "add", magnet) == (0, f"{TORRENT}\n", "")
            refused = run(language, *as_reader, "add", magnet)
            assert (refused.code, refused.out) == (1, "")
            assert "not_permitted" in refused.err
            assert run(language, *as_reader, "list").out.startswith(f"{TORRENT}\t")
            [snapshot] = run(language, *as_reader, "watch", "--snapshot-only").out.splitlines()
            assert [row["torrent"] for row in json.loads(snapshot)["snapshot"]["torrents"]] == [TORRENT]

    with Daemon(root / "d", api=api), Matrix(record_property) as matrix:
        matrix.each(come)
