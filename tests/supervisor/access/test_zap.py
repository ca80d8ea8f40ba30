import asyncio

import zmq
import zmq.asyncio
from zmq.utils import z85

from supervisor.access.zap import ENDPOINT, Zap

KEY = bytes(range(32))


async def asked(*frames: bytes, admits: bool = True) -> list[bytes] | None:
    """The answer to a question, None if there is none."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    judged: list[tuple[str, str]] = []

    def judge(user: str, address: str) -> bool:
        judged.append((user, address))
        return admits

    zap = Zap(context, judge)
    with context.socket(zmq.REQ) as asking:
        asking.linger = 0
        asking.connect(ENDPOINT)
        asking.send_multipart(frames)
        answer = asking.recv_multipart() if await asyncio.to_thread(asking.poll, 300) else None
    zap.close()
    context.term()
    assert judged == ([(z85.encode(KEY).decode(), "192.0.2.1")] if frames[5:] == (b"CURVE", KEY) else [])
    return answer


def question(*credentials: bytes, mechanism: bytes = b"CURVE", version: bytes = b"1.0") -> list[bytes]:
    """A question as libzmq asks it."""
    return [version, b"7", b"ouzel", b"192.0.2.1", b"", mechanism, *credentials]


async def test_a_key_is_the_user() -> None:
    """Its messages are identified by it, with the handshake's number."""
    assert await asked(*question(KEY)) == [b"1.0", b"7", b"200", b"OK", z85.encode(KEY) + b" 1", b""]


async def test_each_handshake_has_a_number() -> None:
    """A later handshake has a greater one, whatever its key is."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    zap = Zap(context, lambda user, _: user == z85.encode(KEY).decode())
    named = []
    with context.socket(zmq.REQ) as asking:
        asking.linger = 0
        asking.connect(ENDPOINT)
        for key in (KEY, KEY, bytes(32), KEY):
            asking.send_multipart(question(key))
            assert await asyncio.to_thread(asking.poll, 10_000)
            named.append(asking.recv_multipart()[4].partition(b" ")[2])
    zap.close()
    context.term()
    assert named == [b"1", b"2", b"", b"3"]


async def test_a_key_that_is_not_authorized_is_refused() -> None:
    """With the code that the client gets."""
    answer = await asked(*question(KEY), admits=False)
    assert answer is not None
    assert answer[:3] + answer[4:] == [b"1.0", b"7", b"400", b"", b""]


async def test_other_mechanisms_are_refused() -> None:
    """A password, no mechanism, and half a key."""
    for frames in (question(mechanism=b"NULL"), question(b"a", b"b", mechanism=b"PLAIN"), question(b"short")):
        answer = await asked(*frames)
        assert answer is not None
        assert answer[2] == b"400"


async def test_what_is_no_question_gets_no_answer() -> None:
    """It does no harm."""
    assert await asked(*question(KEY, version=b"2.0")[:5]) is None
    assert await asked(b"1.0", b"7") is None
