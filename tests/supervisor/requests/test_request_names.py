"""The name of a request in the log: it reaches the engine and the error reply, and no other request gets it."""

from pathlib import Path

import pytest

from protocol.internal.link_commands import EnsureTorrent
from supervisor.log.request_id import REQUEST
from tests.supervisor.bench import bench
from tests.supervisor.samples import OTHER, V1, desired

pytestmark = pytest.mark.slow


async def test_the_engine_gets_the_name_with_the_command(tmp_path: Path) -> None:
    """A restore has none. Neither has a later line, once the engine has confirmed the change."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        engine = await on.engine()
        client = on.client()
        assert (await client.ask("pause", {"torrent": V1}, wait="applied", request="web-1/7"))["ok"]
        assert (await client.ask("resume", {"torrent": V1}, wait="applied", client="c d", id="x"))["ok"]
        assert [each.request for each in await engine.given(EnsureTorrent, 3)] == ["", "web-1/7", "c_d/x"]
        assert on.face.requests.request_of(V1) is None
        assert REQUEST.get() == ""


async def test_a_late_line_about_the_torrent_has_the_name(tmp_path: Path) -> None:
    """Until the engine confirms the change. Other torrents are not concerned."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        engine = await on.engine()
        engine.deaf = {EnsureTorrent}
        client = on.client()
        assert (await client.ask("pause", {"torrent": V1}, request="web-1/8"))["ok"]
        await engine.given(EnsureTorrent, 2)
        assert on.face.requests.request_of(V1) == "web-1/8"
        assert on.face.requests.request_of(OTHER) is None


async def test_an_error_names_its_request(tmp_path: Path) -> None:
    """If work was begun: a request that cannot be read has caused no line."""
    async with bench(tmp_path) as on:
        client = on.client()
        refused = await client.ask("pause", {"torrent": OTHER}, request="web-1/9")
        assert refused["error"]["request"] == "web-1/9"
        late = await client.ask("list_files", {"torrent": OTHER}, client="c", id=5)
        assert late["error"]["request"] == "c/5"
        assert "request" not in (await client.ask("pause", {}))["error"]
        invalid = await client.ask("ping", {}, request="a b")
        assert (invalid["error"]["name"], invalid["error"]["field"]) == ("invalid_envelope", "request")
