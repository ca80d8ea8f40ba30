import asyncio
import json
import shutil
import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest

from protocol.durable.integrity import crc32_of, decode_record
from protocol.host.mounts import mount_point_of
from protocol.internal.link_commands import Configure, DropTorrent, EnsureTorrent, ReannounceTorrent
from protocol.internal.link_events import SettingsApplied, TorrentApplied, TorrentDropped, TorrentRechecked
from protocol.internal.link_queries import InspectSource
from protocol.wire.commands.torrent_commands import AddTorrent, UpdateSelection
from protocol.wire.desired import DesiredTorrent, Quarantine, Selection
from protocol.wire.envelope import Wait
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.operations import OPERATIONS, parse_command
from protocol.wire.rows import TorrentState
from protocol.wire.session.desired_session import DesiredSession
from supervisor.commands.roots.download_roots import DownloadRoots
from supervisor.config.limit_schedule import AlternativeLimits, Window
from supervisor.store.identity import PEERS_KEPT
from tests.supervisor.bench import Bench, PlayedEngine, bench
from tests.supervisor.samples import OTHER, V1, desired

MAGNET = f"magnet:?xt=urn:btih:{V1}"

CHANGES: dict[str, dict[str, Any]] = {
    "remove_torrent": {"torrent": V1},
    "pause": {"torrent": V1},
    "resume": {"torrent": V1},
    "set_sequential": {"torrent": V1, "sequential": True},
    "update_limits": {"torrent": V1, "download_bps": 7},
    "update_selection": {"torrent": V1, "include": ["*.mkv"]},
    "update_web_seeds": {"torrent": V1, "remove": ["http://w/"]},
    "update_options": {"torrent": V1, "max_connections": 7, "labels": ["new"], "name": "shown"},
    "update_trackers": {"torrent": V1, "add": [{"url": "udp://t:1/"}]},
    "add_peers": {"torrent": V1, "peers": ["1.2.3.4:5"]},
    "release_torrent": {"torrent": V1},
}
POISON = Quarantine(reason="it crashes the engine", since_us=5)


def soon(seconds: float = 5.0) -> float:
    """A deadline."""
    return asyncio.get_running_loop().time() + seconds


async def do(on: Bench, op: str, wait: Wait = "durable", deadline_s: float = 5.0, **args: Any) -> dict[str, Any]:
    """Carries out one command."""
    command: Any = parse_command(op, args)
    accepted = await on.mutations.accept(command, soon(deadline_s))
    if wait == "applied":
        async with asyncio.timeout(deadline_s):
            await on.mutations.until_applied(accepted)
    result: dict[str, Any] = msgspec.to_builtins(accepted.result)
    return result


async def refused(on: Bench, op: str, wait: Wait = "durable", deadline_s: float = 5.0, **args: Any) -> OuzelError:
    """The error of a refused command."""
    with pytest.raises(OuzelError) as error:
        await do(on, op, wait, deadline_s, **args)
    return error.value


def on_disk(on: Bench, torrent: str = V1) -> dict[str, Any]:
    """The torrent's record in the resume directory."""
    content = (on.directory / "resume" / f"{torrent}.json").read_bytes()
    record: dict[str, Any] = msgspec.to_builtins(msgspec.structs.asdict(decode_record(content, DesiredTorrent)))
    return record


def revisions(engine: PlayedEngine) -> list[int]:
    """The revisions that were sent to the engine."""
    return [command.desired.revision for command in engine.commands if isinstance(command, EnsureTorrent)]


def fingerprint(on: Bench) -> object:
    """Everything that a client or the next supervisor could see of the desired state, and the number of writes."""
    files = {path.name: path.stat().st_ino for path in (on.directory / "resume").iterdir()}
    return dict(on.catalogue.torrents), dict(on.catalogue.leaving), on.catalogue.session, on.events.head, files


async def test_an_added_torrent_is_durable_told_and_handed_on(tmp_path: Path) -> None:
    """With everything that its client asked for, and defaults for the rest."""
    async with bench(tmp_path) as on:
        engine = await on.engine()
        result = await do(
            on,
            "add_torrent",
            magnet=MAGNET,
            save_path=str(tmp_path / "two" / "x"),
            paused=True,
            sequential=True,
            rules={"include": ["*.mkv"], "exclude": ["*sample*"], "skip_fluff": True},
            priorities=[0, 7],
            download_bps=5,
            upload_bps=6,
            trackers=["udp://t:1"],
            web_seeds=["http://w/"],
            labels=["l"],
            seed_mode=True,
            peers=("[::1]:6881",),
        )
        assert result == {"torrent": V1, "duplicate": False, "shares_files_with": [], "merged": None}
        given = on.catalogue.torrents[V1]
        assert given.added_us > 1_600_000_000_000_000
        assert given == DesiredTorrent(
            torrent=V1,
            source="magnet",
            magnet=MAGNET,
            name=f"name of {V1}",
            save_path=str(tmp_path / "two" / "x"),
            paused=True,
            sequential=True,
            selection=Selection(
                include=("*.mkv",), exclude=("*sample*",), skip_fluff=True, priorities={"0": 0, "1": 7}
            ),
            download_bps=5,
            upload_bps=6,
            trackers=("udp://t:1",),
            web_seeds=("http://w/",),
            labels=("l",),
            seed_mode=True,
            peers=("[::1]:6881",),
            added_us=given.added_us,
            mount_point=mount_point_of(str(tmp_path), on.mounts.current()),
        )
        assert on_disk(on)["save_path"] == str(tmp_path / "two" / "x")
        assert on.told()[-1] == (
            "torrent_added",
            {
                "name": f"name of {V1}",
                "save_path": str(tmp_path / "two" / "x"),
                "paused": True,
                "labels": ["l"],
                "added_us": given.added_us,
                "category": None,
            },
        )
        assert [command.desired for command in await engine.given(EnsureTorrent)] == [given]


async def test_a_link_selects_files_until_others_are_included(tmp_path: Path) -> None:
    """At the add or later. `exclude` and explicit priorities do not change it."""
    async with bench(tmp_path) as on:
        await on.engine()
        magnet = f"magnet:?so=0,2&xt=urn:btih:{V1}"
        await do(on, "add_torrent", magnet=magnet, rules={"exclude": ["x"]}, priorities={"1": 7})
        assert on.catalogue.torrents[V1].selection == Selection(only="0,2", exclude=("x",), priorities={"1": 7})
        assert on.snapshot.detail(on.catalogue.torrents[V1], 0).rules.only == "0,2"
        await do(on, "update_selection", torrent=V1, exclude=[], priorities={})
        assert on.catalogue.torrents[V1].selection == Selection(only="0,2")
        await do(on, "update_selection", torrent=V1, include=[])
        assert on.catalogue.torrents[V1].selection == Selection()
        await do(on, "add_torrent", magnet=magnet.replace(V1, OTHER), rules={"include": ["a"]})
        assert on.catalogue.torrents[OTHER].selection == Selection(include=("a",))


async def test_what_metainfo_says_is_told_and_kept_at_once(tmp_path: Path) -> None:
    """So it is known even if the engine dies now, and the supervisor after it."""
    async with bench(tmp_path) as on:
        await on.engine()
        await do(on, "add_torrent", metainfo=b"torrent " + V1.encode())
        row = on.snapshot.row(on.catalogue.torrents[V1], 0)
        assert (row.name, row.size) == (f"name of {V1}", 5)
        assert [type_ for type_, _ in on.told()][-2:] == ["torrent_added", "metadata_updated"]
        assert on_disk(on)["metadata"] == {"name": f"name of {V1}", "size": 5, "piece_length": 16, "files": 1}


async def test_a_pause_is_told_of_once(tmp_path: Path) -> None:
    """And its end; no change is published if nothing changes."""
    async with bench(tmp_path) as on:
        await on.engine()
        await do(on, "add_torrent", magnet=MAGNET)
        for op in ("pause", "pause", "resume", "resume"):
            await do(on, op, torrent=V1)
        assert on.paused == [(V1, True), (V1, False)]


async def test_metainfo_is_kept_beside_the_record(tmp_path: Path) -> None:
    """The bytes as they came; the save path is the first root if none was named."""
    async with bench(tmp_path) as on:
        await on.engine()
        await do(on, "add_torrent", metainfo=b"torrent " + V1.encode())
        assert (tmp_path / "resume" / f"{V1}.torrent").read_bytes() == b"torrent " + V1.encode()
        given = on.catalogue.torrents[V1]
        assert (given.source, given.magnet, given.save_path) == ("metainfo", None, str(tmp_path / "one"))


@pytest.mark.parametrize(
    ("args", "kind", "field"),
    [
        ({}, ErrorKind.INVALID_ARGUMENT, "args.magnet"),
        ({"magnet": MAGNET, "metainfo": b"x"}, ErrorKind.INVALID_ARGUMENT, "args.magnet"),
        ({"magnet": "magnet:!"}, ErrorKind.INVALID_MAGNET, "args.magnet"),
        ({"metainfo": b"nonsense!"}, ErrorKind.INVALID_METAINFO, "args.metainfo"),
        ({"metainfo": b"outside"}, ErrorKind.PATH_NOT_ALLOWED, "args.metainfo"),
        ({"magnet": MAGNET, "save_path": "/etc"}, ErrorKind.PATH_NOT_ALLOWED, "args.save_path"),
        ({"magnet": MAGNET, "save_path": "one"}, ErrorKind.PATH_NOT_ALLOWED, "args.save_path"),
        ({"magnet": MAGNET, "peers": ["1.2.3.4:1", "host:1"]}, ErrorKind.INVALID_ARGUMENT, "args.peers[1]"),
    ],
)
async def test_what_cannot_be_added_changes_nothing(
    tmp_path: Path, args: dict[str, Any], kind: ErrorKind, field: str
) -> None:
    """There is one error that names the field."""
    async with bench(tmp_path) as on:
        await on.engine()
        before = fingerprint(on)
        error = await refused(on, "add_torrent", **args)
        assert (error.kind, error.field) == (kind, field)
        assert field in error.message or field == "args.magnet"
        assert fingerprint(on) == before


async def test_a_duplicate_is_left_as_it_is(tmp_path: Path) -> None:
    """No write, no event, no command; the result says so."""
    async with bench(tmp_path) as on:
        engine = await on.engine()
        await do(on, "add_torrent", magnet=MAGNET)
        before = fingerprint(on)
        assert await do(on, "add_torrent", magnet=MAGNET, paused=True) == {
            "torrent": V1,
            "duplicate": True,
            "shares_files_with": [],
            "merged": None,
        }
        assert fingerprint(on) == before
        assert revisions(engine) == [1]


async def test_a_link_without_metadata_gets_that_of_a_duplicate(tmp_path: Path) -> None:
    """Once, and durably: the .torrent is there, and the record differs only by the metadata."""
    async with bench(tmp_path) as on:
        engine = await on.engine()
        await do(on, "add_torrent", magnet=MAGNET, labels=["kept"])
        before = on.catalogue.torrents[V1]
        for _ in range(2):
            added = await do(on, "add_torrent", "applied", metainfo=V1.encode(), labels=["left out"], paused=True)
            assert added == {"torrent": V1, "duplicate": True, "shares_files_with": [], "merged": None}
        after = on.catalogue.torrents[V1]
        assert after.metadata is not None
        assert after == msgspec.structs.replace(
            before, metainfo_crc32=crc32_of(V1.encode()), metadata=after.metadata, revision=2
        )
        assert on.catalogue.metainfo_of(after) == V1.encode()
        assert revisions(engine) == [1, 2]


async def test_of_many_who_add_the_same_at_once_one_does(tmp_path: Path) -> None:
    """All others get the duplicate."""
    async with bench(tmp_path) as on:
        await on.engine()
        results = await asyncio.gather(*(do(on, "add_torrent", magnet=MAGNET) for _ in range(10)))
        assert sorted(result["duplicate"] for result in results) == [False] + [True] * 9
        assert on.topics().count(f"lifecycle/{V1}/torrent_added") == 1


@pytest.mark.parametrize(
    ("op", "args", "changed"),
    [
        ("pause", {}, {"paused": True}),
        ("resume", {}, {}),
        ("set_sequential", {"sequential": True}, {"sequential": True}),
        ("update_limits", {"download_bps": 7}, {"download_bps": 7}),
        ("update_limits", {"upload_bps": 0}, {}),
        ("update_limits", {}, {}),
        ("update_selection", {}, {}),
        ("update_selection", {"include": []}, {}),
        ("add_peers", {"peers": ["9.9.9.9:9"]}, {}),
    ],
)
async def test_a_change_is_one_revision_and_no_change_is_none(
    tmp_path: Path, op: str, args: dict[str, Any], changed: dict[str, Any]
) -> None:
    """Without a change there is no write, no event and no command, and the reply is OK."""
    before = desired(peers=("9.9.9.9:9",))
    async with bench(tmp_path) as on:
        await on.catalogue.put(before)
        engine = await on.engine()
        await engine.given(EnsureTorrent)
        untouched = fingerprint(on)
        result = await do(on, op, "applied", torrent=V1, **args)
        assert result.get("torrent", V1) == V1
        if changed:
            assert {key: on_disk(on)[key] for key in changed} == changed
            assert on_disk(on)["revision"] == 2 == on.catalogue.torrents[V1].revision
            assert revisions(engine) == [1, 2]
        else:
            assert fingerprint(on) == untouched
            assert revisions(engine) == [1]


async def test_a_recheck_is_remembered_until_an_engine_has_stored_what_it_found(tmp_path: Path) -> None:
    """Each recheck is a revision; an engine's finding is not, and is dropped if the torrent is gone."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired(metainfo_crc32=1), metainfo=b"")
        engine = await on.engine()
        await engine.given(EnsureTorrent)
        for _ in range(2):
            assert await do(on, "recheck", "applied", torrent=V1) == {"torrent": V1}
        assert (on_disk(on)["recheck"], revisions(engine)) == (3, [1, 2, 3])
        await on.mutations.learn(TorrentRechecked(torrent=V1, revision=2))
        assert on_disk(on)["recheck"] == 3
        await on.mutations.learn(TorrentRechecked(torrent=V1, revision=3))
        assert (on_disk(on)["recheck"], on_disk(on)["revision"]) == (None, 3)
        await do(on, "remove_torrent", torrent=V1)
        await on.mutations.learn(TorrentRechecked(torrent=V1, revision=3))


async def test_an_announce_is_passed_on_unless_the_torrent_cannot_announce(tmp_path: Path) -> None:
    """Nothing is stored. A tracker that the torrent does not have is refused once its trackers are known."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired(trackers=("udp://t/",)))
        assert await do(on, "reannounce", torrent=V1, tracker="udp://u/") == {"torrent": V1}  # without an engine
        engine = await on.engine()
        await engine.given(EnsureTorrent)
        before = fingerprint(on)
        on.snapshot.trackers.known([V1], [("udp://t/", 0)])
        for tracker in (None, "udp://t/"):
            assert await do(on, "reannounce", "applied", torrent=V1, tracker=tracker) == {"torrent": V1}
        sent = [each.tracker for each in await engine.given(ReannounceTorrent, 2)]
        assert sent == [None, "udp://t/"]
        error = await refused(on, "reannounce", torrent=V1, tracker="udp://u/")
        assert (error.kind, error.field) == (ErrorKind.INVALID_ARGUMENT, "args.tracker")
        assert (await refused(on, "reannounce", torrent=OTHER)).kind is ErrorKind.UNKNOWN_TORRENT
        assert fingerprint(on) == before
        await on.catalogue.put(desired(paused=True))
        assert (await refused(on, "reannounce", torrent=V1)).kind is ErrorKind.TORRENT_PAUSED
        await on.catalogue.put(desired(quarantine=POISON))
        assert (await refused(on, "reannounce", torrent=V1)).kind is ErrorKind.QUARANTINED


async def test_results_tell_what_holds_now(tmp_path: Path) -> None:
    """Limits include the omitted ones; the session's limits fall back to the configuration."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired(upload_bps=3))
        assert await do(on, "update_limits", torrent=V1, download_bps=9) == {"download_bps": 9, "upload_bps": 3}
        assert await do(on, "update_limits") == {"download_bps": 1000, "upload_bps": 500}
        assert await do(on, "update_limits", upload_bps=0) == {"download_bps": 1000, "upload_bps": 0}
        assert await do(on, "set_sequential", torrent=V1, sequential=True) == {"torrent": V1, "sequential": True}
        assert await do(on, "add_peers", torrent=V1, peers=["1.1.1.1:1"]) == {"torrent": V1, "added": 1}
        assert on.catalogue.session == DesiredSession(upload_bps=0, revision=2)


async def test_bans_are_durable_and_handed_on(tmp_path: Path) -> None:
    """An address in any form, once. Nothing is written or sent if nothing changes."""
    async with bench(tmp_path) as on:
        engine = await on.engine()
        for peer, address in (("192.0.2.7:6881", "192.0.2.7"), ("2001:DB8::7", "2001:db8::7")):
            assert await do(on, "ban_peer", "applied", peer=peer) == {"address": address}
        stored = json.loads((on.directory / "resume" / "session.json").read_bytes())
        assert stored["banned"] == ["192.0.2.7", "2001:db8::7"]
        untouched = fingerprint(on)
        assert await do(on, "ban_peer", peer="::ffff:192.0.2.7") == {"address": "192.0.2.7"}
        assert await do(on, "unban_peer", peer="192.0.2.8") == {"address": "192.0.2.8"}
        assert fingerprint(on) == untouched
        assert await do(on, "unban_peer", "applied", peer="[192.0.2.7]:1") == {"address": "192.0.2.7"}
        assert on.catalogue.session == DesiredSession(banned=("2001:db8::7",), revision=4)
        assert [command.banned for command in await engine.given(Configure, 4)] == [
            (),
            ("192.0.2.7",),
            ("192.0.2.7", "2001:db8::7"),
            ("2001:db8::7",),
        ]


async def test_a_ban_that_cannot_be_is_refused(tmp_path: Path) -> None:
    """An invalid address, and one too many; nothing changes."""
    async with bench(tmp_path) as on:
        full = DesiredSession(banned=tuple(f"10.0.{high}.{low}" for high in range(40) for low in range(250)))
        await on.catalogue.put_session(full)
        for op, peer in (("ban_peer", "host"), ("unban_peer", "0.0.0.0"), ("ban_peer", "192.0.2.7")):
            error = await refused(on, op, peer=peer)
            assert (error.kind, error.field) == (ErrorKind.INVALID_ARGUMENT, "args.peer")
        assert await do(on, "ban_peer", peer="10.0.0.0") == {"address": "10.0.0.0"}
        assert on.catalogue.session == full


async def test_a_selection_changes_in_the_part_that_is_given(tmp_path: Path) -> None:
    """Omitted parts stay; priorities in a list count from the first file."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        await do(on, "update_selection", torrent=V1, include=["a"], skip_fluff=True)
        await do(on, "update_selection", torrent=V1, exclude=["b"], priorities=[1, 2])
        selection = on.catalogue.torrents[V1].selection
        assert selection == Selection(include=("a",), exclude=("b",), skip_fluff=True, priorities={"0": 1, "1": 2})
        await do(on, "update_selection", torrent=V1, include=[], priorities={"5": 0})
        selection = on.catalogue.torrents[V1].selection
        assert selection == Selection(include=(), exclude=("b",), skip_fluff=True, priorities={"5": 0})
        await on.mutations.accept(UpdateSelection(torrent=V1, priorities={}), soon())
        assert on.catalogue.torrents[V1].selection.priorities == {}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("1.2.3.4:80", "1.2.3.4:80"),
        ("1.2.3.4:080", "1.2.3.4:80"),
        ("[2001:DB8:0::1]:80", "[2001:db8::1]:80"),
        ("[::1]:65535", "[::1]:65535"),
        ("1.2.3.4", None),
        ("1.2.3.4:", None),
        (":80", None),
        ("1.2.3.4:0", None),
        ("1.2.3.4:65536", None),
        ("1.2.3.4:-1", None),
        ("1.2.3.4:8 0", None),
        ("1.2.3.4:٣", None),
        ("1.2.3:80", None),
        ("localhost:80", None),
        ("[::1]", None),
        ("[::g]:80", None),
    ],
)
async def test_peers_are_kept_in_one_form(tmp_path: Path, given: str, kept: str | None) -> None:
    """As libtorrent can read it; invalid ones are refused by name."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        if kept is None:
            error = await refused(on, "add_peers", torrent=V1, peers=["9.9.9.9:9", given])
            assert (error.kind, error.field) == (ErrorKind.INVALID_ARGUMENT, "args.peers[1]")
            assert on.catalogue.torrents[V1].revision == 1
        else:
            await do(on, "add_peers", torrent=V1, peers=[given])
            assert on.catalogue.torrents[V1].peers == (kept,)


async def test_the_latest_peers_are_kept(tmp_path: Path) -> None:
    """Each once, up to a maximum."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        peers = [f"10.0.{number // 250}.{number % 250}:1" for number in range(300)]
        await do(on, "add_peers", torrent=V1, peers=peers[:200])
        await do(on, "add_peers", torrent=V1, peers=peers[150:300])
        assert on.catalogue.torrents[V1].peers == tuple(peers[300 - PEERS_KEPT :])


async def test_changes_of_one_torrent_are_made_in_their_order(tmp_path: Path) -> None:
    """Pause and resume are sent without waiting: each is a revision, and the last one holds."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        engine = await on.engine()
        await asyncio.gather(*(do(on, op, torrent=V1) for op in ["pause", "resume"] * 10))
        told = [command.desired for command in await engine.given(EnsureTorrent, 21)]
        assert [given.paused for given in told] == [False] + [True, False] * 10
        assert [given.revision for given in told] == list(range(1, 22))
        assert on_disk(on)["paused"] is False


async def test_an_unknown_torrent_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    """By every command, however many ids are tried."""
    async with bench(tmp_path) as on:
        await on.engine()
        before = fingerprint(on)
        for op, args in CHANGES.items():
            for number in range(5):
                error = await refused(on, op, **{**args, "torrent": f"{number:040x}"})
                assert (error.kind, error.field) == (ErrorKind.UNKNOWN_TORRENT, "args.torrent")
        assert fingerprint(on) == before
        assert not on.mutations._locks
        assert not on.snapshot._torrents


@pytest.mark.parametrize("op", [*CHANGES, "add_torrent", "update_limits of the session"])
async def test_without_storage_nothing_changes(tmp_path: Path, op: str) -> None:
    """STORAGE_UNAVAILABLE, no event, and no command to the engine.

    The same request works once the directory is back.
    """
    everything: dict[str, dict[str, Any]] = {
        "add_torrent": {"magnet": f"magnet:{OTHER}"},
        "update_limits of the session": {"download_bps": 1},
        **CHANGES,
    }
    given = everything[op]
    async with bench(tmp_path) as on:
        quarantine = POISON if op == "release_torrent" else None
        await on.catalogue.put(desired(paused=op == "resume", quarantine=quarantine))
        engine = await on.engine()
        if quarantine is None:
            await engine.given(EnsureTorrent)
        resume_dir = tmp_path / "resume"
        kept = resume_dir.rename(tmp_path / "kept")
        resume_dir.write_bytes(b"")
        before = (dict(on.catalogue.torrents), dict(on.catalogue.leaving), on.catalogue.session, on.topics())
        error = await refused(on, op.split()[0], **given)
        assert error.kind is ErrorKind.STORAGE_UNAVAILABLE
        after = (dict(on.catalogue.torrents), dict(on.catalogue.leaving), on.catalogue.session, on.topics())
        assert after == before
        assert revisions(engine) == ([1] if quarantine is None else [])
        assert not any(isinstance(command, DropTorrent) for command in engine.commands)
        resume_dir.unlink()
        shutil.move(kept, resume_dir)
        await do(on, op.split()[0], **given)
        assert fingerprint(on) != before


async def test_a_failed_add_leaves_no_lock(tmp_path: Path) -> None:
    """Nothing of a refused torrent stays in memory."""
    async with bench(tmp_path) as on:
        await on.engine()
        shutil.rmtree(tmp_path / "resume")
        for number in range(3):
            error = await refused(on, "add_torrent", magnet=f"magnet:{number:040x}")
            assert error.kind is ErrorKind.STORAGE_UNAVAILABLE
        assert not on.mutations._locks


async def test_a_removed_torrent_is_gone_at_once_and_forgotten_when_it_is(tmp_path: Path) -> None:
    """The removal is durable first; the record is deleted when the engine has released the torrent."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        engine = await on.engine(DropTorrent)
        assert await do(on, "remove_torrent", torrent=V1, delete_files=True) == {"torrent": V1}
        assert on_disk(on)["removal"] == "delete_files"
        assert on.told()[-1] == ("torrent_removed", {"delete_files": True})
        (command,) = await engine.given(DropTorrent)
        assert (command.torrent, command.delete_files) == (V1, True)
        assert command.desired == on.catalogue.leaving[V1]
        assert (await refused(on, "remove_torrent", torrent=V1)).kind is ErrorKind.UNKNOWN_TORRENT
        assert (await refused(on, "pause", torrent=V1)).kind is ErrorKind.UNKNOWN_TORRENT


async def test_a_removed_torrent_that_is_applied_leaves_nothing(tmp_path: Path) -> None:
    """Neither on disk nor in memory: no record, no lock, no observed state."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        await on.engine()
        await do(on, "remove_torrent", "applied", torrent=V1)
        assert list((tmp_path / "resume").iterdir()) == []
        assert (on.catalogue.torrents, on.catalogue.leaving) == ({}, {})
        assert not on.mutations._locks
        assert V1 not in on.snapshot._torrents


async def test_an_add_after_a_removal_waits_for_its_end(tmp_path: Path) -> None:
    """Then it is a new torrent, not a duplicate, and begins at revision 1."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired(paused=True, revision=9))
        engine = await on.engine(DropTorrent)
        await do(on, "remove_torrent", torrent=V1)
        adding = asyncio.ensure_future(do(on, "add_torrent", magnet=MAGNET))
        await engine.given(InspectSource)
        assert (await refused(on, "add_torrent", deadline_s=0.05, magnet=f"magnet:{OTHER}!")).kind is (
            ErrorKind.INVALID_MAGNET
        )
        assert not adding.done()
        (command,) = await engine.given(DropTorrent)
        await engine.tell(TorrentDropped(torrent=command.torrent))
        assert await adding == {"torrent": V1, "duplicate": False, "shares_files_with": [], "merged": None}
        given = on.catalogue.torrents[V1]
        assert (given.paused, given.revision, given.removal) == (False, 1, None)
        assert on.catalogue.leaving == {}


async def test_an_add_that_cannot_wait_longer_is_told_that_the_torrent_is_busy(tmp_path: Path) -> None:
    """TORRENT_BUSY, with a retry time; the removal goes on."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        await on.engine(DropTorrent)
        await do(on, "remove_torrent", torrent=V1)
        error = await refused(on, "add_torrent", deadline_s=0.1, magnet=MAGNET)
        assert error.kind is ErrorKind.TORRENT_BUSY
        assert error.retry_after_ms is not None
        assert V1 in on.catalogue.leaving


async def test_a_removal_that_an_engine_did_not_live_to_see_is_told_to_the_next(tmp_path: Path) -> None:
    """And ends there."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        await on.engine(DropTorrent)
        await do(on, "remove_torrent", torrent=V1)
        adding = asyncio.ensure_future(do(on, "add_torrent", magnet=MAGNET))
        await asyncio.sleep(0)
        await on.lose_engine()
        await on.keeper_restarted()
        await on.engine()
        assert await adding == {"torrent": V1, "duplicate": False, "shares_files_with": [], "merged": None}


async def test_a_source_that_an_engine_died_over_is_tried_on_the_next(tmp_path: Path) -> None:
    """The client notices only a pause."""
    async with bench(tmp_path) as on:
        engine = await on.engine(InspectSource)
        adding = asyncio.ensure_future(do(on, "add_torrent", magnet=MAGNET))
        await engine.given(InspectSource)
        await on.lose_engine()
        await on.keeper_restarted()
        await on.engine()
        assert (await adding)["torrent"] == V1


async def test_a_source_that_kills_engines_is_given_up(tmp_path: Path) -> None:
    """ENGINE_LOST after the second death, and nothing is accepted."""
    async with bench(tmp_path) as on:
        adding = None
        for _ in range(2):
            if on.keeper.gen:
                await on.keeper_restarted()
            engine = await on.engine(InspectSource)
            adding = adding or asyncio.ensure_future(do(on, "add_torrent", magnet=MAGNET))
            await engine.given(InspectSource)
            await on.lose_engine()
        assert adding is not None
        with pytest.raises(OuzelError) as lost:
            await adding
        assert lost.value.kind is ErrorKind.ENGINE_LOST
        assert on.catalogue.torrents == {}


async def test_without_an_engine_in_time_a_source_cannot_be_judged(tmp_path: Path) -> None:
    """ENGINE_UNAVAILABLE at the deadline."""
    async with bench(tmp_path) as on:
        error = await refused(on, "add_torrent", deadline_s=0.05, magnet=MAGNET)
        assert error.kind is ErrorKind.ENGINE_UNAVAILABLE
        assert on.catalogue.torrents == {}


async def test_over_budget_what_needs_the_engine_is_refused_and_the_rest_is_not(tmp_path: Path) -> None:
    """At once; accepted changes stay durable for a later engine."""
    async with bench(tmp_path, budget=0) as on:
        await on.catalogue.put(desired())
        await on.spend_budget()
        error = await refused(on, "add_torrent", magnet=MAGNET)
        assert error.kind is ErrorKind.ENGINE_UNAVAILABLE
        assert error.retry_after_ms is not None
        for op, args in reversed(CHANGES.items()):
            await do(on, op, **args)
        assert on.catalogue.torrents == {}
        assert on_disk(on)["removal"] == "keep_files"


async def test_applied_waits_for_the_confirmation(tmp_path: Path) -> None:
    """Of this revision or a later one, not of an earlier one."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired(revision=5))
        engine = await on.engine(EnsureTorrent)
        changing = asyncio.ensure_future(do(on, "pause", "applied", torrent=V1))
        await engine.given(EnsureTorrent, 2)
        await engine.tell(TorrentApplied(torrent=V1, revision=5))
        while on.snapshot.of(V1).applied_revision != 5:
            await on.turn()
        assert not changing.done()
        await engine.tell(TorrentApplied(torrent=V1, revision=6))
        assert await changing == {"torrent": V1}
        assert await do(on, "pause", "applied", torrent=V1) == {"torrent": V1}


async def test_applied_ends_at_the_deadline_and_the_change_stays(tmp_path: Path) -> None:
    """TimeoutError; a durable change is not undone."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        await on.engine(EnsureTorrent)
        with pytest.raises(TimeoutError):
            await do(on, "pause", "applied", deadline_s=0.05, torrent=V1)
        assert on_disk(on)["paused"]
        assert on.catalogue.torrents[V1].paused


async def test_applied_outlives_the_engine(tmp_path: Path) -> None:
    """The next engine gets the whole desired state, and its confirmation is the answer."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        engine = await on.engine(EnsureTorrent)
        changing = asyncio.ensure_future(do(on, "pause", "applied", torrent=V1))
        await engine.given(EnsureTorrent, 2)
        await on.lose_engine()
        await on.keeper_restarted()
        await on.engine()
        assert await changing == {"torrent": V1}


async def test_a_revision_that_libtorrent_refuses_is_engine_refused(tmp_path: Path) -> None:
    """With libtorrent's message; the desired state is durable all the same."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        engine = await on.engine(EnsureTorrent)
        changing = asyncio.ensure_future(do(on, "pause", "applied", torrent=V1))
        await engine.given(EnsureTorrent, 2)
        await engine.tell(TorrentApplied(torrent=V1, revision=2, problem="cannot do that"))
        with pytest.raises(OuzelError, match="cannot do that") as error:
            await changing
        assert error.value.kind is ErrorKind.ENGINE_REFUSED
        assert on_disk(on)["paused"]


async def test_session_limits_are_applied_when_the_engine_says_so(tmp_path: Path) -> None:
    """The new limits are sent as a whole, with a revision of their own."""
    async with bench(tmp_path) as on:
        engine = await on.engine()
        assert await do(on, "update_limits", "applied", download_bps=7) == {"download_bps": 7, "upload_bps": 500}
        configured = await engine.given(Configure, 2)
        assert [(command.download_bps, command.upload_bps) for command in configured] == [(1000, 500), (7, 500)]
        assert configured[1].revision == on.catalogue.session.revision == 2


async def test_alternative_limits_are_switched(tmp_path: Path) -> None:
    """On, off, and to the schedule. The switch is stored; a torrent has none, and there must be such limits."""
    async with bench(tmp_path) as on:
        engine = await on.engine()
        await on.catalogue.put(desired())
        for given in ({"alternative": True}, {"torrent": V1, "alternative": None}):
            error = await refused(on, "update_limits", **given)
            assert (error.kind, error.field) == (ErrorKind.INVALID_ARGUMENT, "args.alternative")
        window = Window(start="22:00", to="06:00")
        other = AlternativeLimits(download_bps=10, upload_bps=20)
        limits = msgspec.structs.replace(on.config.limits, alternative=other, schedule=[window])
        on.reads.config = msgspec.structs.replace(on.config, limits=limits)
        on.in_force.apply(on.reads.config)
        for switch in (True, False, None):
            report = await do(on, "update_limits", "applied", alternative=switch)
            assert report["alternative"]["switch"] is switch
            assert json.loads((tmp_path / "resume/session.json").read_bytes())["alternative"] is switch
        configured = await engine.given(Configure, 4)
        assert [command.download_bps for command in configured] == [1000, 10, 1000, 1000]
        assert [command.upload_bps for command in configured] == [500, 20, 500, 500]
        on.local_time = (0, 23 * 60)
        assert (await do(on, "update_limits"))["alternative"]["in_force"]


async def test_session_limits_that_hold_already_are_applied_already(tmp_path: Path) -> None:
    """Nothing is sent, so there is no wait."""
    async with bench(tmp_path) as on:
        await on.engine()
        await do(on, "update_limits", "applied", download_bps=7)
        async with asyncio.timeout(2):
            assert await do(on, "update_limits", "applied", download_bps=7) == {"download_bps": 7, "upload_bps": 500}


async def test_session_limits_wait_for_an_engine_that_is_silent(tmp_path: Path) -> None:
    """An earlier revision's confirmation is not enough."""
    async with bench(tmp_path) as on:
        engine = await on.engine()
        engine.deaf.add(Configure)
        changing = asyncio.ensure_future(do(on, "update_limits", "applied", download_bps=7))
        await engine.given(Configure, 2)
        await engine.tell(SettingsApplied(revision=1), TorrentApplied(torrent=OTHER, revision=99))
        await engine.tell(SettingsApplied(revision=2))
        assert (await changing)["download_bps"] == 7


async def test_torrents_do_not_wait_for_each_other(tmp_path: Path) -> None:
    """A torrent that is being removed blocks only its own id."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        await on.catalogue.put(desired(OTHER))
        await on.engine(DropTorrent)
        await do(on, "remove_torrent", torrent=V1)
        adding = asyncio.ensure_future(do(on, "add_torrent", deadline_s=0.3, magnet=MAGNET))
        await asyncio.sleep(0)
        await do(on, "pause", "applied", torrent=OTHER)
        assert not adding.done()
        with pytest.raises(OuzelError):
            await adding


def test_the_default_add_asks_for_nothing() -> None:
    """And the table of operations agrees with the table of changes here."""
    ops = {op for op, operation in OPERATIONS.items() if operation.mutates}
    changing = {"add_torrent", "ban_peer", "reannounce", "recheck", "restore_damaged", "unban_peer", "update_settings"}
    changing |= {"relocate_storage"}
    changing |= {"move_storage", "rename_file", "rename_folder"}
    changing |= {"move_in_queue", "set_piece_deadlines"}
    changing |= {"put_category", "remove_category"}
    changing |= {"put_group", "remove_group"}
    changing |= {"create_torrent", "cancel_job"}
    changing |= {"update_goals", "update_log_levels"}
    changing |= {"put_category", "remove_category", "upload_part"}
    assert ops == {*CHANGES, *changing}
    assert AddTorrent().priorities == {}


async def test_a_save_path_that_does_not_answer_hangs_its_own_request_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is refused at its deadline, and nothing is accepted; others are answered meanwhile."""
    hung = threading.Event()
    confine = DownloadRoots.confine

    def hang(roots: DownloadRoots, path: str | None, field: str) -> str:
        if path == "/hung":
            hung.wait()
        return confine(roots, path, field)

    monkeypatch.setattr(DownloadRoots, "confine", hang)
    async with bench(tmp_path) as on:
        await on.engine()
        try:
            slow = asyncio.create_task(refused(on, "add_torrent", magnet=MAGNET, save_path="/hung", deadline_s=0.6))
            await do(on, "add_torrent", metainfo=OTHER.encode())
            error = await slow
            hasty = await refused(on, "add_torrent", magnet=MAGNET, save_path="/hung", deadline_s=0.05)
        finally:
            hung.set()
        assert hasty.kind is ErrorKind.DEADLINE_EXCEEDED, "so little time says nothing of the disk"
        assert (error.kind, error.field) == (ErrorKind.STORAGE_UNAVAILABLE, "args.save_path")
        assert V1 not in on.catalogue.torrents


async def test_resuming_what_has_stopped_for_an_error_tries_again(tmp_path: Path) -> None:
    """Although the desired state is the same; a torrent without an error is not changed."""
    async with bench(tmp_path) as on:
        engine = await on.engine()
        await do(on, "add_torrent", magnet=MAGNET)
        await do(on, "resume", torrent=V1)
        on.snapshot.of(V1).state = TorrentState.ERROR
        await do(on, "resume", torrent=V1)
        afresh = (await engine.given(EnsureTorrent, 2))[-1]
        assert (afresh.afresh, afresh.desired.revision) == (True, 2)
        assert on.catalogue.torrents[V1].revision == 2, "so that who waits is not told what was true before"


async def test_a_quarantine_is_durable_and_told_to_all_who_wait(tmp_path: Path) -> None:
    """Its row has the cause; requests that wait for libtorrent get an error."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        engine = await on.engine(EnsureTorrent)
        waits = asyncio.create_task(refused(on, "pause", "applied", torrent=V1))
        await engine.given(EnsureTorrent, 2)
        await on.mutations.quarantine(V1, POISON)
        assert (await waits).kind is ErrorKind.QUARANTINED
        assert on_disk(on)["quarantine"] == {"reason": POISON.reason, "since_us": 5, "crash_report": None}
        row = on.snapshot.row(on.catalogue.torrents[V1], 0.0)
        assert (row.state, row.error) == (TorrentState.QUARANTINED, POISON.reason)
        assert on.told()[-2:] == [
            ("state_changed", {"state": "quarantined", "previous": "queued"}),
            ("quarantined", {"reason": POISON.reason, "crash_report": None}),
        ]
        before = fingerprint(on)
        await on.mutations.quarantine(V1, POISON)
        await on.mutations.quarantine(OTHER, POISON)
        assert fingerprint(on) == before


async def test_what_is_asked_of_a_torrent_in_quarantine_is_durable(tmp_path: Path) -> None:
    """At once, without waiting for libtorrent: QUARANTINED. It can be removed, but not with its files."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired(quarantine=POISON))
        await on.engine()
        assert await do(on, "update_limits", torrent=V1, upload_bps=9) == {"download_bps": 0, "upload_bps": 9}
        error = await refused(on, "pause", "applied", torrent=V1)
        assert error.kind is ErrorKind.QUARANTINED
        assert on_disk(on)["paused"] is True
        before = fingerprint(on)
        error = await refused(on, "remove_torrent", torrent=V1, delete_files=True)
        assert (error.kind, error.field) == (ErrorKind.QUARANTINED, "args.delete_files")
        assert fingerprint(on) == before
        await do(on, "remove_torrent", "applied", torrent=V1)
        assert not on.catalogue.torrents
        assert not on.catalogue.leaving


async def test_a_released_torrent_is_loaded_again(tmp_path: Path) -> None:
    """A torrent that is not in quarantine does not change, and the reply is OK."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired(quarantine=POISON))
        on.snapshot.quarantined(V1, POISON.reason)
        engine = await on.engine()
        assert await do(on, "release_torrent", "applied", torrent=V1) == {"torrent": V1}
        assert on_disk(on)["quarantine"] is None
        assert revisions(engine) == [2]
        assert on.snapshot.row(on.catalogue.torrents[V1], 0.0).error is None
        assert on.told()[-2:] == [
            ("released", {}),
            ("state_changed", {"state": "queued", "previous": "quarantined"}),
        ]
        before = fingerprint(on)
        assert await do(on, "release_torrent", "applied", torrent=V1) == {"torrent": V1}
        assert fingerprint(on) == before


async def test_a_torrent_that_leaves_and_is_quarantined_keeps_its_files(tmp_path: Path) -> None:
    """It would have to be loaded to find them; the engine removes it without that."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        engine = await on.engine(DropTorrent)
        await do(on, "remove_torrent", torrent=V1, delete_files=True)
        await on.mutations.quarantine(V1, POISON)
        told = await engine.given(DropTorrent, 2)
        assert [command.delete_files for command in told] == [True, False]
        assert on_disk(on)["quarantine"]["reason"] == POISON.reason


@pytest.mark.parametrize(
    ("argument", "value", "field"),
    [
        ("trackers", ["http:///announce"], "args.trackers[0]"),
        ("trackers", ["udp://h:1/", "http://h:99999/"], "args.trackers[1]"),
        ("web_seeds", ["http://h:x/"], "args.web_seeds[0]"),
        ("peers", ["0.0.0.0:5"], "args.peers[0]"),
        ("peers", ["[fe80::1%lo]:5"], "args.peers[0]"),
        ("peers", ["239.0.0.1:5"], "args.peers[0]"),
        ("rules", {"include": ["x" * 4096] * 8, "exclude": ["x" * 4096] * 9}, "args.rules"),
    ],
)
async def test_what_can_never_work_is_refused(tmp_path: Path, argument: str, value: Any, field: str) -> None:
    """Before an engine is asked; nothing is accepted."""
    async with bench(tmp_path) as on:
        error = await refused(on, "add_torrent", magnet=MAGNET, **{argument: value})
        assert (error.kind, error.field) == (ErrorKind.INVALID_ARGUMENT, field)
        assert on.catalogue.torrents == {}


async def test_globs_are_bounded_together(tmp_path: Path) -> None:
    """Including earlier globs."""
    async with bench(tmp_path) as on:
        await on.engine()
        await do(on, "add_torrent", magnet=MAGNET, rules={"include": ["x" * 4096] * 16})
        error = await refused(on, "update_selection", torrent=V1, exclude=["x"])
        assert (error.kind, error.field) == (ErrorKind.INVALID_ARGUMENT, "args.exclude")
        assert on.catalogue.torrents[V1].revision == 1
