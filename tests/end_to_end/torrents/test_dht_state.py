"""The DHT's nodes, as a real node notices it, through the death of both processes."""

import contextlib
from pathlib import Path
from typing import Final

import pytest

from tests.end_to_end.torrents.dht_node import DhtNode
from tools.rig.daemon import Daemon
from tools.rig.samples import SampleTorrent, noise
from tools.rig.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.network]

FIRST_S: Final = 20.0
"""After this time without an announce, a next engine tries."""


def sample(number: int) -> SampleTorrent:
    """A small torrent that nobody seeds."""
    return SampleTorrent(f"sample {number}", {"": noise(40_000, number)}, single=True)


def test_known_nodes_are_asked_without_bootstrap_nodes(root: Path) -> None:
    """A node that a bootstrap node has named is asked by later engines, which have no bootstrap node."""
    engine: dict[str, int | str | bool] = {"enable_dht": True, "dht_bootstrap_nodes": ""}
    with DhtNode() as node, DhtNode(knows=node) as bootstrap, Daemon(root / "d", engine=engine) as daemon:

        def asks(number: int) -> bool:
            torrent = daemon.client.add_torrent(metainfo=sample(number).metainfo).torrent
            what = f"the node is asked for torrent {number}"

            def asked() -> bool:
                return torrent in node.announced

            for _ in range(2):
                with contextlib.suppress(AssertionError):
                    return until(asked, what, patience_s=FIRST_S)
                # After a late answer of the node, libtorrent asks again only after minutes. A next engine asks at once.
                daemon.kill_engine()
            return until(asked, what)

        daemon.client.update_settings({"dht_bootstrap_nodes": bootstrap.endpoint}, wait="applied")
        asks(1)
        state = daemon.resume_dir / "fastresume/dht"
        until(state.exists, "the state is saved", every_s=0.1)
        daemon.client.update_settings({"dht_bootstrap_nodes": None}, wait="applied")
        daemon.kill_engine()
        until(daemon.healthy, "there is a next engine")
        asks(2)
        daemon.close()
        daemon.start()
        asks(3)
        daemon.close()
        state.write_bytes(b"damaged")
        daemon.start()
        until(daemon.healthy, "a damaged state hinders nothing")
