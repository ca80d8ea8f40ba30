import asyncio
import time

import msgspec

from supervisor.large_frames import LARGE_BYTES, WAITING_MAX, LargeFrames
from supervisor.loop_socket import LOCAL, Sender

LARGE = bytes(LARGE_BYTES)


async def turn() -> None:
    """Lets the loop see to its sockets and timers."""
    await asyncio.sleep(0.001)


class Desk:
    """Hands messages on; those that begin with `slow` take long."""

    def __init__(self) -> None:
        self.taken: list[tuple[bytes, bytes]] = []
        self.handed_back: list[bytes] = []
        self.too_late: list[bytes] = []
        self.large = LargeFrames(
            self._take,
            lambda frames, _: self.handed_back.append(frames[-1][:4]),
            lambda frames, _: self.too_late.append(frames[-1][:4]),
        )

    def _take(self, frames: list[bytes], sender: Sender, came_at: float) -> None:
        assert sender is LOCAL
        assert came_at <= asyncio.get_running_loop().time()
        if frames[-1].startswith(b"slow"):
            ends = time.perf_counter() + 0.002
            while time.perf_counter() < ends:
                pass
        self.taken.append((frames[0], frames[-1][:4]))


async def test_after_a_slow_frame_its_connection_waits_with_large_ones_only() -> None:
    """Small ones, and all of others, are taken at once; what waits comes in order."""
    desk = Desk()
    for peer, frame in ((b"a", b"slow"), (b"a", b"next"), (b"b", b"quik")):
        desk.large.receive([peer, frame + LARGE], LOCAL)
    desk.large.receive([b"a", b"tiny"], LOCAL)
    assert desk.taken == [(b"a", b"slow"), (b"b", b"quik"), (b"a", b"tiny")]
    async with asyncio.timeout(20):
        while len(desk.taken) < 4:
            await turn()
    assert desk.taken[3] == (b"a", b"next")
    desk.large.receive([b"a", b"more" + LARGE], LOCAL)
    assert desk.taken[4] == (b"a", b"more")


async def test_what_waits_is_bounded() -> None:
    """What is more is handed back at once, and the rest at the end: each once."""
    desk = Desk()
    for name in (b"slow", *(b"%04d" % number for number in range(WAITING_MAX + 2))):
        desk.large.receive([b"a", name + LARGE], LOCAL)
    assert desk.handed_back == [b"%04d" % number for number in range(WAITING_MAX, WAITING_MAX + 2)]
    desk.large.close()
    assert sorted(desk.handed_back) == [b"%04d" % number for number in range(WAITING_MAX + 2)]
    assert desk.taken == [(b"a", b"slow")]


async def test_what_waits_is_handed_back_at_its_deadline() -> None:
    """Others of the same connection wait on."""
    desk = Desk()
    late = msgspec.msgpack.encode({"v": 1, "id": 1, "op": "ping", "deadline_ms": 5, "args": {"x": LARGE}})
    for message in (b"slow" + LARGE, late, b"next" + LARGE):
        desk.large.receive([b"a", message], LOCAL)
    async with asyncio.timeout(20):
        while len(desk.taken) < 2:
            await turn()
    assert desk.too_late == [late[:4]]
    assert [name for _, name in desk.taken] == [b"slow", b"next"]
    assert not desk.large._bytes
    assert desk.handed_back == []
