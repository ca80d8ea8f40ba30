import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import msgpack
import pytest
import zmq

from protocol.internal.link_commands import DropTorrent, EnsureTorrent
from protocol.internal.link_events import TorrentApplied
from protocol.internal.link_queries import InspectSource, SourceInspected
from protocol.wire.commands.kinds import Command
from protocol.wire.commands.session_commands import Ping
from protocol.wire.crashes import CrashReport
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.rows import TorrentState
from supervisor.engine.process import crash_reports
from supervisor.engine.process.crash_reports import name_of
from supervisor.engine.torrents.observed.packed_files import Metadata
from supervisor.requests.claims import IN_FLIGHT_MAX
from supervisor.requests.requests import HOPS_MAX, local_only
from supervisor.transport.loop_socket import LOCAL, Sender
from tests.supervisor.bench import bench
from tests.supervisor.samples import OTHER, V1, desired, progress

pytestmark = pytest.mark.slow


def request(**fields: Any) -> bytes:
    """A frame as a client sends it."""
    packed: bytes = msgpack.packb({"v": 1, "id": 1, "op": "ping", **fields})
    return packed


async def test_a_reply_has_the_request_id_and_where_the_numbering_is(tmp_path: Path) -> None:
    """Strings and numbers are returned unchanged."""
    async with bench(tmp_path) as on:
        await on.engine()
        client = on.client()
        for number in (0, 2**53 - 1, "", "x" * 200, "ü"):
            await client.socket.send(request(id=number))
            assert await client.reply() == {
                "v": 1,
                "id": number,
                "ok": True,
                "result": {},
                "epoch": "epoch-1",
                "gen": 1,
                "seq": on.events.head,
            }


@pytest.mark.parametrize(
    ("frame", "found_id", "name", "field"),
    [
        (b"", None, "malformed_frame", "frame"),
        (b"\xc1", None, "malformed_frame", "frame"),
        (msgpack.packb([1]), None, "invalid_envelope", "frame"),
        (msgpack.packb({1: 2}), None, "malformed_frame", "frame"),
        (msgpack.packb({"v": 1, "op": "ping"}), None, "invalid_envelope", "id"),
        (msgpack.packb({"v": 1, "id": 5}), 5, "invalid_envelope", "op"),
        (msgpack.packb({"v": 1, "id": [], "op": "ping"}), None, "invalid_envelope", "id"),
        (request(v=2, id="a"), "a", "unsupported_version", "v"),
        (request(args=[]), 1, "invalid_envelope", "args"),
        (request(wait="never"), 1, "invalid_envelope", "wait"),
        (request(deadline_ms=0), 1, "invalid_envelope", "deadline_ms"),
        (request(op="no_such"), 1, "unknown_op", "op"),
        (request(op="pause"), 1, "invalid_argument", "args.torrent"),
        (request(op="pause", args={"torrent": "x"}), 1, "invalid_argument", "args.torrent"),
        (request(op="pause", args={"torrent": V1}), 1, "unknown_torrent", "args.torrent"),
        (request(op="get_torrent", args={"torrent": V1}), 1, "unknown_torrent", "args.torrent"),
        (request(op="list_files", args={"torrent": V1}), 1, "unknown_torrent", "args.torrent"),
        (request(args={"x": {"y": [[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]}}), 1, "too_deep", "frame"),
        (request(args={"x": 2**53}), 1, "malformed_frame", "frame"),
        (request(args={"x": msgpack.ExtType(5, b"x")}), 1, "malformed_frame", "frame"),
        (request(id=2**53), None, "malformed_frame", "frame"),
    ],
)
async def test_what_cannot_be_done_has_one_clear_answer(
    tmp_path: Path, frame: bytes, found_id: int | str | None, name: str, field: str
) -> None:
    """With the id if it could be read, the error's row, and the field; exactly one."""
    async with bench(tmp_path) as on:
        client = on.client()
        await client.socket.send(frame)
        reply = await client.reply()
        assert (reply["ok"], reply["id"]) == (False, found_id)
        assert "result" not in reply
        assert (reply["error"]["name"], reply["error"]["field"]) == (name, field)
        assert reply["error"]["code"] // 1000 in (1, 2, 3)
        assert await client.silence()


async def test_the_route_back_is_the_one_it_came(tmp_path: Path) -> None:
    """A REQ socket gets its delimiter back, a DEALER its frames before the request."""
    async with bench(tmp_path) as on:
        req = on._sockets.connect(zmq.REQ, "commands")
        await req.send(request(id=7))
        assert msgpack.unpackb(await req.recv())["id"] == 7
        dealer = on._sockets.connect(zmq.DEALER, "commands")
        await dealer.send_multipart([b"hop", b"", request(id=8)])
        *route, frame = await dealer.recv_multipart()
        assert (route, msgpack.unpackb(frame)["id"]) == ([b"hop", b""], 8)


async def test_each_client_gets_its_own_replies(tmp_path: Path) -> None:
    """Even with the same ids."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        clients = [on.client() for _ in range(5)]
        for client in clients:
            for op in ("ping", "list_torrents", "pause", "resume", "get_torrent", "nonsense"):
                await client.send(op, {"torrent": V1})
        for client in clients:
            replies = [await client.reply() for _ in range(6)]
            assert sorted(reply["id"] for reply in replies) == [1, 2, 3, 4, 5, 6]


async def test_a_long_pipeline_is_answered_wholly(tmp_path: Path) -> None:
    """Reads in their order, with one reply each, however many are sent before the first reply is read."""
    async with bench(tmp_path) as on:
        client = on.client()
        ids = [await client.send("ping") for _ in range(3000)]
        assert [(await client.reply())["id"] for _ in ids] == ids


async def test_changes_in_a_pipeline_take_effect_in_order(tmp_path: Path) -> None:
    """Pause, resume, pause, … without waiting: the engine gets each in turn, and each is answered."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        engine = await on.engine()
        client = on.client()
        ids = [await client.send(op, {"torrent": V1}) for op in ["pause", "resume"] * 25]
        replies = [await client.reply() for _ in ids]
        assert sorted(reply["id"] for reply in replies) == ids
        assert all(reply["ok"] for reply in replies)
        told = [command.desired for command in await engine.given(EnsureTorrent, 51)]
        assert [given.paused for given in told] == [False] + [True, False] * 25
        assert not on.catalogue.torrents[V1].paused


async def test_a_read_after_a_change_sees_it(tmp_path: Path) -> None:
    """Reads return what was acknowledged."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        client = on.client()
        for op, paused in (("pause", True), ("resume", False)):
            assert (await client.ask(op, {"torrent": V1}))["ok"]
            assert (await client.ask("get_torrent", {"torrent": V1}))["result"]["paused"] is paused


async def test_at_the_deadline_there_is_an_answer(tmp_path: Path) -> None:
    """There is one reply, and no other when the engine confirms the change later. An accepted change stays."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        engine = await on.engine(EnsureTorrent)
        client = on.client()
        reply = await client.ask("pause", {"torrent": V1}, wait="applied", deadline_ms=30)
        assert (reply["error"]["name"], reply["error"]["retry"]) == ("deadline_exceeded", "later")
        while not on.catalogue.torrents[V1].paused:  # on a busy disk
            await on.turn()
        engine.deaf.clear()
        assert (await client.ask("resume", {"torrent": V1}, wait="applied"))["ok"]
        assert await client.silence()


async def test_a_client_that_left_does_no_harm(tmp_path: Path) -> None:
    """Its change is made, and its reply dropped."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        engine = await on.engine()
        leaving = on.client()
        await leaving.send("pause", {"torrent": V1}, wait="applied")
        await engine.given(EnsureTorrent, 2)
        leaving.socket.close(linger=0)
        assert (await on.client().ask("get_torrent", {"torrent": V1}))["result"]["paused"]


async def test_while_stopping_reads_are_answered_and_changes_refused(tmp_path: Path) -> None:
    """STOPPING: the request can be repeated after the restart."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        on.stopping = True
        client = on.client()
        reply = await client.ask("pause", {"torrent": V1})
        assert (reply["error"]["name"], reply["error"]["retry"]) == ("stopping", "later")
        assert not on.catalogue.torrents[V1].paused
        assert (await client.ask("health"))["ok"]


async def test_at_the_end_those_who_wait_are_answered(tmp_path: Path) -> None:
    """A change that no engine will confirm gets its one reply before the socket closes."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        await on.engine(EnsureTorrent, DropTorrent)
        client = on.client()
        changing = await client.send("pause", {"torrent": V1}, wait="applied")
        removing = await client.send("remove_torrent", {"torrent": V1}, wait="applied")
        adding = await client.send("add_torrent", {"magnet": f"magnet:{V1}"})
        while V1 not in on.catalogue.leaving:
            await on.turn()
        on.stopping = True
        await on.requests.close()
        async with asyncio.timeout(3):
            replies = [await client.reply() for _ in range(3)]
        assert sorted(reply["id"] for reply in replies) == [changing, removing, adding]
        assert {reply["error"]["name"] for reply in replies} == {"stopping"}


async def test_a_defect_is_one_internal_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is in the log with its traceback; the next request is answered as usual."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        client = on.client()
        answer = on.reads.answer

        def broken(command: Any) -> Any:
            if isinstance(command, Ping):
                raise KeyError("a defect")
            return answer(command)

        async def broken_too(*_: Any) -> Any:
            raise KeyError("another")

        monkeypatch.setattr(on.reads, "answer", broken)
        monkeypatch.setattr(on.mutations, "accept", broken_too)
        for op in ("ping", "pause"):
            reply = await client.ask(op, {"torrent": V1} if op == "pause" else {})
            assert reply["error"]["name"] == "internal_error"
            assert "KeyError" not in reply["error"]["message"]
        assert [entry["op"] for entry in on.logged if entry["event"] == "command_failed"] == ["ping", "pause"]
        assert all(entry["exc_info"] for entry in on.logged if entry["event"] == "command_failed")
        assert (await client.ask("health"))["ok"]


async def test_files_are_freshened_before_they_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the engine does not answer in half the deadline, the cached figures are used."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        on.snapshot.of(V1).metadata = Metadata.of([])
        client = on.client()
        assert (await client.ask("list_files", {"torrent": V1}))["result"] == {
            "files": [],
            "cursor": None,
            "age_ms": None,
        }
        assert on.freshened == [V1]
        assert (await client.ask("list_trackers", {"torrent": V1}))["result"] == {"trackers": [], "age_ms": None}
        assert on.freshened == [V1, V1]

        async def never(_: str) -> None:
            await asyncio.Event().wait()

        monkeypatch.setattr(on.engine_reads, "refresh", never)
        begun = asyncio.get_running_loop().time()
        assert (await client.ask("list_files", {"torrent": V1}, deadline_ms=60))["ok"]
        assert asyncio.get_running_loop().time() - begun >= 0.03


async def test_crash_reports_are_read_beside_the_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """None, one, a missing one, and a name that is a path; a disk that hangs costs the deadline."""
    async with bench(tmp_path) as on:
        client = on.client()
        assert (await client.ask("list_crashes"))["result"] == {"crashes": []}
        name = name_of(1_700_000_000_000_000, 7)
        filed = CrashReport(
            name=name,
            time_us=1_700_000_000_000_000,
            gen=7,
            pid=1,
            exit_code=3,
            signal=None,
            killed_for=None,
            uptime_ms=5,
            log=["last words"],
        )
        on.crashes.file(filed)
        while not (await client.ask("list_crashes"))["result"]["crashes"]:
            await on.turn()
        assert (await client.ask("get_crash", {"name": name}))["result"]["log"] == ["last words"]
        for wrong, error in {
            name_of(1_700_000_000_000_000, 8): "unknown_crash",
            f"../crashes/{name}": "invalid_argument",
            f"{name}\n": "invalid_argument",
        }.items():
            assert (await client.ask("get_crash", {"name": wrong}))["error"]["name"] == error

        async def never(_: Any) -> None:
            await asyncio.Event().wait()

        monkeypatch.setattr(crash_reports, "in_thread", never)
        for _ in range(5):
            refused = await client.ask("list_crashes", deadline_ms=30)
            assert refused["error"]["name"] == "deadline_exceeded"
        assert await client.silence()


async def test_reads_do_not_wait_for_changes(tmp_path: Path) -> None:
    """A change that waits for the engine delays no reads, also in an outage."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        await on.catalogue.put(desired(OTHER))
        client = on.client()
        hanging = await client.send("pause", {"torrent": V1}, wait="applied", deadline_ms=60_000)
        observed = on.snapshot.of(OTHER)
        observed.progress, observed.state = progress(OTHER), TorrentState.DOWNLOADING
        rows = (await client.ask("list_torrents"))["result"]["torrents"]
        assert [row["torrent"] for row in rows] == [V1, OTHER]
        await on.engine()
        assert (await client.reply())["id"] == hanging


async def test_a_repeat_is_answered_and_not_carried_out_again(tmp_path: Path) -> None:
    """On the same socket, and on another one of the same client; later changes stay."""
    async with bench(tmp_path) as on:
        await on.engine()
        client, later = on.client(), on.client()
        first = await client.ask("add_torrent", {"magnet": f"magnet:{V1}"}, id=9, client="c")
        assert first["result"] == {"torrent": V1, "duplicate": False, "shares_files_with": [], "merged": None}
        assert "dup" not in first
        assert (await client.ask("pause", {"torrent": V1}, client="c", id="p"))["ok"]
        assert (await client.ask("resume", {"torrent": V1}, client="c", id="r"))["ok"]
        before = on.events.head, on.catalogue.torrents[V1]
        for socket in (client, later):
            again = await socket.ask("add_torrent", {"magnet": f"magnet:{V1}"}, id=9, client="c")
            assert again == first | {"dup": True, "seq": on.events.head}
            assert (await socket.ask("pause", {"torrent": V1}, client="c", id="p"))["dup"] is True
        assert (on.events.head, on.catalogue.torrents[V1]) == before


async def test_without_a_name_a_client_is_its_socket(tmp_path: Path) -> None:
    """The same id on another socket, with a name, or of another type, is another request."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        client, other = on.client(), on.client()
        assert "dup" not in await client.ask("pause", {"torrent": V1}, id=1)
        assert "dup" not in await other.ask("pause", {"torrent": V1}, id=1)
        assert "dup" not in await other.ask("pause", {"torrent": V1}, id="1")
        assert "dup" not in await other.ask("pause", {"torrent": V1}, id=1, client="c")
        assert (await client.ask("pause", {"torrent": V1}, id=1))["dup"]
        assert (await other.ask("pause", {"torrent": V1}, id=1, client="c"))["dup"]


async def test_a_req_socket_is_the_same_with_its_delimiter(tmp_path: Path) -> None:
    """A repeat's reply goes back along the repeat's own route."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        frame = request(id=7, op="pause", args={"torrent": V1}, client="c")
        req, dealer = (on._sockets.connect(kind, "commands") for kind in (zmq.REQ, zmq.DEALER))
        await req.send(frame)
        assert "dup" not in msgpack.unpackb(await req.recv())
        await req.send(frame)
        assert msgpack.unpackb(await req.recv())["dup"]
        await dealer.send_multipart([b"hop", b"", frame])
        *route, reply = await dealer.recv_multipart()
        assert (route, msgpack.unpackb(reply)["dup"]) == ([b"hop", b""], True)
        unnamed = request(id=7, op="pause", args={"torrent": V1})
        await dealer.send_multipart([b"", unnamed])
        assert "dup" not in msgpack.unpackb((await dealer.recv_multipart())[-1])
        await dealer.send(unnamed)
        assert msgpack.unpackb(await dealer.recv())["dup"]


async def test_another_command_under_the_id_is_refused(tmp_path: Path) -> None:
    """ID_REUSED, and nothing is changed; other `wait` and `deadline_ms` are the same command."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        await on.engine()
        client = on.client()
        assert (await client.ask("pause", {"torrent": V1}, id=1))["ok"]
        for op, args in (
            ("resume", {"torrent": V1}),
            ("pause", {"torrent": OTHER}),
            ("update_limits", {"torrent": V1, "upload_bps": 1}),
        ):
            reply = await client.ask(op, args, id=1)
            assert (reply["error"]["name"], reply["error"]["field"]) == ("id_reused", "id")
            assert (reply["error"]["code"], reply["error"]["retry"]) == (1010, "never")
            assert "dup" not in reply
        assert on.catalogue.torrents[V1].revision == 2
        assert (await client.ask("pause", {"torrent": V1}, id=1, wait="applied", deadline_ms=5000))["dup"]


async def test_two_at_once_are_one_work_and_two_replies(tmp_path: Path) -> None:
    """A repeat before the outcome joins the first; other content is refused at once."""
    async with bench(tmp_path) as on:
        engine = await on.engine()
        engine.deaf.add(InspectSource)
        client, other = on.client(), on.client()
        add = {"magnet": f"magnet:{V1}"}
        for socket in (client, client, other):
            await socket.send("add_torrent", add, id=5, client="c")
        await client.send("add_torrent", {"magnet": f"magnet:{OTHER}"}, id=5, client="c")
        assert (await client.reply())["error"]["name"] == "id_reused"
        assert (await other.ask("ping"))["ok"]
        (inspection,) = await engine.given(InspectSource)
        await engine.tell(SourceInspected(token=inspection.token, torrent=V1, name="n"))
        replies = [await socket.reply() for socket in (client, client, other)]
        assert [reply["result"] for reply in replies] == [
            {"torrent": V1, "duplicate": False, "shares_files_with": [], "merged": None}
        ] * 3
        assert sorted(reply.get("dup", False) for reply in replies) == [False, True, True]
        assert on.topics().count(f"lifecycle/{V1}/torrent_added") == 1
        assert await client.silence()


async def test_each_has_its_own_deadline(tmp_path: Path) -> None:
    """The first ends; the repeat, and any later one, gets the outcome."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        await on.catalogue.put(desired(OTHER))
        await on.engine()
        client = on.client()
        async with on.mutations._locks.hold(V1):
            await client.send("pause", {"torrent": V1}, id=1, deadline_ms=20)
            assert (await client.reply())["error"]["name"] == "deadline_exceeded"
            await client.send("pause", {"torrent": V1}, id=1, deadline_ms=20)
            again = await client.reply()
            assert (again["error"]["name"], again["dup"]) == ("deadline_exceeded", True)
            await client.send("pause", {"torrent": V1}, id=1)
            assert (await client.ask("pause", {"torrent": OTHER}, id=2))["ok"]
        for _ in range(2):
            reply = await client.reply()
            assert (reply["id"], reply["ok"], reply["dup"]) == (1, True, True)
            await client.send("pause", {"torrent": V1}, id=1)
        assert (await client.reply())["dup"]
        assert on.catalogue.torrents[V1].revision == 2


async def test_a_refusal_is_not_remembered(tmp_path: Path) -> None:
    """The same request works once the problem is over; and the id can be used for another command."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        client = on.client()
        kept = (tmp_path / "resume").rename(tmp_path / "kept")
        reply = await client.ask("pause", {"torrent": V1}, id=1)
        assert reply["error"]["name"] == "storage_unavailable"
        kept.rename(tmp_path / "resume")
        reply = await client.ask("pause", {"torrent": V1}, id=1)
        assert (reply["ok"], reply.get("dup")) == (True, None)
        assert (await client.ask("pause", {"torrent": OTHER}, id=2))["error"]["name"] == "unknown_torrent"
        assert (await client.ask("resume", {"torrent": V1}, id=2))["ok"]


async def test_reads_are_answered_anew(tmp_path: Path) -> None:
    """With any id, even that of a mutation: only fresh results are useful."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        client = on.client()
        for op, paused in (("pause", True), ("resume", False)):
            assert (await client.ask(op, {"torrent": V1}, id=op))["ok"]
            reply = await client.ask("get_torrent", {"torrent": V1}, id=op)
            assert (reply["result"]["paused"], reply.get("dup")) == (paused, None)


async def test_a_repeat_can_wait_until_it_is_applied(tmp_path: Path) -> None:
    """For the first request's revision, whether or not the first one waited; the result is the first one's."""
    async with bench(tmp_path) as on:
        engine = await on.engine(EnsureTorrent)
        client = on.client()
        add = {"magnet": f"magnet:{V1}"}
        assert (await client.ask("add_torrent", add, id=1))["ok"]
        reply = await client.ask("add_torrent", add, id=1, wait="applied", deadline_ms=30)
        assert (reply["error"]["name"], reply["dup"]) == ("deadline_exceeded", True)
        await client.send("add_torrent", add, id=1, wait="applied")
        await engine.tell(TorrentApplied(torrent=V1, revision=1))
        reply = await client.reply()
        assert (reply["result"], reply["dup"]) == (
            {"torrent": V1, "duplicate": False, "shares_files_with": [], "merged": None},
            True,
        )


async def test_a_repeat_is_told_the_refusal_of_libtorrent_too(tmp_path: Path) -> None:
    """An accepted change that libtorrent refused is not applied, however often it is repeated."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        engine = await on.engine(EnsureTorrent)
        client = on.client()
        await client.send("pause", {"torrent": V1}, id=1, wait="applied")
        await engine.given(EnsureTorrent, 2)
        await engine.tell(TorrentApplied(torrent=V1, revision=2, problem="cannot do that"))
        replies = [await client.reply(), await client.ask("pause", {"torrent": V1}, id=1, wait="applied")]
        assert [reply["error"]["name"] for reply in replies] == ["engine_refused"] * 2
        assert [reply.get("dup") for reply in replies] == [None, True]
        assert (await client.ask("pause", {"torrent": V1}, id=1))["ok"]


async def test_a_removal_that_is_over_is_applied(tmp_path: Path) -> None:
    """Its repeat has nothing to wait for, even if the torrent was added again."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        engine = await on.engine()
        client = on.client()
        assert (await client.ask("remove_torrent", {"torrent": V1}, id=1, wait="applied"))["ok"]
        assert (await client.ask("remove_torrent", {"torrent": V1}, id=1, wait="applied"))["dup"]
        engine.deaf.add(EnsureTorrent)
        assert (await client.ask("add_torrent", {"magnet": f"magnet:{V1}"}, id=2))["ok"]
        assert (await client.ask("remove_torrent", {"torrent": V1}, id=1, wait="applied"))["dup"]
        assert V1 in on.catalogue.torrents


async def test_a_repeat_does_not_wait_for_what_a_later_torrent_of_the_id_never_reaches(tmp_path: Path) -> None:
    """A torrent that was removed and added again starts at revision 1, and nothing more has to be confirmed."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired(revision=7))
        await on.engine()
        client = on.client()
        assert (await client.ask("pause", {"torrent": V1}, id=1, wait="applied"))["ok"]
        assert (await client.ask("remove_torrent", {"torrent": V1}, id=2, wait="applied"))["ok"]
        assert (await client.ask("pause", {"torrent": V1}, id=1, wait="applied"))["dup"]
        assert (await client.ask("add_torrent", {"magnet": f"magnet:{V1}"}, id=3))["ok"]
        reply = await client.ask("pause", {"torrent": V1}, id=1, wait="applied", deadline_ms=5000)
        assert (reply["ok"], reply["dup"]) == (True, True)


async def test_at_the_end_a_list_of_files_that_is_under_way_is_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Although it is a read, it may wait for the engine: its reply is sent before the socket closes."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        on.snapshot.of(V1).metadata = Metadata.of([])
        asked = asyncio.Event()

        async def slowly(_: str) -> None:
            asked.set()
            await asyncio.sleep(0.05)

        monkeypatch.setattr(on.engine_reads, "refresh", slowly)
        client = on.client()
        number = await client.send("list_files", {"torrent": V1})
        await asked.wait()
        await on.requests.close()
        async with asyncio.timeout(3):
            assert (await client.reply())["id"] == number


async def test_a_connection_with_too_much_under_way_is_refused_and_no_other(tmp_path: Path) -> None:
    """Each request gets one reply; an answered one makes room again, unless its work continues."""
    async with bench(tmp_path) as on:
        engine = await on.engine(InspectSource)
        client, other = on.client(), on.client()
        add = {"magnet": f"magnet:{V1}"}
        ids = [await client.send("add_torrent", add, client=f"c{number}") for number in range(IN_FLIGHT_MAX + 3)]
        refused = [await client.reply() for _ in range(3)]
        assert [reply["id"] for reply in refused] == ids[-3:]
        assert {(reply["error"]["name"], reply["error"]["retry"]) for reply in refused} == {
            ("too_many_in_flight", "later")
        }
        assert all(reply["error"]["accepted"] is False and reply["error"]["retry_after_ms"] for reply in refused)
        assert (await client.ask("ping"))["ok"]
        await other.send("add_torrent", add)
        for inspection in await engine.given(InspectSource, IN_FLIGHT_MAX + 1):
            await engine.tell(SourceInspected(token=inspection.token, torrent=V1, name="n"))
        assert (await other.reply())["ok"]
        assert sorted([(await client.reply())["id"] for _ in range(IN_FLIGHT_MAX)]) == ids[:-3]
        assert (await client.ask("pause", {"torrent": V1}))["ok"]
        assert len(on.requests._claims) == 0


async def test_work_that_outlasts_its_deadline_is_still_under_way(tmp_path: Path) -> None:
    """A client cannot pile up work by short deadlines."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        client = on.client()
        async with on.mutations._locks.hold(V1):
            assert not (await client.ask("pause", {"torrent": V1}, deadline_ms=20))["ok"]
            assert len(on.requests._claims) == 1
        while len(on.requests._claims):
            await on.turn()


async def test_frames_without_an_id_are_answered_up_to_a_rate(tmp_path: Path) -> None:
    """Then one error reports the limit; valid requests, and those of others, are answered all the time."""
    async with bench(tmp_path) as on:
        client, other = on.client(), on.client()
        for _ in range(300):
            await client.socket.send(b"\xc1")
        number = await client.send("ping")
        names = []
        while (reply := await client.reply())["id"] != number:
            names.append(reply["error"]["name"])
        burst = names.index("too_many_bad_frames")
        assert 100 <= burst < 150
        assert set(names[:burst]) == {"malformed_frame"}
        assert len(names) < 200
        await other.socket.send(b"\xc1")
        assert (await other.reply())["error"]["name"] == "malformed_frame"


async def test_refusals_of_what_is_no_request_come_slowly_where_there_are_many(tmp_path: Path) -> None:
    """Each id has its one reply all the same. Valid requests, and other clients, wait for nothing."""
    async with bench(tmp_path) as on:
        client, other = on.client(), on.client()
        kinds: list[dict[str, Any]] = [{"op": "no_op"}, {"op": "pause", "args": {"torrent": 1}}, {"v": 9}, {"wait": 1}]
        for number in range(120):
            await client.socket.send(request(**(kinds[number % 4] | {"id": f"bad-{number}"})))
        number = await client.send("ping")
        await other.socket.send(request(op="no_op", id="first"))
        assert (await other.reply())["error"]["name"] == "unknown_op"
        replies = [await client.reply() for _ in range(121)]
        ids = [reply["id"] for reply in replies]
        assert sorted(map(str, ids)) == sorted([*(f"bad-{each}" for each in range(120)), str(number)])
        assert 100 <= ids.index(number) < 115
        names = {reply["error"]["name"] for reply in replies if not reply["ok"]}
        assert names == {"unknown_op", "invalid_argument", "unsupported_version", "invalid_envelope"}


async def test_a_refusal_comes_by_its_deadline_however_many_wait(tmp_path: Path) -> None:
    """Also for the deadline in an invalid frame."""
    async with bench(tmp_path) as on:
        client = on.client()
        for each in range(150):
            await client.socket.send(request(op="no_op", id=f"bad-{each}"))
        hasty: list[dict[str, Any]] = [{"op": "no_op", "id": "op"}, {"v": 9, "id": "version"}]
        for kind in hasty:
            await client.socket.send(request(**({"deadline_ms": 1} | kind)))
        ids = [(await client.reply())["id"] for _ in range(152)]
        assert {"op", "version"} <= set(ids[:140])


async def test_refusals_that_have_no_room_to_wait_say_so(tmp_path: Path) -> None:
    """At once: the waiting ones are bounded, and sent at the end of the service."""
    async with bench(tmp_path) as on:
        client = on.client()
        for each in range(1000):
            await client.socket.send(request(op="no_op", id=f"bad-{each}"))
        number, replies = await client.send("ping"), []
        while (reply := await client.reply())["id"] != number:
            replies.append(reply)
        await on.requests.close()
        replies += [await client.reply() for _ in range(1000 - len(replies))]
        assert len({reply["id"] for reply in replies}) == 1000
        names = Counter(reply["error"]["name"] for reply in replies)
        assert set(names) == {"unknown_op", "too_many_in_flight"}
        assert 600 <= names["unknown_op"] < 700


async def test_a_message_has_so_many_frames_of_such_a_size(tmp_path: Path) -> None:
    """Sixteen frames before the request are returned with the reply; more, or longer ones, are refused."""
    async with bench(tmp_path) as on:
        dealer = on._sockets.connect(zmq.DEALER, "commands")
        hops = [b"x" * 255] * HOPS_MAX
        await dealer.send_multipart([*hops, request(id=1)])
        assert (await dealer.recv_multipart())[:-1] == hops
        for wrong in ([*hops, b""], [b"x" * 256], [b""] * 5000):
            await dealer.send_multipart([*wrong, request(id=1)])
            [reply] = await dealer.recv_multipart()
            told = msgpack.unpackb(reply)
            assert (told["id"], told["error"]["name"], told["error"]["field"]) == (None, "frame_too_large", "frame")


async def test_the_frames_before_a_request_are_bounded_while_it_waits_too(tmp_path: Path) -> None:
    """An unread request that is handed back has no more of them than an answered one."""
    async with bench(tmp_path) as on:
        dealer = on._sockets.connect(zmq.DEALER, "commands")
        for args in (
            {str(number): 1 for number in range(60_000)},
            {"x": bytes(20_000)},
        ):  # the second waits for the first
            await dealer.send(request(args=args))
        for _ in range(5):
            await dealer.send_multipart([b"x" * 10**6] * 4 + [request(args={"x": bytes(20_000)})])
        told: list[tuple[Any, str]] = []
        async with asyncio.timeout(30):
            while len(told) < 7:
                [reply] = map(msgpack.unpackb, await dealer.recv_multipart())
                told.append((reply["id"], "ok" if reply["ok"] else reply["error"]["name"]))
        assert told == [(1, "ok"), *[(None, "frame_too_large")] * 5, (1, "ok")]


async def test_many_torrents_of_a_megabyte_sent_without_waiting_are_all_taken(tmp_path: Path) -> None:
    """A client that adds all its torrents in one go is not refused."""
    async with bench(tmp_path) as on:
        await on.engine()
        client = on.client()
        sources = [bytes(f"{number:0>1000000}", "ascii") for number in range(12)]
        sent = [await client.send("add_torrent", {"metainfo": source}, deadline_ms=60_000) for source in sources]
        replies = [await client.reply() for _ in sent]
        assert sorted(reply["id"] for reply in replies) == sent
        assert [reply["ok"] for reply in replies] == [True] * len(sent)


@pytest.mark.parametrize(
    "fields",
    [
        {"wait": "x" * 10**6},
        {"op": "x" * 10**6},
        {"op": "list_torrents", "args": {"fields": ["x" * 10**6]}},
        {"op": "list_torrents", "args": {"state": "x" * 10**6}},
        {"op": "get_crash", "args": {"name": "x" * 10**6}},
        {"id": "x" * 10**6},
        {"x" * 10**6: 1, "v": 9},
    ],
)
async def test_an_error_is_short_however_long_the_mistake(tmp_path: Path, fields: dict[str, Any]) -> None:
    """No reply has a megabyte."""
    async with bench(tmp_path) as on:
        client = on.client()
        await client.socket.send(request(**fields))
        reply = await client.socket.recv()
        assert not msgpack.unpackb(reply)["ok"]
        assert len(reply) < 4000


async def test_long_lists_of_one_do_not_hold_up_another(tmp_path: Path) -> None:
    """A ping that comes last is answered before most of a long list."""
    async with bench(tmp_path) as on:
        for number in range(300):
            await on.catalogue.put(desired(f"{number:040x}"))
        client, other = on.client(), on.client()
        for _ in range(100):
            await client.send("list_torrents")
        assert len((await client.reply())["result"]["torrents"]) == 300
        assert (await other.ask("ping"))["ok"]
        assert len(on.requests._claims) == 1
        assert [(await client.reply())["id"] for _ in range(99)] == list(range(2, 101))


async def test_a_sender_who_may_not_is_refused(tmp_path: Path) -> None:
    """Before any work, and permanently; without access control, clients on tcp may do nothing."""
    asked: list[tuple[Sender, str]] = []

    def admit(sender: Sender, command: Command) -> None:
        asked.append((sender, type(command).__name__))
        raise OuzelError(ErrorKind.NOT_PERMITTED, "no")

    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        client = on.client()
        on.requests._admit = admit
        error = (await client.ask("pause", {"torrent": V1}))["error"]
        assert (error["code"], error["name"], error["retry"], error["accepted"]) == (
            6003,
            "not_permitted",
            "never",
            False,
        )
        assert not on.catalogue.torrents[V1].paused
        assert asked == [(LOCAL, "PauseTorrent")]
    local_only(LOCAL, Ping())
    with pytest.raises(OuzelError, match="not_permitted"):
        local_only(Sender("key", 7), Ping())
