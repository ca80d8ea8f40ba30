import random

import msgpack
import pytest
import zmq

from protocol.wire.endpoints import COMMANDS_SOCKET, ipc_endpoint
from tools.rig.clients.mutator import Mutator
from tools.rig.scratch import scratch
from tools.rig.waiting import until


@pytest.mark.parametrize(
    ("told", "settled", "open_requests"),
    [({"accepted": True}, True, 0), ({"accepted": False}, False, 0), ({}, False, 1)],
)
def test_an_error_settles_a_change_only_if_it_tells_the_outcome(
    told: dict[str, bool], settled: bool, open_requests: int
) -> None:
    """For example, a change is accepted and then not applied before the deadline."""
    mutator = Mutator("mutator", random.Random(1), sources=1)
    [account] = mutator.accounts.values()
    with scratch() as root, zmq.Context() as context, context.socket(zmq.ROUTER) as daemon:
        daemon.bind(ipc_endpoint(root, COMMANDS_SOCKET))
        mutator.connect(context, root)
        mutator.talk()
        route, request = daemon.recv_multipart()
        error = {"name": "deadline_exceeded", **told}
        reply = {"v": 1, "id": msgpack.unpackb(request)["id"], "ok": False, "error": error}
        daemon.send_multipart([route, msgpack.packb(reply)])
        until(lambda: mutator.listen() or mutator.answered, "the reply arrives")
        mutator.disconnect()
    assert (account.there.settled, len(account.there.open)) == (settled, open_requests)
    assert mutator.wrong == []
