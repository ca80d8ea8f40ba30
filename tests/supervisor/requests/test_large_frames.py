import asyncio
import time

import msgspec
import pytest

from supervisor.requests import large_frames
from supervisor.requests.large_frames import LARGE_BYTES, LargeFrames
from supervisor.transport.loop_socket import LOCAL, Sender

pytestmark = pytest.mark.slow

LARGE = bytes(LARGE_BYTES)


async def turn() -> None:
    """Runs one iteration of the loop."""
    await asyncio.sleep(0.001)


class Desk:
    """Passes messages on; those that begin with `slow` take long, those with `work` as long as their megabyte may."""

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
        work_s = {b"slow": 0.003, b"work": 0.004}.get(frames[-1][:4], 0)
        ends = time.thread_time() + work_s
        while time.thread_time() < ends:
            pass
        if frames[-1].startswith(b"bad!"):
            raise KeyError("a defect")
        self.taken.append((frames[0], frames[-1][:4]))


async def test_after_a_slow_frame_its_connection_waits_with_large_ones_only() -> None:
    """Its small ones, and those of others, are handled at once; waiting ones come in order."""
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


async def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its bytes. Excess messages are handed back at once, and the rest at the end, each once."""
    monkeypatch.setattr(large_frames, "WAITING_MAX", 5 * (LARGE_BYTES + 4))
    desk = Desk()
    for name in (b"slow", *(b"%04d" % number for number in range(7))):
        desk.large.receive([b"a", name + LARGE], LOCAL)
    assert desk.handed_back == [b"%04d" % number for number in (5, 6)]
    desk.large.close()
    assert sorted(desk.handed_back) == [b"%04d" % number for number in range(7)]
    assert desk.taken == [(b"a", b"slow")]


async def test_megabytes_that_take_as_long_as_their_bytes_do_are_never_handed_back() -> None:
    """Many pipelined ones are handled one after another, with time for others between them."""
    desk = Desk()
    began = time.monotonic()
    for _ in range(20):
        desk.large.receive([b"a", b"work" + bytes(1_000_000)], LOCAL)
    assert len(desk.taken) < 20
    async with asyncio.timeout(30):
        while len(desk.taken) < 20:
            await turn()
    assert time.monotonic() - began > 19 * 4 * 0.004
    assert desk.handed_back == desk.too_late == []
    assert not desk.large._bytes


async def test_a_defect_harms_none_that_wait_behind_it() -> None:
    """They are handled, and nothing of them is counted afterwards."""
    desk = Desk()
    raised: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, told: raised.append(told.get("exception")))
    for name in (b"slow", b"bad!", b"next", b"last"):
        desk.large.receive([b"a", name + LARGE], LOCAL)
    async with asyncio.timeout(20):
        while len(desk.taken) < 3:
            await turn()
    assert [name for _, name in desk.taken] == [b"slow", b"next", b"last"]
    assert [type(each) for each in raised] == [KeyError]
    assert not desk.large._bytes


async def test_many_that_waited_are_not_handed_on_in_one_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each may be quick, and all together slow."""
    monkeypatch.setattr(large_frames, "TURN_S", 0.0)
    desk = Desk()
    for name in (b"slow", *[b"next"] * 10):
        desk.large.receive([b"a", name + LARGE], LOCAL)
    most = came = 0
    async with asyncio.timeout(20):
        while len(desk.taken) < 11:
            await asyncio.sleep(0)
            most, came = max(most, len(desk.taken) - max(came, 1)), len(desk.taken)
    assert most <= 1


async def test_what_waits_is_handed_back_at_its_deadline() -> None:
    """Others of the same connection keep waiting."""
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
