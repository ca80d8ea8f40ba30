"""A closed client raises typed errors, whoever closed it, and whenever."""

import asyncio
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from ouzel import AsyncClient, Client, Closed, OuzelError
from tests.ouzel.samples import ID, row
from tests.ouzel.scripted_daemon import SILENCE, ScriptedDaemon
from tools.rig.waiting import until

USES: list[Any] = [
    lambda client: client.ping(),
    lambda client: list(client.list_torrents()),
    lambda client: client.request("ping"),
    lambda client: client.request_many([("ping", {})]),
    lambda client: client.events(),
    lambda client: client.wait(ID),
]


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("connected", [False, True])
def test_a_closed_client_says_so(daemon: ScriptedDaemon, client: Client, use: Any, connected: bool) -> None:
    """Whatever is called; closing it again does nothing."""
    if connected:
        client.ping()
    for _ in range(2):
        client.close()
        with pytest.raises(Closed, match="closed"):
            use(client)
    assert issubclass(Closed, OuzelError)


def test_streams_and_lists_of_a_closed_client(daemon: ScriptedDaemon, client: Client) -> None:
    """A stream has ended, and can be closed; a list ends."""
    daemon.rows = {ID: row()}
    daemon.answers["list_torrents"] = lambda _: {"torrents": [row()], "cursor": "more"}
    events, listed = client.events(), client.list_torrents()
    next(listed)
    client.close()
    with pytest.raises(Closed):
        list(listed)
    assert (list(events), events.get(5)) == ([], None)
    with pytest.raises(Closed):
        events.follow(ID)
    events.close()
    events.close()


def test_a_closed_stream_leaves_its_client_open(daemon: ScriptedDaemon, client: Client) -> None:
    """Only the stream has ended."""
    with client.events() as events:
        events.close()
        assert events.get(5) is None
        with pytest.raises(Closed):
            events.follow(ID)
    client.ping()


@pytest.mark.parametrize("what", ["request", "stream", "wait"])
def test_another_thread_may_close(daemon: ScriptedDaemon, client: Client, what: str) -> None:
    """A waiting thread is notified at once, not at its timeout."""
    daemon.rows = {ID: row(state="downloading", progress=0.5)}
    outcome: list[object] = []
    daemon.answers["stats"] = lambda _: SILENCE

    def use() -> None:
        try:
            if what == "request":
                client.run_many([], deadline_ms=60_000)
                client.request("stats", deadline_ms=60_000)
            elif what == "stream":
                outcome.extend(client.events())
                outcome.append("end")
            else:
                client.wait(ID, timeout_s=60)
        except OuzelError as error:
            outcome.append(error)

    thread = threading.Thread(target=use)
    thread.start()
    first = {"request": "stats", "stream": "hello", "wait": "get_torrent"}[what]
    until(lambda: any(each.op == first for each in daemon.requests), "it waits")
    client.close()
    thread.join(20)
    assert not thread.is_alive()
    [end] = outcome
    assert end == "end" or isinstance(end, Closed)


def test_threads_share_a_client(daemon: ScriptedDaemon, client: Client) -> None:
    """Each thread gets its own replies."""
    daemon.answers["get_torrent"] = lambda args: row(args["torrent"])
    ids = [f"{number:040x}" for number in range(40)]
    got: dict[str, Any] = {}

    def ask(torrent: str) -> None:
        got[torrent] = client.request("get_torrent", {"torrent": torrent})["torrent"]

    threads = [threading.Thread(target=ask, args=(torrent,)) for torrent in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert got == {torrent: torrent for torrent in ids}


def test_the_asyncio_client_says_so(daemon: ScriptedDaemon, tmp_path: Path) -> None:
    """Waiting tasks are notified, streams end, and later calls are refused."""
    daemon.rows = {ID: row(state="downloading", progress=0.5)}
    daemon.answers["stats"] = lambda _: SILENCE

    async def run() -> list[object]:
        client = AsyncClient(tmp_path)

        async def stream() -> str:
            async for _ in client.events():
                pass
            return "end"

        tasks = [asyncio.ensure_future(each) for each in (client.stats(), client.wait(ID), stream())]
        asked = {"stats", "get_torrent", "hello"}
        await asyncio.to_thread(until, lambda: asked <= {each.op for each in daemon.requests}, "all wait")
        client.close()
        client.close()
        done = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 20)
        for use in (client.ping, client.stats, lambda: client.wait(ID), lambda: anext(client.list_ids())):
            with pytest.raises(Closed):
                await use()
        with pytest.raises(Closed):
            client.events()
        return list(done)

    stats, wait, stream = asyncio.run(run())
    assert (type(stats), type(wait), stream) == (Closed, Closed, "end")


@pytest.mark.process
def test_nothing_is_said_at_the_interpreters_exit(daemon: ScriptedDaemon, tmp_path: Path) -> None:
    """For clients and streams that were not closed, one of them waited for by another thread."""
    program = f"""if True:
        import ouzel, threading
        client = ouzel.Client({str(tmp_path)!r})
        events = client.events()
        kept = client.list_ids()
        other = ouzel.Client({str(tmp_path)!r})
        threading.Thread(target=lambda: list(other.events()), daemon=True).start()
        client.ping()
    """
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
