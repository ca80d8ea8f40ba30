import asyncio
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from protocol.durable.integrity import crc32_of
from protocol.durable.resume_dir import ResumeDir
from protocol.internal.link_commands import DropTorrent, EnsureTorrent
from protocol.internal.link_events import HashesProven
from protocol.wire.desired import DesiredTorrent
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.rows import TorrentState
from supervisor.store.catalogue import Catalogue
from tests.supervisor.bench import Bench, PlayedEngine, bench
from tests.supervisor.commands.test_mutations import do
from tests.supervisor.samples import V1, V2, desired, progress

METAINFO = f"hybrid{V1}{V2}".encode()


def proven(torrent: str, other: str | None, *, bytes_done: int = 0, other_bytes_done: int = 0) -> HashesProven:
    """An engine's report about the hybrid torrent."""
    return HashesProven(
        torrent=torrent,
        info_hash_v1=V1,
        info_hash_v2=V2,
        bytes_done=bytes_done,
        other=other,
        other_bytes_done=other_bytes_done,
    )


async def until(on: Bench, condition: Any) -> None:
    """Runs the loop until something holds."""
    async with asyncio.timeout(5):
        while not condition():
            await on.turn()


def tried_afresh(engine: PlayedEngine) -> set[str]:
    """The torrents that the engine was to check again."""
    given = (each for each in engine.commands if isinstance(each, EnsureTorrent) and each.afresh)
    return {each.desired.torrent for each in given}


async def two_records(on: Bench, **of_v2: Any) -> None:
    """The state that an earlier version leaves: one record of the link, one of the .torrent."""
    await on.catalogue.put(desired(V2, labels=("two",), save_path="/two", **of_v2))
    one = desired(source="metainfo", magnet=None, labels=("one",), save_path="/one", metainfo_crc32=crc32_of(METAINFO))
    await on.catalogue.put(one, metainfo=METAINFO)


async def test_two_records_of_one_torrent_become_one(tmp_path: Path) -> None:
    """The one with data stays and gets the other's .torrent. Events report both, and where the other's data is."""
    async with bench(tmp_path) as on:
        await two_records(on)
        engine = await on.engine()
        await engine.tell(proven(V1, V2, other_bytes_done=5))
        await until(on, lambda: V1 not in on.catalogue.torrents)
        kept = on.catalogue.torrents[V2]
        assert (kept.labels, kept.save_path, kept.info_hash_v1) == (("two", "one"), "/two", V1)
        assert on.catalogue.metainfo_of(kept) == METAINFO
        assert on.catalogue.resolve(V1) == V2
        [forgotten] = await engine.given(DropTorrent)
        assert (forgotten.torrent, forgotten.delete_files, forgotten.desired.removal) == (V1, False, "merged")
        assert (await engine.given(EnsureTorrent, 3))[-1].desired == kept
        assert ("torrent_removed", {"delete_files": False}) in on.told()
        [done] = [data["done"] for kind, data in on.told() if kind == "reconciled"]
        assert "/one" in done


async def test_progress_that_was_told_counts_as_stored_progress_does(tmp_path: Path) -> None:
    """Whichever is more."""
    async with bench(tmp_path) as on:
        await two_records(on)
        engine = await on.engine()
        await engine.tell(progress(V2, TorrentState.SEEDING, bytes_done=100), proven(V1, V2, bytes_done=99))
        await until(on, lambda: V1 not in on.catalogue.torrents)
        assert on.catalogue.torrents[V2].merged == (V1,)


async def test_hashes_are_noted_and_nothing_is_decided_before_both_were_looked_at(tmp_path: Path) -> None:
    """The engine reports that it has loaded one; which of the two has data is not known yet."""
    async with bench(tmp_path) as on:
        await two_records(on)
        engine = await on.engine()
        await engine.tell(proven(V2, None))
        await until(on, lambda: on.catalogue.torrents[V2].info_hash_v1 == V1)
        assert on.catalogue.torrents.keys() == {V1, V2}
        assert (on.catalogue.resolve(V1), on.catalogue.torrents[V2].revision) == (V1, 1)


async def test_a_link_that_named_another_hash_is_a_link_without_it(tmp_path: Path) -> None:
    """It shares a hash and is proven to be no link to this torrent. The engine loads it again, and tries ours again."""
    async with bench(tmp_path) as on:
        wrong = desired("b" * 40, info_hash_v1="b" * 40, info_hash_v2=V2)
        await on.catalogue.put(wrong)
        await two_records(on)
        engine = await on.engine()
        await engine.tell(proven(V1, V2))
        await until(on, lambda: len(on.catalogue.torrents) == 2)
        right = msgspec.structs.replace(wrong, info_hash_v2=None, revision=2)
        assert on.catalogue.torrents["b" * 40] == right
        assert EnsureTorrent(desired=right) in engine.commands
        await until(on, lambda: tried_afresh(engine) == {V1, V2})


async def test_what_is_not_durable_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Meanwhile both are there, in memory and on disk."""
    monkeypatch.setattr("supervisor.engine.torrents.merger.RETRY_S", 0.01)
    async with bench(tmp_path) as on:
        await two_records(on)
        engine = await on.engine()
        on.catalogue.suspend("full")
        await engine.tell(proven(V1, V2))
        await until(on, lambda: any(line["event"] == "identity_not_durable" for line in on.logged))
        assert on.catalogue.torrents.keys() == {V1, V2}
        on.catalogue.open()
        await until(on, lambda: len(on.catalogue.torrents) == 1)


async def test_a_torrent_is_asked_for_by_either_hash(tmp_path: Path) -> None:
    """By commands and reads, and the answer has its id."""
    async with bench(tmp_path) as on:
        await on.engine()
        assert (await do(on, "add_torrent", metainfo=METAINFO))["torrent"] == V1
        client = on.client()
        commands: list[tuple[str, dict[str, Any]]] = [
            ("get_torrent", {}),
            ("pause", {}),
            ("resume", {}),
            ("set_sequential", {"sequential": True}),
            ("update_selection", {"include": ["*"]}),
            ("add_peers", {"peers": ["1.2.3.4:5"]}),
            ("release_torrent", {}),
        ]
        for op, args in commands:
            assert (await client.ask(op, {"torrent": V2, **args}))["result"]["torrent"] == V1
        rows = (await client.ask("list_torrents", {"ids": [V2, V1]}))["result"]["torrents"]
        assert [(row["torrent"], row["info_hash_v1"], row["info_hash_v2"]) for row in rows] == [(V1, V1, V2)]
        assert (await client.ask("remove_torrent", {"torrent": V2}, wait="applied"))["result"] == {"torrent": V1}
        assert on.catalogue.torrents == {}
        assert (await client.ask("get_torrent", {"torrent": V2}))["error"]["name"] == "unknown_torrent"


@pytest.mark.parametrize("first", [f"magnet:?xt=urn:btih:{V1}", "hybrid"])
async def test_the_second_add_is_a_duplicate(tmp_path: Path, first: str) -> None:
    """Also after a restart, without an engine."""
    async with bench(tmp_path) as on:
        await on.engine()
        if first == "hybrid":
            await do(on, "add_torrent", metainfo=METAINFO)
        else:
            await do(on, "add_torrent", magnet=first)
            assert (await do(on, "add_torrent", metainfo=METAINFO))["duplicate"]
        again = await do(on, "add_torrent", magnet=f"hybrid link{V1}{V2}")
        assert (again["torrent"], again["duplicate"]) == (V1, True)
    catalogue = Catalogue(ResumeDir(tmp_path / "resume"))
    catalogue.load()
    catalogue.close()
    assert (list(catalogue.torrents), catalogue.resolve(V2)) == ([V1], V1)


async def test_metainfo_makes_one_of_two_links(tmp_path: Path) -> None:
    """And it gets the metainfo."""
    async with bench(tmp_path) as on:
        await on.engine()
        await on.catalogue.put(desired(V1, labels=("one",)))
        await on.catalogue.put(desired(V2, labels=("two",)))
        added = await do(on, "add_torrent", metainfo=METAINFO)
        assert added["duplicate"]
        [kept] = on.catalogue.torrents.values()
        assert sorted(kept.labels) == ["one", "two"]
        assert on.catalogue.metainfo_of(kept) == METAINFO


async def test_hashes_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    """Nothing is written."""
    async with bench(tmp_path) as on:
        await on.engine()
        await do(on, "add_torrent", metainfo=METAINFO)
        with pytest.raises(OuzelError) as refused:
            await do(on, "add_torrent", magnet=f"hybrid{V1}{'d' * 64}")
        assert (refused.value.kind, refused.value.field) == (ErrorKind.INVALID_MAGNET, "args.magnet")
        assert list(on.catalogue.torrents) == [V1]


@pytest.mark.parametrize("written", [1, 2])
async def test_a_death_in_between_costs_nothing(tmp_path: Path, written: int) -> None:
    """The record that stays is written first, and names the merged ones: these are removed, without their files."""
    async with bench(tmp_path) as on:
        await two_records(on)
        before = {path.name: path.read_bytes() for path in (tmp_path / "resume").glob("*.json")}
        await on.merger.settle(proven(V1, V2, other_bytes_done=5))
        kept = on.catalogue.torrents[V2]
    if written == 1:
        (tmp_path / "resume" / f"{V1}.json").write_bytes(before[f"{V1}.json"])
    catalogue = Catalogue(ResumeDir(tmp_path / "resume"))
    assert catalogue.load() == []
    catalogue.close()
    assert catalogue.torrents == {V2: kept}
    assert catalogue.leaving[V1].removal == "merged"
    assert catalogue.resolve(V1) == V2


def test_a_record_from_before_is_read_as_it_was(tmp_path: Path) -> None:
    """Without the members for hashes."""
    old = {
        name: value
        for name, value in msgspec.to_builtins(desired(V1)).items()
        if name not in ("info_hash_v1", "info_hash_v2", "merged", "spared")
    }
    (tmp_path / f"{V1}.json").write_text(json.dumps(old))
    catalogue = Catalogue(ResumeDir(tmp_path))
    assert catalogue.load() == []
    catalogue.close()
    assert isinstance(catalogue.torrents[V1], DesiredTorrent)
