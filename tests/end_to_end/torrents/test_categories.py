"""Categories: where files are stored that a real seed sends, and what is left of a category after crashes."""

import json
from pathlib import Path
from typing import Any

import pytest

import ouzel
from ouzel.cli import completion
from ouzel.cli.main import run
from protocol.wire.rows import TorrentState
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.seed import Seed

pytestmark = [pytest.mark.process, pytest.mark.network]


def categories(daemon: Daemon) -> dict[str, str | None]:
    """The save paths by name."""
    return {each.name: each.save_path for each in daemon.client.list_categories()}


def test_files_are_stored_below_the_path_of_the_category(root: Path, daemon: Daemon, seed: Seed) -> None:
    """Also by a new engine and a new daemon. A later path, and the end of the category, move nothing."""
    one, two = (payload.make(root / "seed", name, {"a.bin": 40_000}) for name in ("one", "two"))
    films = daemon.downloads / "films"
    assert daemon.client.put_category("films", str(films), wait="applied").save_path == str(films)
    for made, category in ((one, "films"), (two, None)):
        seed.add(made.metainfo, made.root)
        daemon.client.add_torrent(metainfo=made.metainfo, category=category, peers=[seed.endpoint])
        daemon.until_state(made.torrent, TorrentState.SEEDING)
    assert payload.sha1(films / "one") == payload.sha1(one.root / "one")
    assert payload.sha1(daemon.downloads / "two") == payload.sha1(two.root / "two")

    daemon.client.put_category("films", str(daemon.downloads / "other"))
    daemon.kill_engine()
    daemon.kill()
    daemon.start()
    assert categories(daemon) == {"films": str(daemon.downloads / "other")}
    row = daemon.until_state(one.torrent, TorrentState.SEEDING)
    assert (row.category, row.save_path, row.bytes_done) == ("films", str(films), one.size)
    assert [each.torrent for each in daemon.client.list_torrents(category="films")] == [one.torrent]
    assert [each.torrent for each in daemon.client.list_torrents(category="")] == [two.torrent]

    daemon.client.remove_category("films")
    daemon.kill()
    daemon.start()
    daemon.client.put_category("films")  # another one of the same name
    assert [each.category for each in daemon.client.list_torrents()] == [None, None]
    assert daemon.until_state(one.torrent, TorrentState.SEEDING).save_path == str(films)
    assert payload.sha1(films / "one") == payload.sha1(one.root / "one")


def refused(call: Any, **arguments: Any) -> tuple[str, str | None]:
    """The name of the error, and the field."""
    with pytest.raises(ouzel.Refused) as error:
        call(**arguments)
    return error.value.body.name, error.value.body.field


def test_categories_on_the_command_line(root: Path, daemon: Daemon, capsys: pytest.CaptureFixture[str]) -> None:
    """They are created, used, listed and removed; what cannot be is refused by name, and changes nothing."""

    def ouzel_says(*argv: str) -> tuple[int, str, str]:
        code = run(["--runtime-dir", str(daemon.runtime_dir), *argv])
        return (code, *capsys.readouterr())

    path = str(daemon.downloads / "tv")
    assert ouzel_says("categories", "put", "tv", "--save-path", path) == (0, f"tv: {path}\n", "")
    assert ouzel_says("categories", "put", "films") == (0, "films: the first download root\n", "")
    made = payload.make(root / "seed", "one", {"a.bin": 40_000})
    (root / "one.torrent").write_bytes(made.metainfo)
    code, _, err = ouzel_says("add", str(root / "one.torrent"), "--category", "tvs")
    assert code == 1
    assert "--category: there is no category 'tvs'" in err
    assert ouzel_says("add", str(root / "one.torrent"), "--category", "tv", "--paused")[0] == 0
    assert ouzel_says("show", made.torrent)[1].split("category")[1].split()[0] == "tv"
    row = daemon.row(made.torrent)
    assert (row.category, row.save_path) == ("tv", path)
    for category, found in (("tv", [made.torrent]), ("films", []), ("", [])):
        _, out, _ = ouzel_says("ls", "--category", category, "--json")
        assert [each["torrent"] for each in json.loads(out)["torrents"]] == found
    complete = completion.categories(lambda _: ouzel.Client(daemon.runtime_dir))
    context: Any = None
    assert (complete(context, "f"), len(complete(context, ""))) == ([("films", "")], 2)
    assert ouzel_says("categories", "assign", "films", made.torrent) == (0, f"in films: {made.torrent}\n", "")
    assert (daemon.row(made.torrent).category, daemon.row(made.torrent).save_path) == ("films", path)
    assert ouzel_says("categories", "assign", "", made.torrent)[0] == 0
    assert daemon.row(made.torrent).category is None
    assert ouzel_says("categories", "assign", "tv", made.torrent)[0] == 0
    assert ouzel_says("categories", "remove", "tv") == (0, "removed: tv\n", "")
    assert ouzel_says("categories")[:2] == (0, "films: the first download root\n")
    code, out, _ = ouzel_says("categories", "--json")
    assert (code, json.loads(out)) == (0, {"categories": [{"name": "films", "save_path": None}]})
    assert daemon.row(made.torrent).category is None

    client = daemon.client
    assert refused(client.remove_category, name="tv") == ("unknown_category", "args.name")
    assert refused(client.put_category, name="x", save_path="/elsewhere") == ("path_not_allowed", "args.save_path")
    assert refused(client.put_category, name="") == ("invalid_argument", "args.name")
    other = payload.make(root / "seed", "two", {"a.bin": 40_000})
    assert refused(client.add_torrent, metainfo=other.metainfo, category="tv") == ("unknown_category", "args.category")
    assert categories(daemon) == {"films": None}
