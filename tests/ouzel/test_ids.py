"""Ids as people give them."""

import pytest
import typer

from ouzel import Client, OuzelError
from ouzel.ids import followed, resolve
from tests.ouzel.samples import ID, OTHER, detail, row
from tests.ouzel.scripted_daemon import ScriptedDaemon

V2 = "c" * 64


@pytest.fixture(autouse=True)
def _torrents(daemon: ScriptedDaemon) -> None:
    daemon.rows = {each: row(each) for each in (ID, OTHER, V2)}


def test_whole_ids_ask_nobody(daemon: ScriptedDaemon, client: Client) -> None:
    """They are what they are, in capitals too."""
    assert resolve(client, [ID.upper(), "0" * 40, V2]) == [ID, "0" * 40, V2]
    assert daemon.ops() == []


def test_a_prefix_that_one_torrent_has_is_that_torrent(client: Client) -> None:
    """Whole ids beside it stay."""
    assert resolve(client, ["aaaa", OTHER, "CCCCC"]) == [ID, OTHER, V2]


def test_the_other_info_hash_will_do_too(daemon: ScriptedDaemon, client: Client) -> None:
    """It is the same torrent, and not ambiguous where both begin alike; events are followed by the id alone."""
    other = "aaab" + "0" * 60
    daemon.rows[ID] = row(ID, info_hash_v1=ID, info_hash_v2=other)
    assert resolve(client, [other[:4], other[:5], ID[:4]]) == [ID, ID, ID]
    daemon.answers["get_torrent"] = lambda args: detail(torrent=ID) if args["torrent"] == other else None
    assert followed(client, other) == ID


def test_a_torrent_that_is_not_there_is_followed_by_what_was_given(client: Client) -> None:
    """It may be added yet."""
    assert followed(client, "0" * 40) == "0" * 40


def test_a_prefix_that_no_torrent_has_is_unknown(client: Client) -> None:
    """As the daemon would say."""
    with pytest.raises(OuzelError, match="unknown_torrent"):
        resolve(client, ["ffff"])


def test_a_prefix_that_several_have_is_ambiguous(daemon: ScriptedDaemon, client: Client) -> None:
    """They are named."""
    daemon.rows["aaaa" + "0" * 36] = row("aaaa" + "0" * 36)
    with pytest.raises(typer.BadParameter, match=rf"2 torrents begin with aaaa: aaaa0+, {ID}; give more"):
        resolve(client, ["aaaa"])


@pytest.mark.parametrize("text", ["abc", "", "ubuntu", "a" * 65])
def test_what_is_no_id_is_refused(client: Client, text: str) -> None:
    """Too short, too long, or not hexadecimal."""
    with pytest.raises(typer.BadParameter, match="is no id"):
        resolve(client, [text])
