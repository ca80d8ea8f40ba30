"""Bandwidth groups: what is durable, what engines and clients are told, and what is refused."""

import json
from pathlib import Path
from typing import Any

from protocol.internal.link_commands import Configure
from protocol.wire.desired import GROUPS_MAX, BandwidthGroup, TorrentOptions
from protocol.wire.errors import ErrorKind
from protocol.wire.session.desired_session import DesiredSession
from tests.supervisor.bench import Bench, bench
from tests.supervisor.commands.test_mutations import MAGNET, do, fingerprint, on_disk, refused
from tests.supervisor.samples import OTHER, V1, desired


def shown(on: Bench, torrent: str = V1) -> str | None:
    """The group in the torrent's details."""
    return on.snapshot.detail(on.catalogue.torrents[torrent], 0.0).options.group


async def test_a_group_is_durable_and_sent_to_the_engine(tmp_path: Path) -> None:
    """By its key. A change of one limit keeps the other one, and a change without effect causes no write."""
    async with bench(tmp_path) as on:
        engine = await on.engine()
        expected = {"name": "night", "download_bps": 50_000, "upload_bps": 0}
        assert await do(on, "put_group", name="night", download_bps=50_000) == expected
        stored = json.loads((on.directory / "resume" / "session.json").read_bytes())["groups"]["night"]
        untouched = fingerprint(on)
        assert await do(on, "put_group", name="night") == expected
        assert await do(on, "put_group", name="night", upload_bps=0) == expected
        assert fingerprint(on) == untouched
        assert (await engine.given(Configure, 2))[1].groups == {stored["key"]: (50_000, 0)}
        expected["upload_bps"] = 6000
        assert await do(on, "put_group", name="night", upload_bps=6000) == expected
        assert (await engine.given(Configure, 3))[2].groups == {stored["key"]: (50_000, 6000)}


async def test_torrents_are_added_and_put_into_groups(tmp_path: Path) -> None:
    """Their records have the key, and clients see the name. If the group is unknown, nothing changes."""
    async with bench(tmp_path) as on:
        await on.engine()
        await do(on, "put_group", name="night", download_bps=50_000)
        key = on.catalogue.session.groups["night"].key
        await do(on, "add_torrent", magnet=MAGNET, options={"group": "night", "max_uploads": 5})
        assert (on_disk(on)["options"]["group"], shown(on)) == (key, "night")
        before = on_disk(on)
        error = await refused(on, "update_options", torrent=V1, group="day", max_uploads=7)
        assert (error.kind, error.field, on_disk(on)) == (ErrorKind.UNKNOWN_GROUP, "args.group", before)
        await do(on, "update_options", torrent=V1, max_uploads=7)
        assert (shown(on), on.catalogue.torrents[V1].options.max_uploads) == ("night", 7)
        untouched = fingerprint(on)
        await do(on, "update_options", torrent=V1, group="night")
        assert fingerprint(on) == untouched
        await do(on, "update_options", torrent=V1, group=None)
        assert (shown(on), on.catalogue.torrents[V1].options.group) == (None, None)


async def test_a_removed_group_is_removed_from_its_torrents_at_once(tmp_path: Path) -> None:
    """By one write. A later group of the same name does not get them back."""
    async with bench(tmp_path) as on:
        engine = await on.engine()
        await do(on, "put_group", name="night", download_bps=50_000)
        key = on.catalogue.session.groups["night"].key
        await on.catalogue.put(desired(options=TorrentOptions(group=key)))
        before = on_disk(on)
        assert shown(on) == "night"
        assert await do(on, "remove_group", name="night") == {"name": "night"}
        assert (shown(on), on_disk(on)) == (None, before)
        assert (await engine.given(Configure, 3))[2].groups == {}
        await do(on, "put_group", name="night")
        assert shown(on) is None


async def test_a_group_that_cannot_be_is_refused(tmp_path: Path) -> None:
    """The error names the argument, and nothing changes."""
    async with bench(tmp_path) as on:
        await on.engine()
        full = {str(number): BandwidthGroup(key=str(number)) for number in range(GROUPS_MAX)}
        await on.catalogue.put_session(DesiredSession(groups=full))
        untouched = fingerprint(on)
        cases: list[tuple[str, dict[str, Any], ErrorKind, str]] = [
            ("put_group", {"name": ""}, ErrorKind.INVALID_ARGUMENT, "args.name"),
            ("put_group", {"name": "x"}, ErrorKind.INVALID_ARGUMENT, "args.name"),
            ("put_group", {"name": "x" * 201}, ErrorKind.INVALID_ARGUMENT, "args.name"),
            ("put_group", {"name": "1", "download_bps": 999}, ErrorKind.INVALID_ARGUMENT, "args.download_bps"),
            ("put_group", {"name": "1", "upload_bps": 1}, ErrorKind.INVALID_ARGUMENT, "args.upload_bps"),
            ("put_group", {"name": "1", "upload_bps": -1}, ErrorKind.INVALID_ARGUMENT, "args.upload_bps"),
            ("put_group", {"name": "1", "upload_bps": 2**31}, ErrorKind.INVALID_ARGUMENT, "args.upload_bps"),
            ("remove_group", {"name": "x"}, ErrorKind.UNKNOWN_GROUP, "args.name"),
            (
                "add_torrent",
                {"magnet": f"magnet:?xt=urn:btih:{OTHER}", "options": {"group": "x"}},
                ErrorKind.UNKNOWN_GROUP,
                "args.options.group",
            ),
        ]
        for op, arguments, kind, field in cases:
            error = await refused(on, op, **arguments)
            assert (error.kind, error.field) == (kind, field)
        assert fingerprint(on) == untouched
