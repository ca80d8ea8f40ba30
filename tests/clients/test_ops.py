"""Every op by every client: each gets the same reply as the Python client."""

import base64
import hashlib
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import pytest

import ouzel
from protocol.durable.integrity import encode_record
from protocol.wire.desired import DesiredTorrent
from protocol.wire.operations import OPERATIONS
from protocol.wire.rows import TorrentState
from tests.clients.bare import Bare
from tests.clients.languages import Calls, Endpoints
from tests.clients.matrix import Matrix
from tests.clients.plain import kinds, plain
from tools.rig import bencode, payload
from tools.rig.daemon import Daemon
from tools.rig.payload import Torrent
from tools.rig.waiting import until

pytestmark = pytest.mark.process

UNKNOWN = "f" * 40
Replies = dict[str, list[Any]]


class Asker(Protocol):
    """Sends a request and returns the map of its reply."""

    def ask(self, op: str, args: dict[str, Any] | None = None, **envelope: Any) -> dict[str, Any]: ...


class Session:
    """One client's session with all ops, a torrent of its own, and the replies.

    Fields:
        replies: by row of the table.
    """

    def __init__(self, asker: Asker, name: str, made: Torrent, client: ouzel.Client) -> None:
        self.replies: Replies = {}
        self._asker = asker
        self._name = name
        self._made = made
        self._client = client
        self._aside = hashlib.sha1(name.encode()).hexdigest()
        self._names = {made.torrent: "<torrent>", name: "<name>", self._aside: "<aside>"}

    def ask(self, row: str, op: str, args: dict[str, Any] | None = None, **envelope: Any) -> Any:
        """Sends a request and stores the comparable reply. Returns the original result or error."""
        reply = self._asker.ask(op, args, **envelope)
        if "id" in envelope:
            assert reply["id"] == envelope["id"]
        reply.pop("id")
        if op == "list_damaged":  # other clients have torrents of their own
            files = reply["result"]["files"]
            reply["result"]["files"] = [file for file in files if file["torrent"] == self._aside]
        if op == "list_categories":  # and categories of their own
            listed = reply["result"]["categories"]
            reply["result"]["categories"] = [each for each in listed if each["name"] == f"<{self._name}>"]
        if op == "list_groups":
            listed = reply["result"]["groups"]
            reply["result"]["groups"] = [each for each in listed if each["name"] == f"<{self._name}>"]
        if op == "export_torrent":  # the payload is random
            metainfo = bencode.decode(base64.b64decode(plain(reply["result"]["metainfo"], {})["$bin"]))
            assert isinstance(metainfo, dict)
            reply["result"]["metainfo"] = hashlib.sha1(bencode.encode(metainfo[b"info"])).hexdigest()
        if op == "create_torrent":
            self._names[reply["result"]["job"]] = "<job>"
        if op == "list_jobs":  # other clients have jobs of their own
            jobs = reply["result"]["jobs"]
            reply["result"]["jobs"] = [job for job in jobs if job["job"] in self._names]
        if op == "get_settings":  # other clients change these at the same time
            del reply["result"]["settings"]["peer_timeout"], reply["result"]["limits"]
        if op == "stats":  # other clients' torrents come and go
            assert sum(reply["result"].pop("torrents").values()) >= 1
            del reply["result"]["session"]["network_thread_load"]  # null in the first seconds of an engine
        if "error" in reply:  # the name in the log has the connection or the id of the request
            reply["error"].pop("request", None)
        if op == "get_metrics":  # other clients' requests and categories come and go
            for each in ("categories", "requests", "engine_ends", "memory"):
                assert isinstance(reply["result"].pop(each), dict | list)
        shaped = op in ("stats", "get_counters", "get_goals", "get_log", "get_metrics", "get_spans")
        told = kinds(reply) if shaped else plain(reply, self._names)
        self.replies.setdefault(row, []).append(told)
        return reply.get("result") or reply.get("error")

    def add(self) -> None:
        """Adds the torrent and waits for it. Requests that are not about it are sent before anybody adds a torrent."""
        metainfo = {"$bin": base64.b64encode(self._made.metainfo).decode()}
        args = {"metainfo": metainfo, "paused": True, "labels": [self._name], "trackers": ["udp://127.0.0.1:1/x"]}
        for _ in range(2):
            self.ask("add_torrent", "add_torrent", args, wait="applied")
        part = {"upload": "large", "offset": 0, "data": {"$bin": base64.b64encode(b"part").decode()}}
        for _ in range(2):
            self.ask("upload_part", "upload_part", part)
        until(self._settled, "it is paused, and its size is known")

    def _settled(self) -> bool:
        row = self._client.get_torrent(self._made.torrent)
        return row.state is TorrentState.PAUSED and row.bytes_total > 0

    def read(self, epoch: str) -> None:
        """Runs the reads."""
        torrent = {"torrent": self._made.torrent}
        for op in ("hello", "ping", "health", "stats"):
            self.ask(op, op, deadline_ms=60_000)
        self.ask("get_settings", "get_settings")
        self.ask("get_counters", "get_counters")
        self.ask("get_metrics", "get_metrics")
        self.ask("get_spans", "get_spans", {"ratio": 0.0})
        self.ask("get_goals", "get_goals")
        self.ask("get_log", "get_log", {"level": "info", "request": "nobody/0", "limit": 1})
        self.ask("get_log_levels", "get_log_levels")
        page = self.ask("list_torrents", "list_torrents", {"label": self._name, "limit": 1})
        self.ask("list_torrents", "list_torrents", {"label": self._name, "cursor": page["cursor"]})
        self.ask("list_torrents", "list_torrents", {"ids": [self._made.torrent], "fields": ["name", "size"]})
        self.ask("get_torrent", "get_torrent", torrent)
        files = self.ask("list_files", "list_files", {**torrent, "limit": 1})
        self.ask("list_files", "list_files", {**torrent, "cursor": files["cursor"]})
        self.ask("list_trackers", "list_trackers", torrent)
        self.ask("list_peers", "list_peers", torrent)
        self.ask("export_torrent", "export_torrent", torrent)
        self.ask("piece_map", "piece_map", torrent)
        self.ask("replay", "replay", {"epoch": epoch, "after_seq": 0, "limit": 5})
        self.ask("replay", "replay", {"epoch": "0", "after_seq": 0})
        [crash] = self.ask("list_crashes", "list_crashes")["crashes"]
        self.ask("get_crash", "get_crash", {"name": crash["name"]})
        self.ask("snapshot", "snapshot", {"limit": 10_000})
        [snapshot] = self.replies["snapshot"]
        snapshot["result"]["torrents"] = [row for row in snapshot["result"]["torrents"] if row["labels"] == ["<name>"]]

    def change(self) -> None:
        """Runs the mutations."""
        torrent = {"torrent": self._made.torrent}
        self.ask("pause", "pause", torrent)
        self.ask("set_sequential", "set_sequential", {**torrent, "sequential": True}, wait="applied")
        self.ask("update_limits", "update_limits", {**torrent, "download_bps": 100_000})
        for value in (77, None):
            self.ask("update_settings", "update_settings", {"settings": {"peer_timeout": value}}, wait="applied")
        self.ask("update_goals", "update_goals", {"inactive_time_s": "file", "action": "pause"}, wait="applied")
        self.ask("update_goals", "update_goals", {"action": "file"})
        self.ask("update_log_levels", "update_log_levels", {"levels": {"libtorrent": None}}, wait="applied")
        self.ask("update_selection", "update_selection", {**torrent, "exclude": ["*.nfo"], "priorities": {"0": 7}})
        self.ask("update_options", "update_options", {**torrent, "pex": False, "max_uploads": 7}, wait="applied")
        queue = {"torrents": [self._made.torrent], "where": "top"}
        self.ask("errors", "move_in_queue", queue)
        self.ask("update_options", "update_options", {**torrent, "auto_managed": True})
        self.ask("move_in_queue", "move_in_queue", queue)
        self.ask("update_options", "update_options", {**torrent, "auto_managed": False})
        self.ask("recheck", "recheck", torrent)
        self.ask("errors", "reannounce", torrent)
        self.ask("add_peers", "add_peers", {**torrent, "peers": ["127.0.0.1:1"]})
        self.ask("ban_peer", "ban_peer", {"peer": "192.0.2.7:6881"}, wait="applied")
        self.ask("ban_peer", "ban_peer", {"peer": "nobody"})
        self.ask("list_bans", "list_bans")
        self.ask("unban_peer", "unban_peer", {"peer": "192.0.2.8"})
        category = {"name": f"<{self._name}>"}
        self.ask("put_category", "put_category", category, wait="applied")
        self.ask("put_category", "put_category", {**category, "save_path": "relative"})
        self.ask("list_categories", "list_categories")
        self.ask("update_options", "update_options", {**torrent, "category": category["name"]})
        self.ask("list_torrents", "list_torrents", {"category": category["name"], "fields": ["category"]})
        for _ in range(2):
            self.ask("remove_category", "remove_category", category)
        group = {"name": f"<{self._name}>"}
        self.ask("put_group", "put_group", {**group, "download_bps": 100_000}, wait="applied")
        self.ask("put_group", "put_group", {**group, "upload_bps": 1})
        self.ask("list_groups", "list_groups")
        self.ask("update_options", "update_options", {**torrent, "group": group["name"]})
        for _ in range(2):
            self.ask("remove_group", "remove_group", group)
        self.ask("release_torrent", "release_torrent", torrent)
        changed = {"add": [{"url": "udp://127.0.0.1:1/y", "tier": 3}], "remove": ["udp://127.0.0.1:1/z"]}
        self.ask("update_trackers", "update_trackers", {**torrent, **changed}, wait="applied")
        self.ask("update_web_seeds", "update_web_seeds", {**torrent, "add": ["http://127.0.0.1:1/"]}, wait="applied")
        self.ask("list_web_seeds", "list_web_seeds", torrent)
        self.ask("resume", "resume", torrent, wait="applied")
        wanted = {"file": 0, "offset": 0, "length": 11, "deadline_ms": 60_000}
        self.ask("set_piece_deadlines", "set_piece_deadlines", {**torrent, **wanted})
        self.ask("reannounce", "reannounce", {**torrent, "tracker": "udp://127.0.0.1:1/x"})
        named = {"id": 7, "client": f"{self._name}-again"}
        for _ in range(2):
            self.ask("repeated under one id", "pause", torrent, **named)
        self.ask("repeated under one id", "resume", torrent, **named)
        self.ask("get_torrent", "get_torrent", torrent)
        self._move(torrent)
        self.ask("remove_torrent", "remove_torrent", {**torrent, "delete_files": True})

    def _move(self, torrent: dict[str, str]) -> None:
        """Renames a folder and a file, and moves the torrent. Waits for each, since only one is possible at a time."""
        there = f"{self._client.get_torrent(self._made.torrent).save_path}/{self._name}-moved"
        self.ask("rename_folder", "rename_folder", {**torrent, "path": self._name, "new_path": f"{self._name}-x"})
        until(partial(self._has, f"{self._name}-x/a.bin"), "the folder is renamed")
        self.ask("errors", "rename_file", {**torrent, "index": 0, "path": "../a.bin"})
        self.ask("rename_file", "rename_file", {**torrent, "index": 0, "path": f"{self._name}-x/b/a.bin"})
        until(partial(self._has, f"{self._name}-x/b/a.bin"), "the file is renamed")
        self.ask("relocate_storage", "relocate_storage", {**torrent, "save_path": there, "dry_run": True})
        self.ask("errors", "move_storage", {**torrent, "save_path": "relative"})
        self.ask("move_storage", "move_storage", {**torrent, "save_path": there}, wait="applied")
        until(lambda: self._client.get_torrent(self._made.torrent).save_path == there, "the torrent is moved")

    def _has(self, path: str) -> bool:
        return path in (row.path for row in self._client.list_files(torrent=self._made.torrent))

    def restore(self, resume_dir: Path) -> None:
        """Restores a file that was put aside: the valid record of another torrent."""
        aside = resume_dir / "damaged"
        aside.mkdir(exist_ok=True)
        magnet = f"magnet:?xt=urn:btih:{self._aside}"
        record = DesiredTorrent(torrent=self._aside, source="magnet", magnet=magnet, save_path="/x")
        (aside / f"{self._aside}.json").write_bytes(encode_record(record))
        self.ask("list_damaged", "list_damaged")
        self.ask("restore_damaged", "restore_damaged", {"name": f"{self._aside}.json"})
        self.ask("errors", "restore_damaged", {"name": f"{self._aside}.json"})
        self.ask("remove_torrent", "remove_torrent", {"torrent": self._aside}, wait="applied")

    def make(self, downloads: Path) -> None:
        """Makes a torrent of a file."""
        path = downloads / f"{self._name}.bin"
        path.write_bytes(b"content")
        job = self.ask("create_torrent", "create_torrent", {"path": str(path), "output": f"{path}.torrent"})["job"]

        def ended() -> str | None:
            [row] = [row for row in self._client.list_jobs() if row.job == job]
            return row.torrent

        self._names[until(ended, "the torrent is made")] = "<made>"
        until(Path(f"{path}.torrent").exists, "it is written")
        self.ask("cancel_job", "cancel_job", {"job": job})
        self.ask("errors", "cancel_job", {"job": "none"})
        self.ask("list_jobs", "list_jobs")

    def err(self) -> None:
        """Runs requests that are refused."""
        for args in ({"torrent": self._made.torrent}, {"torrent": UNKNOWN}, {"torrent": 5}, {}):
            self.ask("errors", "pause", args)
        self.ask("errors", "no_such_op")
        self.ask("errors", "ping", v=2)
        self.ask("errors", "ping", wait="sometime")
        self.ask("errors", "add_torrent", {"magnet": "magnet:?xt=ü"})
        self.ask("errors", "add_torrent", {"metainfo": {"$bin": base64.b64encode(bytes(range(256))).decode()}})
        self.ask("errors", "update_limits", {"download_bps": -1})
        self.ask("errors", "update_settings", {"settings": {"peer_timeout": 2**31}})
        self.ask("errors", "get_crash", {"name": "../../etc/passwd"})


def whole(asker: Asker, name: str, root: Path, daemon: Daemon) -> Replies:
    """The whole session, with a torrent of three files, one of which is fluff."""
    files = {"a.bin": 50_000, "b.bin": 50_000, "ü.nfo": 100}
    made = payload.make(root / "payload", name, files, piece_size=16 * 1024)
    with ouzel.Client(daemon.runtime_dir) as client:
        session = Session(asker, name, made, client)
        session.add()
        session.read(str(asker.ask("ping")["epoch"]))
        session.change()
        session.restore(daemon.resume_dir)
        session.make(daemon.downloads)
        session.err()
        return session.replies


def test_every_client_gets_what_python_gets_for_every_op(
    root: Path, daemon: Daemon, endpoints: Endpoints, record_property: Any
) -> None:
    """It runs again after the engine was killed; there is one crash report then."""
    daemon.kill_engine()
    until(daemon.client.list_crashes, "there is a crash report")
    until(daemon.healthy, "there is a next engine")
    with Bare(endpoints) as bare:
        expected = whole(bare, "python-name", root, daemon)
    assert not {op: reply for op in OPERATIONS if not (reply := expected[op][0])["ok"]}
    assert not any(reply["ok"] for reply in expected["errors"])

    def compare(language: str) -> None:
        with Calls(language, endpoints) as calls:
            found = whole(calls, f"{language}-name", root, daemon)
        for row, replies in expected.items():
            with matrix.cell(row, language):
                assert found[row] == replies

    with Matrix(record_property) as matrix:
        matrix.each(compare)
