"""The commands `add` and `list`, and exit codes."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import ouzel
from protocol.wire.rows import TorrentRow, TorrentState
from tests.clients.bare import Bare
from tests.clients.between import Between
from tests.clients.languages import LANGUAGES, Endpoints, run
from tests.clients.matrix import Matrix
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.waiting import until

pytestmark = pytest.mark.process

MORE = 4  # more torrents than the clients' own, so that there is always more than one page


def magnet_id(language: str, number: int) -> str:
    """The id of a torrent without any peers."""
    return f"{LANGUAGES.index(language) + 1:x}{number:039x}"


def settled(client: ouzel.Client) -> list[TorrentRow] | None:
    """All rows, once the added torrents are loaded."""
    rows = list(client.list_torrents())
    return rows if {row.state for row in rows} <= {TorrentState.DOWNLOADING, TorrentState.FETCHING_METADATA} else None


def test_add_and_list_and_exit_codes(root: Path, daemon: Daemon, endpoints: Endpoints, record_property: Any) -> None:
    """A torrent is added once, even if the reply is lost. `list` reads pages of three rows."""

    def end_with_codes(language: str) -> None:
        nowhere = Endpoints.within(root / "nowhere")
        with matrix.cell("exit codes", language):
            for wrong in ([], ["list"], ["no-such-verb"], [*endpoints.options], [*endpoints.options, "add"]):
                assert run(language, *wrong).code == 2, wrong
            refused = run(language, *endpoints.options, "add", "magnet:?xt=urn:nothing")
            assert (refused.code, refused.out) == (1, "")
            assert "invalid_magnet" in refused.err
            magnet = f"magnet:?xt=urn:btih:{magnet_id(language, 9)}"
            refused = run(language, *endpoints.options, "add", magnet, "--save-path", "/etc")
            assert (refused.code, refused.out) == (1, "")
            assert "path_not_allowed" in refused.err
            assert run(language, *nowhere.options, "list").code == 3

    def add(language: str) -> None:
        with matrix.cell("add", language):
            made = payload.make(root / "payload", f"{language} ü", {"a.bin": 10_000, "b.bin": 255})
            file = root / f"{language}.torrent"
            file.write_bytes(made.metainfo)
            elsewhere = daemon.downloads / language
            for _ in range(2):
                added = run(language, *endpoints.options, "add", str(file), "--save-path", str(elsewhere))
                assert added == (0, f"{made.torrent}\n", "")
            with ouzel.Client(daemon.runtime_dir) as client:
                assert client.get_torrent(made.torrent).save_path == str(elsewhere)
        with matrix.cell("add, its answer lost", language):
            wanted = magnet_id(language, 1)
            added = run(language, *between.endpoints.options, "add", f"magnet:?xt=urn:btih:{wanted}")
            assert added == (0, f"{wanted}\n", "")

    def list_all(language: str) -> None:
        with matrix.cell("list, many pages", language):
            listed = run(language, *between.endpoints.options, "list")
            assert (listed.code, listed.err) == (0, "")
            found = [line.split("\t") for line in listed.out.splitlines()]
            assert [(id_, state, name) for id_, state, _, name in found] == [
                (id_, state, name) for id_, state, _, name in expected
            ]
            for (_, _, percent, _), (_, _, exact, _) in zip(found, expected, strict=True):
                assert float(percent.rstrip("%")) == pytest.approx(exact, abs=1)

    with (
        Between(root / "b", endpoints) as between,
        Matrix(record_property) as matrix,
        ThreadPoolExecutor(1) as aside,
    ):
        for number in range(1, MORE + 1):
            daemon.client.add_torrent(magnet=f"magnet:?xt=urn:btih:{number:040x}")
        codes = aside.submit(matrix.each, end_with_codes)
        between.mute = "add_torrent"
        matrix.each(add)
        with Bare(endpoints) as bare:
            _, history = bare.history()
        assert sum(event["type"] == "torrent_added" for event in history) == MORE + 2 * len(matrix.languages)
        between.mute, between.page = None, 3
        rows = until(lambda: settled(daemon.client), "all torrents are loaded")
        expected = [(row.torrent, row.state.value, 100 * row.progress, row.name) for row in rows]
        matrix.each(list_all)
        adds = [count for asked, count in between.asked.items() if asked.op == "add_torrent"]
        assert len(adds) == len(matrix.languages)
        assert min(adds) >= 2, "a client that gets no answer asks again under the same id"
        pages = sum(count for asked, count in between.asked.items() if asked.op == "list_torrents")
        assert pages >= 2 * len(matrix.languages)
        codes.result()
