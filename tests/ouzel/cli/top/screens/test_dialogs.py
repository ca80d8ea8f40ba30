"""Dialogs: bad input is one message, and good input is a request."""

from pathlib import Path

import pytest
from textual.widgets import Input

from protocol.wire.errors import ErrorKind, OuzelError
from tests.ouzel.cli.top.conftest import UBUNTU
from tests.ouzel.cli.top.rendered import Shown, run
from tests.ouzel.scripted_daemon import ScriptedDaemon

pytestmark = pytest.mark.slow


async def fill(shown: Shown, *values: str) -> None:
    """Types over the fields of the dialog, and submits it."""
    for line, value in zip(shown.app.screen.query(Input), values, strict=False):
        line.value = value
    await shown.press("enter")


def test_limits_are_parsed_and_sent(torrents: ScriptedDaemon, tmp_path: Path) -> None:
    """A wrong rate keeps the dialog open."""
    torrents.answers["update_limits"] = lambda args: {
        "download_bps": args.get("download_bps", 0),
        "upload_bps": args.get("upload_bps", 0),
    }

    async def play(shown: Shown) -> None:
        await shown.press("down", "l")
        await shown.see("Limits of ubuntu")
        await fill(shown, "fast")
        await shown.see("download limit: 'fast' is not a rate")
        await shown.check("limits")
        await fill(shown, "10M", "1.5Mi")
        await shown.see("limits: 10.0 MB/s down, 1.6 MB/s up")
        await shown.press("L")
        await shown.see("Limits of all torrents together")
        await shown.press("escape")

    run(tmp_path, play)
    sent = [each.args for each in torrents.requests if each.op == "update_limits"]
    assert sent == [{"torrent": UBUNTU, "download_bps": 10_000_000, "upload_bps": 1_572_864}, {"torrent": None}]


def test_a_source_is_added(torrents: ScriptedDaemon, tmp_path: Path) -> None:
    """Errors of the file and of the daemon keep the dialog open."""
    file = tmp_path / "a.torrent"
    file.write_bytes(b"d4:infodee")

    def add(args: dict[str, object]) -> object:
        if args.get("category") != "films":
            raise OuzelError(ErrorKind.UNKNOWN_CATEGORY, "there is no such category")
        return {"torrent": "44" * 20, "duplicate": False}

    torrents.answers["add_torrent"] = add

    async def play(shown: Shown) -> None:
        await shown.press("a")
        await shown.see("Add torrents")
        await fill(shown, "")
        await shown.see("type a .torrent file")
        await fill(shown, "-")
        await shown.see("standard input is the keyboard here")
        await fill(shown, str(tmp_path / "missing"))
        await shown.see("No such file or directory")
        await fill(shown, str(file), "", "none")
        await shown.see("there is no such category")
        await fill(shown, str(file), "/srv", "films")
        await shown.see("1 torrent added")

    run(tmp_path, play)
    [_, sent] = [each.args for each in torrents.requests if each.op == "add_torrent"]
    assert (sent["metainfo"], sent["save_path"], sent["category"]) == (b"d4:infodee", "/srv", "films")
