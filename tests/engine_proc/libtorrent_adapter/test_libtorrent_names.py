"""How libtorrent treats hostile names and links, on which path confinement (ADR 022) relies: one test for each fact.

A new libtorrent that behaves otherwise fails here, and not in the field.
"""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import libtorrent
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine_proc.libtorrent_adapter.alerts.libtorrent_alerts import AlertCopier
from engine_proc.libtorrent_adapter.alerts.libtorrent_status import Selections
from engine_proc.libtorrent_adapter.libtorrent_handles import Handles
from engine_proc.libtorrent_adapter.parsing import libtorrent_files, libtorrent_params, libtorrent_sources
from engine_proc.libtorrent_adapter.parsing.libtorrent_hashes import hashes
from engine_proc.libtorrent_adapter.parsing.libtorrent_sources import METAINFO_LIMITS, RESUME_LIMITS
from engine_proc.session.alerts import FileError, TorrentTrouble
from engine_proc.session.caps_port import Caps
from engine_proc.session.session_port import InvalidSource
from engine_proc.trackers.held_trackers import HeldTrackers
from protocol.internal.flight_recorder import FLIGHT_BYTES, FlightRecorder
from protocol.wire.desired import DesiredTorrent, Selection
from tools.rig import bencode
from tools.rig.bencode import Bencodable
from tools.rig.hostile import hostile
from tools.rig.hostile.hostile import Entry, Hostile, link, tree
from tools.rig.hostile.locales import environment
from tools.rig.probe import DEADLINE_S, LOOPBACK, eventually
from tools.rig.waiting import until

lt: Any = libtorrent
FULL: Final = b"payload!" * 2048
Maker = Callable[[bytes, Sequence[Entry]], Hostile]


@pytest.fixture
def native() -> Iterator[Any]:
    """A bare libtorrent session."""
    session = lt.session({**LOOPBACK, "alert_mask": lt.alert.category_t.all_categories})
    yield session
    session.pause()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The directories `save/`, and `outside/` with a file."""
    (tmp_path / "save").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "x").write_bytes(FULL)
    return tmp_path


def params_of(made: Hostile, save_path: Path) -> Any:
    """libtorrent's parameters for the torrent."""
    params = lt.load_torrent_buffer(made.metainfo, METAINFO_LIMITS)
    params.save_path = str(save_path)
    params.flags = lt.torrent_flags.update_subscribe
    return params


def run(native: Any, params: Any) -> Any:
    """Adds a torrent and waits until its files are checked or it has stopped with an error. Returns the handle."""
    handle = native.add_torrent(params)
    ended = (lt.torrent_checked_alert, lt.torrent_error_alert)
    eventually(lambda: any(isinstance(each, ended) for each in native.pop_alerts()), "it is checked")
    return handle


def delete(native: Any, handle: Any) -> None:
    """Removes a torrent with its files, and waits until that has ended."""
    native.remove_torrent(handle, lt.session.delete_files)
    ended = (lt.torrent_deleted_alert, lt.torrent_delete_failed_alert)
    eventually(lambda: any(isinstance(each, ended) for each in native.pop_alerts()), "it is deleted")


def names_of(metainfo: bytes) -> list[str]:
    """The paths in a torrent, as libtorrent has them. Raises RuntimeError if it is no torrent."""
    storage = lt.load_torrent_buffer(metainfo, METAINFO_LIMITS).ti.layout()
    return [storage.file_path(index) for index in range(storage.num_files())]


# -- names ------------------------------------------------------------------------------------------------------------


def is_clean(path: str) -> bool:
    """Whether a path is below the save path by its names alone, and short enough for a disk."""
    return all(
        part not in ("", ".", "..") and "\0" not in part and "\\" not in part and len(part.encode()) <= 255
        for part in path.split("/")
    )


@pytest.mark.parametrize("make", [hostile.v1, hostile.v2])
@pytest.mark.parametrize(
    ("path", "becomes"),
    [
        ([b"..", b"x"], "_/x"),
        ([b"a", b"..", b"..", b"..", b"x"], "a/_/_/_/x"),
        ([b".", b"x"], "_/x"),
        ([b"/etc", b"passwd"], "etc/passwd"),
        ([b"a/../../x"], "a....x"),
        ([b"..\\..\\x"], "....x"),
        ([b"a\0b"], "ab"),
        ([b"\xff\xfe"], "__"),
        ([b"\xc0\xae\xc0\xae", b"x"], "__/x"),
        (["\u202e..".encode(), b"x"], "_/x"),
        (["..\u200b".encode(), b"x"], "_/x"),
        ([b"..."], "..."),
        ([b" "], " "),
        ([b"a\nb"], "a_b"),
    ],
)
def test_names_are_cleaned(make: Maker, path: list[bytes], becomes: str) -> None:
    """Separators, NULs, `..`, invalid UTF-8 and blank names are removed or replaced, in v1 and v2."""
    found = names_of(make(b"root", [Entry(path, FULL), Entry([b"other"], FULL)]).metainfo)
    assert sorted(found) == sorted([f"root/{becomes}", "root/other"])


def test_empty_names_are_filled_and_long_ones_cut() -> None:
    """A name has at most 240 bytes, and is not cut within a character."""
    paths = ([b""], [b"", b"x"], [b"n" * 300], ["é".encode() * 300])
    made = hostile.v1(b"root", [Entry(path, FULL) for path in paths])
    first, second, third, fourth = names_of(made.metainfo)
    assert (first, second) == ("root/_", "root/_/x")
    assert all(len(each.removeprefix("root/").encode()) <= 255 for each in (third, fourth))


@pytest.mark.parametrize("make", [hostile.v1, hostile.v2, hostile.hybrid])
@pytest.mark.parametrize(
    ("name", "becomes"),
    [(b"..", None), (b".", None), (b"/etc/x", "etcx"), (b"a/../b", "a..b"), (b"", "_"), (b"\xff", "_")],
)
def test_a_torrents_own_name_is_cleaned(make: Maker, name: bytes, becomes: str | None) -> None:
    """If nothing remains of it, a hash is used."""
    made = make(name, [Entry([b"a"], FULL), Entry([b"b"], FULL)])
    found = names_of(made.metainfo)
    folder = becomes or found[0].partition("/")[0]
    assert found == [f"{folder}/a", f"{folder}/b"]
    assert becomes or re.fullmatch("[0-9a-f]{40}", folder)


@pytest.mark.parametrize("name", [b"..", b"."])
def test_a_single_file_that_climbs_is_no_torrent(name: bytes) -> None:
    """Nothing remains of its name."""
    with pytest.raises(RuntimeError, match="missing name"):
        names_of(hostile.v1_single(name, FULL).metainfo)


def test_the_names_in_utf_8_are_cleaned_too() -> None:
    """`name.utf-8` and `path.utf-8` have priority over `name` and `path`."""
    files: list[Bencodable] = [
        {b"length": 1, b"path": [b"ok"], b"path.utf-8": [b"..", b"evil"]},
        {b"length": 1, b"path": [b"k"]},
    ]
    info: dict[bytes, Bencodable] = {b"name": b"ok", b"name.utf-8": b"../up", b"files": files}
    metainfo = bencode.encode({b"info": {**info, b"piece length": 16384, b"pieces": bytes(20)}})
    assert names_of(metainfo) == ["..up/_/evil", "..up/k"]


raw = st.one_of(
    st.binary(max_size=12),
    st.sampled_from([b"..", b".", b"", b"/", b"\\", b"../..", b"a", b"\xef\xbc\x8e\xef\xbc\x8e", b"\xe2\x80\xae.."]),
)
entries = st.lists(st.lists(raw, min_size=1, max_size=4).map(lambda path: Entry(path, FULL)), min_size=1, max_size=4)


@given(name=raw, made_of=entries, make=st.sampled_from([hostile.v1, hostile.v2]))
def test_no_name_leads_out_of_the_save_path(name: bytes, made_of: list[Entry], make: Maker) -> None:
    """For any bytes, libtorrent either refuses the torrent, or each of its paths is clean."""
    try:
        made = make(name, made_of)
        params = lt.load_torrent_buffer(made.metainfo, METAINFO_LIMITS)
    except (RuntimeError, AssertionError):  # the latter if one file is another's folder in a v2 tree
        return
    storage = params.ti.layout()
    found = libtorrent_files.file_paths(storage, params.renamed_files, "/save")
    assert all(path.startswith("/save/") and is_clean(path[1:]) for path in found)
    assert len(set(found)) == len(found)


def test_files_of_one_name_get_others() -> None:
    """The same name, a name in another case, or another file's folder.

    The layout has the old names and does not show it.
    """
    made = hostile.v1(b"root", [Entry([name]) for name in (b"A", b"a", b"A", b"b")] + [Entry([b"b", b"c"], b"x")])
    params = lt.load_torrent_buffer(made.metainfo, METAINFO_LIMITS)
    assert params.renamed_files == {1: "root/a.1", 2: "root/A.2", 3: "root/b.1"}
    assert params.ti.layout().file_path(2) == "root/A"


# -- the bytes that are written --------------------------------------------------------------------------------------


@pytest.mark.process
@pytest.mark.parametrize(
    ("language", "locale", "becomes"),
    [
        (None, "C", "...txt"),
        ("xx", "C", "...txt"),
        ("xx.UTF-8", "C", "日本.txt"),
        (None, "C.UTF-8", "日本.txt"),
        ("C", "C.UTF-8", "日本.txt"),
    ],
)
def test_names_are_written_in_the_encoding_of_the_locale(
    tmp_path: Path, language: str | None, locale: str, becomes: str
) -> None:
    """The process's locale decides, unless LANG says UTF-8. Missing characters become dots. Ouzel sets both."""
    made = hostile.v1(b"root", [Entry(["日本.txt".encode()]), Entry([b"other"], FULL)])
    (tmp_path / "torrent").write_bytes(made.metainfo)
    code = (
        "import locale, os, sys, time, libtorrent as lt; locale.setlocale(locale.LC_CTYPE, sys.argv[2])\n"
        "session, params = lt.session({'listen_interfaces': ''}), lt.load_torrent_file(sys.argv[1] + '/torrent')\n"
        "params.save_path = sys.argv[1]; session.add_torrent(params); deadline = time.monotonic() + 10\n"
        "root = sys.argv[1] + '/root'\n"
        "while not any(f for _, _, f in os.walk(root)) and time.monotonic() < deadline: time.sleep(0.005)\n"
        "print(*os.listdir(root)); sys.stdout.flush(); os._exit(0)"
    )
    argv = [sys.executable, "-X", "utf8", "-c", code, str(tmp_path), locale]
    environ = environment("C", {} if language is None else {"LANG": language})
    ran = subprocess.run(argv, env=environ, capture_output=True, encoding="utf-8", check=False)
    assert ran.stdout == f"{becomes}\n", ran.stderr


@pytest.mark.process
def test_the_comparison_of_names_finds_what_there_is_to_find(tmp_path: Path) -> None:
    """It finds differences in the locale C, and none in an engine's locale."""
    found = []
    for where, locale in (("mine", []), ("other", ["C"])):
        (tmp_path / where).mkdir()
        argv = [sys.executable, "-m", "tools.rig.hostile.naming_session", str(tmp_path / where), "5", "100", *locale]
        ran = subprocess.run(argv, env=environment("C"), capture_output=True, encoding="utf-8", check=False)
        assert ran.returncode == 0, ran.stderr
        found.append(json.loads(ran.stdout))
    own, other = found
    assert own["differences"] == own["outside"] == 0
    assert own["files"] >= own["names"] >= 100
    assert other["differences"] > 0


def test_texts_of_alerts_are_cut_in_the_middle_of_a_character(native: Any, place: Path) -> None:
    """The binding raises for such a text, so each reader has to expect that; the engine can read them."""
    folders = [("é" * 120 + "ab"[number]).encode() for number in (0, 1) for _ in range(12)]
    made = hostile.v1(b"root", [Entry([*folders, name], b"x") for name in (b"a", b"b")])
    params = params_of(made, place / "save")
    params.renamed_files = {0: "é" * 3000, 1: "a" + "é" * 3000}
    handle = native.add_torrent(params)
    copier = AlertCopier(
        Handles(), Selections(), lambda torrent: None, HeldTrackers(), Caps(), FlightRecorder(bytearray(FLIGHT_BYTES))
    )
    copier.expect(made.torrent, hashes(params.info_hashes).known(), resumes=False, complete=False)
    problems: list[str] = []

    def told() -> bool:
        for alert in native.pop_alerts():
            copied = copier.copy(alert)
            if isinstance(copied, TorrentTrouble | FileError):
                problems.append(copied.problem)
        handle.add_piece(0, b"xx", 0)
        return bool(problems)

    eventually(told, "its names are too long")
    assert any("\ufffd" in each or "éé" in each for each in problems)


# -- links on the disk ------------------------------------------------------------------------------------------------


def test_libtorrent_writes_and_deletes_through_links(native: Any, place: Path) -> None:
    """Into the folder that a link leads to. libtorrent deletes files there that it does not know."""
    (place / "save" / "root").mkdir()
    (place / "save" / "root" / "link").symlink_to(place / "outside")
    made = hostile.v1(b"root", [Entry([b"link", b"x"], FULL), Entry([b"link", b"empty"]), Entry([b"ok"], FULL)])
    handle = run(native, params_of(made, place / "save"))
    assert tree(place / "outside") == {"x": FULL, "empty": b""}
    assert handle.status().total_done == len(FULL)
    delete(native, handle)
    assert tree(place / "outside") == {}


@pytest.mark.network
def test_metadata_of_which_nothing_is_wanted_makes_no_file(native: Any, place: Path) -> None:
    """So there is time to check the files of a magnet link. Only existing files are hashed meanwhile."""
    made = hostile.v1(b"root", [Entry([b"link", b"empty"]), Entry([b"ok"], FULL), link(b"l", to=[b"ok"])])
    (place / "seed" / "root").mkdir(parents=True)
    (place / "seed" / "root" / "ok").write_bytes(FULL)
    (place / "save" / "root").mkdir()
    (place / "save" / "root" / "link").symlink_to(place / "outside")
    giver = lt.session(LOOPBACK)
    given = giver.add_torrent(params_of(made, place / "seed"))
    until(lambda: giver.listen_port() and given.status().progress == 1.0, "it shares all that it is to share")
    params = lt.parse_magnet_uri(made.magnet)
    params.save_path = str(place / "save")
    params.flags = lt.torrent_flags.default_dont_download
    params.peers = [("127.0.0.1", giver.listen_port())]
    native.apply_settings({"close_redundant_connections": False})  # a torrent with nothing selected disconnects
    handle = native.add_torrent(params)
    until(lambda: handle.status().state == lt.torrent_status.states.finished, "it is checked", patience_s=DEADLINE_S)
    assert handle.get_file_priorities() == [0, 0, 0]
    assert tree(place / "outside") == {"x": FULL}
    assert tree(place / "save") == {"root": "/", "root/link": str(place / "outside")}
    giver.pause()


# -- links in torrents (BEP 47) ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [hostile.v1, hostile.v2])
@pytest.mark.parametrize(
    "target", [[b"..", b"..", b"etc"], [b"/etc"], b"/etc", [b"d", b"..", b"..", b"x"], [b"nothing"], [b".."], [], [b""]]
)
def test_a_link_that_leads_out_of_its_torrent_leads_to_itself(make: Maker, target: Sequence[bytes] | bytes) -> None:
    """Or it becomes an empty file: libtorrent accepts a target only if it is a file or folder of the torrent."""
    made = make(b"root", [Entry([b"d", b"f"], FULL), link(b"l", to=target), Entry([b"ok"], FULL)])
    storage = lt.load_torrent_buffer(made.metainfo).ti.layout()
    [index] = [index for index in range(storage.num_files()) if storage.file_path(index) == "root/l"]
    if storage.file_flags(index) & storage.flag_symlink:
        assert storage.symlink(index) == "root/l"


def test_links_of_two_torrents_lead_out_together(native: Any, place: Path) -> None:
    """Each link is harmless by itself: the first replaces the second torrent's folder, where its link climbs too far.

    So Ouzel lets libtorrent make no link at all.
    """
    save_path = place / "some" / "where" / "save"
    first = hostile.v1(b"root", [link(b"p", b"q", b"r", to=[b"s"]), Entry([b"s", b"e"]), Entry([b"s", b"f"], FULL)])
    second = hostile.v1(b"root", [link(b"p", b"q", b"r", b"l", to=[b"outside"]), Entry([b"outside", b"f"], FULL)])
    third = hostile.v1(b"root", [Entry([b"s", b"l", b"evil"]), Entry([b"x"], FULL)])
    for made in (first, second):
        run(native, params_of(made, save_path))
    assert (save_path / "root" / "s" / "l").resolve() == save_path.parent / "outside"
    (save_path.parent / "outside").mkdir()
    run(native, params_of(third, save_path))
    assert tree(save_path.parent / "outside") == {"evil": b""}


@pytest.mark.parametrize("selection", [Selection(), Selection(priorities={"0": 7, "1": 7, "2": 7})])
def test_a_link_that_is_not_wanted_is_not_made(native: Any, place: Path, selection: Selection) -> None:
    """Ouzel never selects a link, whatever the selection says. The torrent is complete without it, and a seed."""
    made = hostile.v1(b"root", [Entry([b"d", b"f"], FULL), link(b"l", to=[b"d"]), Entry([b"empty"])])
    (place / "save" / "root" / "d").mkdir(parents=True)
    (place / "save" / "root" / "d" / "f").write_bytes(FULL)
    params = params_of(made, place / "save")
    desired = DesiredTorrent(
        torrent=made.torrent, source="metainfo", save_path=str(place / "save"), name="", selection=selection
    )
    libtorrent_params.apply_desired(params, desired, resumed=False)
    handle = run(native, params)
    until(lambda: handle.status().is_seeding, "it is a seed")
    assert tree(place / "save") == {"root": "/", "root/d": "/", "root/d/f": FULL, "root/empty": b""}


# -- resume data ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["../outside/x", "root/../../outside/x", "{place}/outside/x"])
def test_resume_data_names_any_path(native: Any, place: Path, name: str) -> None:
    """`mapped_files` overrides the torrent's own names, unchanged, for reading, writing and deleting."""
    made = hostile.v1(b"root", [Entry([b"a"], FULL), Entry([b"b"], FULL)])
    params = params_of(made, place / "save")
    params.renamed_files = {0: name.format(place=place)}
    resume = lt.write_resume_data_buf(params)
    params = lt.read_resume_data(resume, RESUME_LIMITS)
    assert libtorrent_files.paths(params)[1:] == [
        name.format(place=place) if name.startswith("{") else f"{place}/save/{name}",
        f"{place}/save/root/b",
    ]
    params.flags = lt.torrent_flags.update_subscribe
    (place / "save" / "root").mkdir()
    handle = run(native, params)
    assert handle.status().total_done == len(FULL)
    delete(native, handle)
    assert tree(place / "outside") == {}


@pytest.mark.parametrize("field", [b"mapped_files", b"save_path", b"part_file_dir"])
def test_resume_data_whose_paths_are_no_text_is_refused(place: Path, field: bytes) -> None:
    """The binding cannot read them."""
    resume = lt.write_resume_data_buf(params_of(hostile.v1(b"root", [Entry([b"a"], FULL)]), place))
    members = bencode.decode(resume)
    assert isinstance(members, dict)
    members[field] = [b"\xff"] if field == b"mapped_files" else b"\xff"
    with pytest.raises(InvalidSource, match="not UTF-8"):
        libtorrent_sources.parse_resume(bencode.encode(members))


def test_the_part_file_is_where_resume_data_says(place: Path) -> None:
    """So its path is checked, too."""
    params = params_of(hostile.v1(b"root", [Entry([b"a"], FULL)]), place / "save")
    params.part_file_dir = "../outside"
    found = libtorrent_files.paths(lt.read_resume_data(lt.write_resume_data_buf(params), RESUME_LIMITS))
    assert found[0] == f"{place}/save/../outside/.{params.info_hashes.get_best()}.parts"
