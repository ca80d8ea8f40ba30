"""The server's limits, over real connections of loopback."""

import asyncio
import errno
import socket
import statistics
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final

import pytest
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from gateway.config.gateway_config import Config
from gateway.web import answers, body_limit, connection
from gateway.web import server as server_module
from gateway.web.application import application
from gateway.web.server import CannotListen, Server, bound, server, tls_context
from protocol.configuration.gateway_sections import GatewayConfig

GET: Final = b"GET /ok HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST: Final = b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"
pytestmark = pytest.mark.shared


async def ok(_: Request) -> Response:
    """Answers at once."""
    return answers.text("ok")


async def echo(request: Request) -> Response:
    """Answers with the size of the body."""
    return answers.text(str(len(await request.body())))


async def slow(_: Request) -> Response:
    """Answers after a while."""
    await asyncio.sleep(0.4)
    return answers.text("slow")


async def stream(_: Request) -> Response:
    """Server-sent events without an end."""

    async def events() -> AsyncIterator[str]:
        while True:
            yield "data: x\n\n"
            await asyncio.sleep(0.02)

    return StreamingResponse(events(), media_type="text/event-stream")


async def large(_: Request) -> Response:
    """More than the buffers of the sockets hold."""
    return answers.text("x" * 30_000_000)


HANDLERS: Final = {"/ok": ok, "/echo": echo, "/slow": slow, "/stream": stream, "/large": large}


@asynccontextmanager
async def running(listen: str = "127.0.0.1:0", **keys: Any) -> AsyncIterator[tuple[Server, int]]:
    """A server on a free port, which ends with the block."""
    routes: list[BaseRoute] = [Route(path, handler, methods=["GET", "POST"]) for path, handler in HANDLERS.items()]
    listener = bound(listen)
    context = tls_context(Config(gateway=GatewayConfig(**keys)))
    found = server(Endless(application(routes)), listener, context)
    port = listener.getsockname()[1]
    serving = asyncio.create_task(found.serve())
    await until(lambda: found.started)
    try:
        yield found, port
    finally:
        found.stop()
        await serving


class Endless:
    """Marks streams as the guard does."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on."""
        if scope["path"] == "/stream":
            scope["state"]["endless"] = True
        await self._app(scope, receive, send)


async def connect(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection."""
    return await asyncio.open_connection("127.0.0.1", port)


async def ask(port: int, request: bytes = GET) -> bytes:
    """Sends a request over a connection of its own, and returns all that comes until its end."""
    reader, writer = await connect(port)
    writer.write(request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return answer


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Runs a test in a loop of its own."""
    asyncio.run(test())


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short limits of time."""
    monkeypatch.setattr(connection, "HEADERS_S", 0.2)
    monkeypatch.setattr(connection, "BODY_S", 0.2)
    monkeypatch.setattr(connection, "UNREAD_S", 0.2)
    monkeypatch.setattr(server_module, "SWEEP_S", 0.05)


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("begun", [b"", b"G", b"GET / HTTP/1.1\r\nHost: localhost\r\n", POST % 100 + b"x"])
def test_a_request_has_to_arrive_in_time(begun: bytes) -> None:
    """One that does not begin, or ends within the headers or the body; also if a byte comes now and then."""

    async def test() -> None:
        async with running() as (_, port):
            reader, writer = await connect(port)
            writer.write(begun)
            began = time.monotonic()
            while time.monotonic() - began < 10:
                with_end = asyncio.wait_for(reader.read(1), 0.05)
                try:
                    assert await with_end == b""
                    break
                except TimeoutError:
                    if begun:
                        writer.write(b"x")
                except ConnectionError:
                    break
            assert time.monotonic() - began < 9
            assert b"200 OK" in await ask(port)
            writer.close()

    run(test)


@pytest.mark.usefixtures("hasty")
def test_a_connection_between_requests_stays_open() -> None:
    """The limit for headers begins with their first byte."""

    async def test() -> None:
        async with running() as (_, port):
            reader, writer = await connect(port)
            for _ in range(3):
                writer.write(GET)
                assert b"200 OK" in await reader.readuntil(b"\r\n\r\nok")
                await asyncio.sleep(0.3)
            writer.close()

    run(test)


@pytest.mark.usefixtures("hasty")
def test_a_body_that_arrives_fast_enough_has_more_time() -> None:
    """The limit grows with what has arrived."""

    async def test() -> None:
        async with running() as (_, port):
            reader, writer = await connect(port)
            writer.write(POST % 100_000)
            for _ in range(10):
                writer.write(b"x" * 10_000)
                await asyncio.sleep(0.06)
            assert await asyncio.wait_for(reader.readuntil(b"100000"), 5)
            writer.close()

    run(test)


@pytest.mark.usefixtures("hasty")
def test_a_client_that_does_not_read_is_disconnected() -> None:
    """So that it does not keep a large response in memory."""

    async def test() -> None:
        async with running() as (found, port):
            _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
            writer.transport.pause_reading()  # type: ignore[attr-defined]  # a transport that reads
            writer.write(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await until(lambda: bool(found.server_state.connections))
            await until(lambda: not found.server_state.connections)
            writer.transport.abort()

    run(test)


def test_requests_over_the_limit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a length at once, and without one as soon as too much has arrived."""
    monkeypatch.setattr(body_limit, "MAX_BODY_BYTES", 1000)
    monkeypatch.setattr(server_module, "BodyLimit", lambda app: body_limit.BodyLimit(app, 1000))

    async def test() -> None:
        async with running() as (_, port):
            assert b"HTTP/1.1 413 " in await ask(port, POST % 1001)
            assert b"\r\n\r\n1000" in await ask(port, POST % 1000 + b"x" * 1000)
            chunked = b"POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
            assert b"HTTP/1.1 413 " in await ask(port, chunked + b"3e9\r\n" + b"x" * 1001 + b"\r\n0\r\n\r\n")

    run(test)


def test_with_too_many_connections_the_idle_ones_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that has waited the longest; if all are being answered, a new one gets 503."""
    monkeypatch.setattr(connection, "MAX_CONNECTIONS", 3)

    async def test() -> None:
        async with running() as (_, port):
            idle = [await connect(port) for _ in range(3)]
            assert b"200 OK" in await ask(port)
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await asyncio.wait_for(idle[0][0].readexactly(1), 5)
            streams = [await connect(port) for _ in range(3)]
            for reader, writer in streams:
                writer.write(b"GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
                await reader.readuntil(b"data: x")
            reader, writer = await connect(port)
            assert b"503 Service Unavailable" in await asyncio.wait_for(reader.read(), 5)
            for _, each in [*idle, *streams, (reader, writer)]:
                each.transport.abort()

    run(test)


def test_clients_that_read_nothing_lock_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """They hold all connections without a login, so they make room for others soon."""
    monkeypatch.setattr(connection, "MAX_CONNECTIONS", 2)
    monkeypatch.setattr(connection, "STALLED_S", 0.1)

    async def test() -> None:
        async with running() as (found, port):
            stalled = [await asyncio.open_connection("127.0.0.1", port, limit=1024) for _ in range(2)]
            for _, writer in stalled:
                writer.write(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await until(lambda: all(each.stalled_since for each in found.server_state.connections))  # type: ignore[union-attr]
            assert b"200 OK" in await ask(port)
            for _, writer in stalled:
                writer.transport.abort()

    run(test)


def test_idle_and_dripping_connections_slow_nobody_down() -> None:
    """With 1,000 idle connections and 200 that send a byte now and then, the median of a request hardly changes."""

    async def median(port: int) -> float:
        reader, writer = await connect(port)
        times = []
        for _ in range(300):
            began = time.perf_counter()
            writer.write(GET)
            await reader.readuntil(b"\r\n\r\nok")
            times.append(time.perf_counter() - began)
        writer.close()
        return statistics.median(times)

    async def drip(writers: list[asyncio.StreamWriter]) -> None:
        while True:
            for each in writers:
                each.write(b"x")
            await asyncio.sleep(0.1)

    async def test() -> None:
        async with running() as (_, port):
            alone = await median(port)
            idle = [await connect(port) for _ in range(1_000)]
            dripping = [(await connect(port))[1] for _ in range(200)]
            for each in dripping:
                each.write(b"GET / HTTP/1.1\r\nX: ")
            task = asyncio.create_task(drip(dripping))
            beside = await median(port)
            task.cancel()
            for _, each in idle:
                each.transport.abort()
            for each in dripping:
                each.transport.abort()
            assert beside < 4 * alone + 0.002, (alone, beside)

    run(test)


def test_a_stop_lets_requests_end_and_closes_streams() -> None:
    """Idle connections are closed at once."""

    async def test() -> None:
        async with running() as (found, port):
            _, idle = await connect(port)
            reader, writer = await connect(port)
            writer.write(b"GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await reader.readuntil(b"data: x")
            answer = asyncio.create_task(ask(port, GET.replace(b"/ok", b"/slow")))
            await until(lambda: len(found.server_state.tasks) == 2)
            began = time.monotonic()
            found.stop()
            assert b"\r\n\r\nslow" in await answer
            while await asyncio.wait_for(reader.read(1000), 5):
                pass
            assert time.monotonic() - began < server_module.GRACE_S
            idle.close()
            writer.close()

    run(test)


@pytest.mark.parametrize("listen", ["127.0.0.1:{port}", "[::1]:{port}", "[::]:{port}"])
def test_an_address_in_use_is_named(listen: str) -> None:
    """Another start may succeed later."""

    async def test() -> None:
        try:
            async with running(listen.format(port=0)) as (_, port):
                with pytest.raises(CannotListen, match="another program uses") as caught:
                    bound(listen.format(port=port))
                assert not caught.value.permanent
        except CannotListen as error:
            cause = error.__cause__
            assert isinstance(cause, OSError)
            if cause.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                raise
            pytest.skip("no IPv6 here")

    run(test)


def test_both_families_are_served_at_once() -> None:
    """`[::]` listens on IPv4, too."""

    async def test() -> None:
        if not socket.has_ipv6:
            pytest.skip("no IPv6 here")
        async with running("[::]:0") as (_, port):
            assert b"200 OK" in await ask(port)

    run(test)


@pytest.mark.parametrize("path", [b"/ok", b"/stream"])
def test_a_malformed_body_after_the_answer_ends_the_connection(path: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """There is no other answer then, and nothing in the log: anybody may send that."""

    async def test() -> None:
        async with running() as (_, port):
            reader, writer = await connect(port)
            writer.write(b"POST %b HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" % path)
            await reader.readuntil(b"200 OK")
            writer.write(b"no chunk\r\n")
            while await asyncio.wait_for(reader.read(1000), 5):
                pass
            writer.close()

    run(test)
    assert caplog.records == []


@pytest.mark.parametrize("rest", [b"no chunk\r\n", b""])
def test_a_client_that_leaves_within_its_request_is_no_error(rest: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """Nor is one whose body is malformed."""

    async def test() -> None:
        async with running() as (found, port):
            reader, writer = await connect(port)
            writer.write(b"POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
            await until(lambda: bool(found.server_state.tasks))
            if rest:
                writer.write(rest)
                assert b"400 Bad Request" in await asyncio.wait_for(reader.read(), 5)
            writer.close()
            await until(lambda: not found.server_state.tasks)

    run(test)
    assert caplog.records == []


async def until(condition: Callable[[], bool], patience_s: float = 10.0) -> None:
    """Waits until a condition holds."""
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
