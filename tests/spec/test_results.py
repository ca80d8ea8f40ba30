from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from protocol.durable.integrity import encode_record
from protocol.wire.desired import DesiredTorrent
from protocol.wire.operations import OPERATIONS
from protocol.wire.results import TorrentAccepted
from tools.rig.daemon import Daemon
from tools.rig.waiting import until
from tools.spec import samples
from tools.spec.sessions import Player, assert_known

pytestmark = pytest.mark.process


def calls(crash: str, epoch: str, job: str, made: str, save_path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each op with arguments that a daemon accepts, `remove_torrent` last; the torrent exists."""
    for op in OPERATIONS:
        if op == "remove_torrent":
            continue
        args: dict[str, Any] = {"torrent": samples.TORRENT} if "torrent" in samples.ARGUMENTS[op] else {}
        match op:
            case "replay":
                args = {"epoch": epoch, "after_seq": 0}
            case "get_crash":
                args = {"name": crash}
            case "create_torrent":
                args = {"path": made, "output": f"{made}.torrent"}
            case "cancel_job":
                args = {"job": job}
            case "add_torrent":
                args = {"metainfo": samples.METAINFO}
            case "add_peers":
                args["peers"] = ["127.0.0.1:1"]
            case "move_storage" | "relocate_storage":
                args["save_path"] = save_path
            case "rename_file" | "rename_folder":
                args = samples.ARGUMENTS[op]
            case "update_options":
                args["auto_managed"] = True
            case "set_piece_deadlines":
                args |= {"file": 0, "offset": 0, "length": 11, "deadline_ms": 0}
            case "move_in_queue":
                args = {"torrents": [samples.TORRENT], "where": "top"}
            case (
                "set_sequential"
                | "update_limits"
                | "update_settings"
                | "update_goals"
                | "update_log_levels"
                | "restore_damaged"
                | "ban_peer"
                | "unban_peer"
                | "upload_part"
            ):
                args = samples.ARGUMENTS[op]
            case "put_category" | "remove_category" | "put_group" | "remove_group":
                args = {"name": "films"}
            case _:
                pass
        yield op, args
    yield "list_torrents", {"fields": ["state", "progress", "age_ms"]}
    yield "remove_torrent", {"torrent": samples.TORRENT}


def shows(daemon: Daemon, path: str) -> bool:
    """Whether the first file has this path."""
    return next(daemon.client.list_files(torrent=samples.TORRENT)).path == path


def test_real_results_are_of_the_types_that_the_table_names(root: Path) -> None:
    """For each op, of a daemon that has lost an engine, so that there is a report; no member is unknown."""
    with Daemon(root / "d") as daemon, Player(daemon) as player:
        player.call(samples.request(0, "add_torrent", {"metainfo": samples.METAINFO}))
        daemon.kill_engine()
        aside = daemon.resume_dir / "damaged"
        aside.mkdir()
        record = DesiredTorrent(torrent=samples.OTHER, source="magnet", magnet=samples.MAGNET, save_path="/x")
        (aside / f"{samples.OTHER}.json").write_bytes(encode_record(record))
        crash = until(daemon.client.list_crashes, "a report is written")[0].name
        until(lambda: daemon.client.get_torrent(samples.TORRENT).files, "the files are known")
        until(daemon.healthy, "the next engine has the torrent")
        epoch = player.call(samples.request(1, "hello", {}))["epoch"]
        made = str(daemon.downloads / "made")
        Path(made).write_bytes(samples.CONTENT)
        job = daemon.client.create_torrent(made, output=f"{made}.torrent")
        told = set()
        for number, (op, args) in enumerate(calls(crash, epoch, job, made, str(daemon.downloads)), 2):
            reply = player.call(samples.request(number, op, args))
            assert reply["ok"], reply
            told.add(op)
            if op.startswith("rename_"):
                until(partial(shows, daemon, args.get("new_path", "greetings") + "/hello.txt"), "it is renamed")
        assert told == set(OPERATIONS)


def test_what_a_type_does_not_know_is_found() -> None:
    """Otherwise the test above, and the sessions, could not fail."""
    assert_known({"torrent": "x"}, TorrentAccepted)
    with pytest.raises(AssertionError):
        assert_known({"torrent": "x", "newer": 1}, TorrentAccepted)
    with pytest.raises(msgspec.ValidationError):
        assert_known({"torrent": 1}, TorrentAccepted)
