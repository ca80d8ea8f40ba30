"""The book, and what `sync/maindata` makes of it."""

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.mirror.torrent import Facts
from gateway.qbittorrent.book import ledger
from gateway.qbittorrent.book.book import Book
from gateway.qbittorrent.rows.extras import Extras
from gateway.qbittorrent.sync.maindata import maindata
from gateway.qbittorrent.sync.sessions import MAX_RID, Answers, Sessions
from protocol.wire.results import CategoryReport
from tests.gateway.qbittorrent.made import NOW_US, FakeMirror, hash_of, torrent


class Client:
    """A client that keeps its state by differences only."""

    def __init__(self) -> None:
        self.answers: Answers[int] = Answers()
        self.rid = 0
        self.state: dict[str, Any] = {}

    def ask(self, book: Book, rid: int | None = None) -> dict[str, Any]:
        """Requests an answer, and applies it."""
        answer = maindata(book, self.answers, self.rid if rid is None else rid, NOW_US)
        found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(answer))
        self.rid = found["rid"]
        if found.get("full_update"):
            self.state = {}
        for name in ("torrents", "categories", "trackers"):
            known = self.state.setdefault(name, {})
            for key, value in found.get(name, {}).items():
                known[key] = known.get(key, {}) | value if isinstance(value, dict) else value
            for key in found.get(f"{name}_removed", ()):
                known.pop(key, None)  # it may have come and gone between two answers
        tags = self.state.setdefault("tags", set())
        tags |= set(found.get("tags", ()))
        tags -= set(found.get("tags_removed", ()))
        self.state.setdefault("server_state", {}).update(found.get("server_state", {}))
        return found


def test_a_delta_has_only_the_fields_that_changed() -> None:
    """And those that the clock changes, of torrents that changed otherwise."""
    mirror, book, client = FakeMirror(torrent(1), torrent(2)), Book(), Client()
    book.update(mirror)
    assert client.ask(book)["full_update"] is True
    book.update(mirror)
    assert client.ask(book) == {"rid": 2}
    mirror.change(2, upload_bps=7)
    book.update(mirror)
    assert client.ask(book) == {
        "rid": 3,
        "torrents": {
            hash_of(2): {
                "upspeed": 7,
                "state": "uploading",
                "eta": 8_640_000,
                "seeding_time": 0,
                "time_active": 0,
            }
        },
    }


def test_rows_of_maindata_lack_the_hash() -> None:
    """The hash is the key."""
    book, client = Book(), Client()
    book.update(FakeMirror(torrent(1)))
    assert "hash" not in client.ask(book)["torrents"][hash_of(1)]


def test_a_lost_answer_is_sent_again() -> None:
    """The difference is made from the last accepted answer."""
    mirror, book, client = FakeMirror(torrent(1)), Book(), Client()
    book.update(mirror)
    client.ask(book)
    mirror.change(1, upload_bps=7)
    book.update(mirror)
    accepted = client.rid
    assert client.ask(book)["torrents"][hash_of(1)]["upspeed"] == 7
    again = client.ask(book, accepted)
    assert again["torrents"][hash_of(1)]["upspeed"] == 7
    assert "full_update" not in again


def test_other_ids_get_a_full_update() -> None:
    """An id of another session, 0 and a negative one."""
    mirror, book, client = FakeMirror(torrent(1)), Book(), Client()
    book.update(mirror)
    client.ask(book)
    for rid in (99, -1, 0):
        assert client.ask(book, rid)["full_update"] is True
    assert Client().ask(book, 1)["full_update"] is True


def test_ids_begin_anew_after_a_million() -> None:
    """As qBittorrent's do."""
    answers: Answers[int] = Answers(sent=(MAX_RID, 5))
    assert answers.base(MAX_RID) == 5
    assert answers.send(6) == 1


def test_removals_and_returns() -> None:
    """A torrent that returns is sent whole, and is not in the list of removals."""
    mirror, book, client = FakeMirror(torrent(1), torrent(2)), Book(), Client()
    book.update(mirror)
    client.ask(book)
    mirror.drop(1)
    book.update(mirror)
    assert client.ask(book)["torrents_removed"] == [hash_of(1)]
    mirror.add(torrent(1))
    mirror.drop(2)
    book.update(mirror)
    mirror.add(torrent(2))
    book.update(mirror)
    found = client.ask(book)
    assert "torrents_removed" not in found
    assert set(found["torrents"]) == {hash_of(1), hash_of(2)}
    assert "name" in found["torrents"][hash_of(2)]


def test_sessions_do_not_disturb_each_other() -> None:
    """Each gets the difference from its own last answer."""
    mirror, book, one, two = FakeMirror(torrent(1)), Book(), Client(), Client()
    book.update(mirror)
    one.ask(book)
    two.ask(book)
    mirror.change(1, upload_bps=7)
    book.update(mirror)
    one.ask(book)
    mirror.change(1, upload_bps=8)
    book.update(mirror)
    assert one.ask(book)["torrents"][hash_of(1)]["upspeed"] == 8
    assert two.ask(book)["torrents"][hash_of(1)]["upspeed"] == 8
    assert one.state == two.state


def test_categories_tags_trackers_and_the_service() -> None:
    """Each part has its own changes and removals."""
    mirror, book, client = FakeMirror(torrent(1, labels=["a"])), Book(), Client()
    mirror.categories = {"tv": CategoryReport(name="tv", save_path=None)}
    book.update(mirror, ["spare"], {"dht_nodes": 1, "queueing": False})
    found = client.ask(book)
    assert found["categories"] == {"tv": {"name": "tv", "savePath": ""}}
    assert found["tags"] == ["a", "spare"]
    assert found["server_state"] == {"dht_nodes": 1, "queueing": False}
    made = torrent(1, Facts(trackers=(("http://t", 0),)))
    mirror.add(made)
    mirror.categories = {"films": CategoryReport(name="films", save_path="/films")}
    book.update(mirror, [], {"dht_nodes": 2, "queueing": False}, {"films": "relative"})
    found = client.ask(book)
    assert found["categories"] == {"films": {"name": "films", "savePath": "relative"}}
    assert found["categories_removed"] == ["tv"]
    assert sorted(found["tags_removed"]) == ["a", "spare"]
    assert found["trackers"] == {"http://t": [hash_of(1)]}
    assert found["server_state"] == {"dht_nodes": 2}
    mirror.drop(1)
    book.update(mirror)
    assert client.ask(book)["trackers_removed"] == ["http://t"]


def test_a_bad_row_costs_neither_the_list_nor_a_500() -> None:
    """The torrent keeps its last row, or else one with only a name."""
    mirror, book, client = FakeMirror(torrent(1)), Book(), Client()
    book.update(mirror)
    mirror.change(1, save_path=None, upload_bps=7)
    mirror.add(torrent(2, name=5, active_s="x"))
    book.update(mirror)
    found = client.ask(book)["torrents"]
    assert found[hash_of(1)]["save_path"] == "/data"
    assert (found[hash_of(2)]["state"], found[hash_of(2)]["name"]) == ("error", "")


def test_forgotten_removals_mean_a_full_update(monkeypatch: Any) -> None:
    """Otherwise removed torrents would stay in the client's list."""
    monkeypatch.setattr(ledger, "REMEMBERED", 2)
    mirror, book, client = FakeMirror(*(torrent(i) for i in range(5))), Book(), Client()
    book.update(mirror)
    client.ask(book)
    for number in range(4):
        mirror.drop(number)
        book.update(mirror)
    assert client.ask(book)["full_update"] is True
    assert list(client.state["torrents"]) == [hash_of(4)]


def test_touched_rows_are_made_again() -> None:
    """As when what the store has of a torrent has changed."""
    extras: dict[str, Extras] = {}
    mirror, book = FakeMirror(torrent(1)), Book(lambda each: extras.get(each, Extras()))
    book.update(mirror)
    extras[hash_of(1)] = Extras(auto_tmm=True)
    book.torrents.touch([hash_of(1), "unknown"])
    book.update(mirror)
    assert book.torrents.entries[hash_of(1)].row.auto_tmm


def test_session_counters_begin_with_this_process() -> None:
    """Of a torrent that is added later, every byte counts."""
    mirror, book = FakeMirror(torrent(1)), Book()
    book.update(mirror)
    mirror.change(1, uploaded=700)
    mirror.add(torrent(2))
    book.update(mirror)
    assert [each.row.uploaded_session for each in book.torrents.entries.values()] == [200, 500]


def test_the_number_of_sessions_is_bounded() -> None:
    """The session that was used longest ago ends first."""
    sessions = Sessions()
    first = sessions.of("first")
    assert sessions.of("first") is first
    for number in range(1000):
        sessions.of(str(number))
    assert sessions.of("first") is not first


STEP = st.tuples(st.sampled_from(["add", "change", "drop", "ask one", "ask two", "lose"]), st.integers(0, 3))


@settings(max_examples=60, deadline=None)
@given(st.lists(STEP, max_size=30))
def test_differences_lead_to_the_same_state_as_a_full_update(steps: list[tuple[str, int]]) -> None:
    """Whatever happens, and also if answers are lost."""
    mirror, book, clients = FakeMirror(), Book(), {"ask one": Client(), "ask two": Client()}
    for index, (step, number) in enumerate(steps):
        present = hash_of(number) in mirror.torrents
        if step == "add" and not present:
            mirror.add(torrent(number, labels=[str(index % 3)]))
        elif step == "change" and present:
            mirror.change(number, upload_bps=index, labels=[str(index % 3)])
        elif step == "drop" and present:
            mirror.drop(number)
        book.update(mirror)
        if step in clients:
            clients[step].ask(book)
        elif step == "lose":  # the answer does not arrive
            client = clients["ask one"]
            maindata(book, client.answers, client.rid, NOW_US)
    fresh = Client()
    fresh.ask(book)
    for client in clients.values():
        client.ask(book)
        assert client.state == fresh.state
