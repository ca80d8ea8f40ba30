"""Categories: what is durable, what torrents show, and what is refused."""

import json
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from protocol.internal.link_commands import Configure
from protocol.wire.commands.torrent_commands import ListTorrents
from protocol.wire.desired import CATEGORIES_MAX, Category
from protocol.wire.errors import ErrorKind
from protocol.wire.session.desired_session import DesiredSession
from supervisor.store.derived.category_names import CategoryNames
from tests.supervisor.bench import Bench, bench
from tests.supervisor.commands.test_mutations import MAGNET, do, fingerprint, on_disk, refused
from tests.supervisor.samples import OTHER, V1, desired


def shown(on: Bench, torrent: str = V1) -> str | None:
    """The category in the torrent's row."""
    return on.snapshot.row(on.catalogue.torrents[torrent], 0.0).category


def listed(on: Bench, category: str | None) -> list[str]:
    """The ids of the torrents in a category."""
    steps = on.reads.steps(ListTorrents(category=category, fields=["torrent"]))
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return [msgspec.msgpack.decode(row)["torrent"] for row in end.value["torrents"]]


async def test_a_category_is_durable_and_named_in_rows(tmp_path: Path) -> None:
    """Nothing is sent to the engine. A category that is put again as it is, is not written again."""
    async with bench(tmp_path) as on:
        engine = await on.engine()
        path = str(tmp_path / "two" / "films")
        expected = {"name": "films", "save_path": path}
        assert await do(on, "put_category", "applied", name="films", save_path=path) == expected
        stored = json.loads((on.directory / "resume" / "session.json").read_bytes())
        assert stored["categories"]["films"]["save_path"] == path
        untouched = fingerprint(on)
        assert await do(on, "put_category", name="films", save_path=path) == expected
        assert fingerprint(on) == untouched
        await do(on, "add_torrent", magnet=MAGNET, category="films")
        assert (on_disk(on)["save_path"], shown(on)) == (path, "films")
        assert on.told()[-1][1]["category"] == "films"
        await do(on, "put_category", name="films")
        assert (on_disk(on)["save_path"], shown(on)) == (path, "films")
        assert len(await engine.given(Configure)) == 1


async def test_a_given_save_path_overrides_that_of_the_category(tmp_path: Path) -> None:
    """A category without a path has the first root."""
    async with bench(tmp_path) as on:
        await on.engine()
        await do(on, "put_category", name="films", save_path=str(tmp_path / "two" / "films"))
        await do(on, "put_category", name="plain")
        own = str(tmp_path / "two" / "own")
        await do(on, "add_torrent", magnet=MAGNET, category="films", save_path=own)
        assert (on_disk(on)["save_path"], shown(on)) == (own, "films")
        other = f"magnet:?xt=urn:btih:{OTHER}"
        await do(on, "add_torrent", magnet=other, category="plain")
        assert (on_disk(on, OTHER)["save_path"], shown(on, OTHER)) == (str(tmp_path / "one"), "plain")
        assert (listed(on, "films"), listed(on, "plain"), listed(on, "")) == ([V1], [OTHER], [])
        assert len(listed(on, None)) == 2


async def test_a_removed_category_is_removed_from_its_torrents_at_once(tmp_path: Path) -> None:
    """By one write; no torrent's record changes. A later category of the same name does not get them back."""
    async with bench(tmp_path) as on:
        await do(on, "put_category", name="films")
        key = on.catalogue.session.categories["films"].key
        await on.catalogue.put(desired(category=key))
        before = on_disk(on)
        assert shown(on) == "films"
        assert await do(on, "remove_category", "applied", name="films") == {"name": "films"}
        assert (shown(on), listed(on, ""), on_disk(on)) == (None, [V1], before)
        await do(on, "put_category", name="films")
        assert (shown(on), listed(on, "films")) == (None, [])


async def test_the_category_of_a_torrent_changes_with_its_other_options(tmp_path: Path) -> None:
    """Nothing is moved. If the category is unknown, nothing changes."""
    async with bench(tmp_path) as on:
        await do(on, "put_category", name="films", save_path=str(tmp_path / "two" / "films"))
        await on.catalogue.put(desired())
        before = on_disk(on)
        error = await refused(on, "update_options", torrent=V1, category="tv", max_uploads=7)
        assert (error.kind, error.field, on_disk(on)) == (ErrorKind.UNKNOWN_CATEGORY, "args.category", before)
        await do(on, "update_options", torrent=V1, category="films", max_uploads=7)
        after = on.catalogue.torrents[V1]
        assert (shown(on), after.options.max_uploads, after.save_path) == ("films", 7, before["save_path"])
        await do(on, "update_options", torrent=V1, max_uploads=8)
        assert shown(on) == "films"
        await do(on, "update_options", torrent=V1, category=None)
        assert (shown(on), on_disk(on)["category"]) == (None, None)


async def test_a_category_that_cannot_be_is_refused(tmp_path: Path) -> None:
    """The error names the argument, and nothing changes."""
    async with bench(tmp_path) as on:
        await on.engine()
        full = {str(number): Category(key=str(number)) for number in range(CATEGORIES_MAX)}
        await on.catalogue.put_session(DesiredSession(categories=full))
        untouched = fingerprint(on)
        cases: list[tuple[str, dict[str, Any], ErrorKind, str]] = [
            ("put_category", {"name": "x"}, ErrorKind.INVALID_ARGUMENT, "args.name"),
            ("put_category", {"name": "x" * 201}, ErrorKind.INVALID_ARGUMENT, "args.name"),
            ("put_category", {"name": "1", "save_path": "x"}, ErrorKind.PATH_NOT_ALLOWED, "args.save_path"),
            ("put_category", {"name": "1", "save_path": "/"}, ErrorKind.PATH_NOT_ALLOWED, "args.save_path"),
            ("remove_category", {"name": "x"}, ErrorKind.UNKNOWN_CATEGORY, "args.name"),
            ("add_torrent", {"magnet": MAGNET, "category": "x"}, ErrorKind.UNKNOWN_CATEGORY, "args.category"),
        ]
        for op, arguments, kind, field in cases:
            error = await refused(on, op, **arguments)
            assert (error.kind, error.field) == (kind, field)
        assert fingerprint(on) == untouched
        await do(on, "put_category", name="1", save_path=str(tmp_path / "two" / "x"))


async def test_a_path_that_is_no_longer_allowed_is_refused_when_it_is_used(tmp_path: Path) -> None:
    """The download roots may have changed since."""
    async with bench(tmp_path) as on:
        await on.engine()
        gone = DesiredSession(categories={"films": Category(key="k", save_path="/elsewhere")})
        await on.catalogue.put_session(gone)
        error = await refused(on, "add_torrent", magnet=MAGNET, category="films")
        assert (error.kind, error.field) == (ErrorKind.PATH_NOT_ALLOWED, "args.category")


@given(st.dictionaries(st.text(), st.integers(), max_size=5), st.dictionaries(st.text(), st.integers(), max_size=5))
def test_names_follow_the_session(first: dict[str, int], second: dict[str, int]) -> None:
    """Each key has the name that the present session gives it, whatever an earlier one gave."""
    names = CategoryNames()
    for given_names in (first, second):
        keys = {name: f"{number}/{name}" for name, number in given_names.items()}
        session = DesiredSession(categories={name: Category(key=key) for name, key in keys.items()})
        assert {names.of(session, key) for key in keys.values()} == set(keys)
        assert names.of(session, None) is None
        assert names.of(session, "no such key") is None
