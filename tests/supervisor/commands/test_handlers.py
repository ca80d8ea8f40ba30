from types import ModuleType, SimpleNamespace
from typing import cast

import msgspec
import pytest

from protocol.internal.link_events import TorrentRechecked
from protocol.wire.commands.kinds import DiskRead, Mutation
from protocol.wire.commands.session_commands import Ping
from protocol.wire.commands.torrent_commands import PauseTorrent, Recheck, ResumeTorrent, SetSequential
from protocol.wire.commands.tracker_commands import UpdateWebSeeds
from protocol.wire.desired import DesiredTorrent, edited_web_seeds
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.operations import parse_command
from protocol.wire.results import SequentialAccepted, TorrentAccepted
from supervisor.commands import edits as all_edits
from supervisor.commands.handlers import check_complete, edits, edits_of, handlers_of, handles
from tests.supervisor.samples import V1, desired


class Part:
    @handles(Ping)
    def ping(self, _: Ping) -> str:
        return "here"

    def other(self) -> None:
        pass


def test_a_marked_method_is_found_by_its_commands_type() -> None:
    """Other methods are not."""
    found = handlers_of(Part())
    assert list(found) == [Ping]
    assert found[Ping](Ping()) == "here"


def test_two_handlers_of_one_command_are_refused() -> None:
    """It would not be known which one is meant."""
    with pytest.raises(LookupError, match="more than one handler for Ping"):
        handlers_of(Part(), Part())


def test_two_edits_of_one_command_are_refused() -> None:
    """It would not be known which one is meant."""

    @edits(PauseTorrent)
    def one(before: DesiredTorrent, _: PauseTorrent) -> DesiredTorrent:
        return before

    @edits(PauseTorrent)
    def other(before: DesiredTorrent, _: PauseTorrent) -> DesiredTorrent:
        return before

    with pytest.raises(LookupError, match="PauseTorrent"):
        edits_of(cast(ModuleType, SimpleNamespace(one=one, other=other)))


def test_a_command_of_the_table_without_a_handler_is_noticed_at_the_start() -> None:
    """By its name."""
    with pytest.raises(LookupError, match="no handler for ListCrashes, GetCrash, ListDamaged"):
        check_complete(DiskRead, {Ping: object()})


def test_an_edit_tells_which_torrent_it_was_unless_it_says_otherwise() -> None:
    """And whether what has stopped the torrent is checked again."""
    found = edits_of(all_edits)
    pause, resume, sequential = (found[kind] for kind in (PauseTorrent, ResumeTorrent, SetSequential))
    assert pause.result(desired(), PauseTorrent(torrent=V1)) == TorrentAccepted(torrent=V1)
    after = sequential.change(desired(), SetSequential(torrent=V1, sequential=True))
    assert sequential.result(after, None) == SequentialAccepted(torrent=V1, sequential=True)
    assert (pause.afresh, resume.afresh) == (False, True)


def test_every_edit_names_what_a_client_or_an_engine_can_send() -> None:
    """And leaves the revision to the editor."""
    arguments = {"sequential": True, "peers": ["127.0.0.1:1"], "revision": 2}
    before = desired(metainfo_crc32=1)
    for kind, edit in edits_of(all_edits).items():
        given = {name: value for name, value in arguments.items() if name in kind.__struct_fields__}
        if issubclass(kind, Mutation):
            command: msgspec.Struct = parse_command(str(kind.__struct_config__.tag), {"torrent": V1, **given})
        else:
            command = TorrentRechecked(torrent=V1, revision=2)
        assert edit.change(before, command).revision == before.revision


def test_web_seeds_are_added_and_removed_whatever_the_slash_at_the_end() -> None:
    """What is removed stays so until it is added again; the same change again changes nothing."""
    edit = all_edits.update_web_seeds
    before = desired(web_seeds=("http://a/", "http://b/"))
    after = edit(before, UpdateWebSeeds(torrent=V1, add=["http://c/", "http://b"], remove=["http://a", "http://s/"]))
    assert after.web_seeds == ("http://b/", "http://c/")
    assert edited_web_seeds(["http://s", "http://t"], after) == ["http://t", "http://b/", "http://c/"]
    assert edit(after, UpdateWebSeeds(torrent=V1, add=["http://c"], remove=["http://a"])) == msgspec.structs.replace(
        after, removed_web_seeds=("http://a", "http://s/")
    )
    again = edit(after, UpdateWebSeeds(torrent=V1, add=["http://s"]))
    assert edited_web_seeds(["http://s/"], again) == ["http://s/", "http://b/", "http://c/"]


def test_a_recheck_is_asked_for_by_revision_and_ends_with_it() -> None:
    """An earlier end does not end a later recheck; `seed_mode` ends with a recheck."""
    asked = all_edits.recheck(desired(metainfo_crc32=1, seed_mode=True, revision=4), Recheck(torrent=V1))
    assert (asked.recheck, asked.seed_mode) == (5, False)
    assert all_edits.rechecked(asked, TorrentRechecked(torrent=V1, revision=4)) == asked
    assert all_edits.rechecked(asked, TorrentRechecked(torrent=V1, revision=5)).recheck is None


def test_a_link_without_metadata_has_nothing_to_hash() -> None:
    """So nothing is stored."""
    with pytest.raises(OuzelError) as refused:
        all_edits.recheck(desired(), Recheck(torrent=V1))
    assert refused.value.kind is ErrorKind.NO_METADATA
