"""Uploads of large .torrent files: in order, within bounds for each client and for all, and not forever."""

import asyncio
from contextvars import copy_context

import pytest

from protocol.wire.commands.torrent_commands import AddTorrent
from protocol.wire.commands.upload_commands import UPLOAD_BYTES_MAX, UploadPart
from protocol.wire.errors import ErrorKind, OuzelError
from supervisor.commands.acceptance import SENDER
from supervisor.commands.lifecycle import uploads as module
from supervisor.commands.lifecycle.uploads import Uploads

MIB = 1024 * 1024


async def send(uploads: Uploads, sender: str, upload: str, offset: int, data: bytes) -> None:
    """Sends a part as a client does."""
    context = copy_context()
    context.run(SENDER.set, sender)
    part = UploadPart(upload=upload, offset=offset, data=data)
    await asyncio.get_running_loop().create_task(uploads.add_part(part, 0.0), context=context)


def content(uploads: Uploads, sender: str, upload: str) -> bytes | None:
    """The content that an add of this client would get; None if there is no such upload."""
    context = copy_context()
    context.run(SENDER.set, sender)
    try:
        return context.run(uploads.resolve, AddTorrent(upload=upload)).metainfo
    except OuzelError as error:
        assert error.kind is ErrorKind.UNKNOWN_UPLOAD
        return None


async def test_each_client_has_its_own_uploads() -> None:
    """Under the same id."""
    uploads = Uploads()
    await send(uploads, "a", "x", 0, b"one")
    await send(uploads, "b", "x", 0, b"two")
    await send(uploads, "a", "x", 3, b"more")
    assert [content(uploads, each, "x") for each in "abc"] == [b"onemore", b"two", None]


async def test_a_client_drops_its_own_oldest_uploads_only() -> None:
    """Those of others stay. When all together have no room, a part is refused."""
    uploads, part = Uploads(), bytes(16 * MIB)
    await send(uploads, "b", "x", 0, b"small")
    for number in range(5):
        await send(uploads, "a", str(number), 0, part)
    assert [content(uploads, "a", str(number)) is not None for number in range(5)] == [False, True, True, True, True]
    for number in range(3):
        await send(uploads, "c", str(number), 0, part)
    with pytest.raises(OuzelError) as caught:
        await send(uploads, "b", "x", 5, part)
    assert (caught.value.kind, content(uploads, "b", "x")) == (ErrorKind.TOO_MANY_UPLOADS, b"small")
    assert 7 * len(part) + 5 <= module.TOTAL_BYTES_MAX == 2 * UPLOAD_BYTES_MAX


async def test_an_upload_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some time after its last part."""
    monkeypatch.setattr(module, "EXPIRES_S", 0.05)
    uploads = Uploads()
    await send(uploads, "a", "x", 0, b"one")
    async with asyncio.timeout(10):
        while content(uploads, "a", "x") is not None:  # noqa: ASYNC110  # the end is nobody's event
            await asyncio.sleep(0.01)


async def test_small_parts_of_one_client_leave_room_for_others() -> None:
    """However many: they need no more memory than a large one. A part that is sent again is accepted again."""
    uploads = Uploads()
    for number in range(20_000):
        await send(uploads, "a", "x", number, b"%d" % (number % 10))
    await send(uploads, "b", "x", 0, b"two")
    await send(uploads, "a", "x", 1, b"123")
    assert content(uploads, "a", "x") == b"0123456789" * 2000
    await send(uploads, "a", "x", 20_000, b"end")
    assert content(uploads, "a", "x") == b"0123456789" * 2000 + b"end"
    assert content(uploads, "b", "x") == b"two"


async def test_a_client_has_some_uploads_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also empty ones; it drops its own oldest. All clients together have a bound, too."""
    monkeypatch.setattr(module, "TOTAL_UPLOADS_MAX", module.CLIENT_UPLOADS_MAX + 1)
    uploads, most = Uploads(), module.CLIENT_UPLOADS_MAX
    await send(uploads, "b", "x", 0, b"")
    for number in range(2 * most):
        await send(uploads, "a", str(number), 0, b"")
    left = [number for number in range(2 * most) if content(uploads, "a", str(number)) is not None]
    assert left == list(range(most, 2 * most))
    await send(uploads, "b", "x", 0, b"two")
    assert content(uploads, "b", "x") == b"two"
    with pytest.raises(OuzelError) as caught:
        await send(uploads, "c", "x", 0, b"")
    assert caught.value.kind is ErrorKind.TOO_MANY_UPLOADS
