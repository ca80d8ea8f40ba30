"""How torrents are named on the command line."""

import pytest
import typer

from ouzel import Client, OuzelError
from ouzel.cli.ids import chosen, followed, resolve
from tests.ouzel.samples import ID, OTHER, detail, row
from tests.ouzel.scripted_daemon import ScriptedDaemon

V2 = "c" * 64


@pytest.fixture(autouse=True)
def _torrents(daemon: ScriptedDaemon) -> None:
    daemon.rows = {each: row(each) for each in (ID, OTHER, V2)}


def test_a_whole_name_that_one_torrent_has_is_that_torrent(daemon: ScriptedDaemon, client: Client) -> None:
    """In its raw or displayed form. A name of several torrents, or one that is also a prefix of an id, is ambiguous."""
    daemon.rows = {ID: row(ID, name="beef"), OTHER: row(OTHER, name="a\x1b b"), V2: row(V2, name="x")}
    assert resolve(client, ["beef", "a\x1b b", "a\ufffd b", "x"]) == [ID, OTHER, OTHER, V2]
    daemon.rows[V2] = row(V2, name="beef")
    with pytest.raises(typer.BadParameter, match="2 torrents are called or begin with beef"):
        resolve(client, ["beef"])
    daemon.rows["beef" + "0" * 36] = row("beef" + "0" * 36)
    with pytest.raises(typer.BadParameter, match="3 torrents are called or begin with beef"):
        resolve(client, ["beef"])


def test_all_or_those_with_a_label_or_those_that_are_named(daemon: ScriptedDaemon, client: Client) -> None:
    """Exactly one of the three has to be given."""
    assert chosen(client, [], everything=True, label=None) == [ID, OTHER, V2]
    assert chosen(client, [], everything=False, label="x") == [ID, OTHER, V2]
    assert daemon.requests[-1].args["label"] == "x"
    assert chosen(client, ["aaaa", ID], everything=False, label=None) == [ID]
    for given, everything, label in (([], False, None), ([ID], True, None), ([ID], False, "x")):
        with pytest.raises(typer.BadParameter, match="--all or --label"):
            chosen(client, given, everything=everything, label=label)


def test_whole_ids_ask_nobody(daemon: ScriptedDaemon, client: Client) -> None:
    """They need no request, in capitals, too."""
    assert resolve(client, [ID.upper(), "0" * 40, V2]) == [ID, "0" * 40, V2]
    assert daemon.ops() == []


def test_a_prefix_that_one_torrent_has_is_that_torrent(client: Client) -> None:
    """Whole ids beside it are unchanged."""
    assert resolve(client, ["aaaa", OTHER, "CCCCC"]) == [ID, OTHER, V2]


def test_the_other_info_hash_will_do_too(daemon: ScriptedDaemon, client: Client) -> None:
    """It is the same torrent, and not ambiguous if both hashes begin alike. Events are subscribed by the id alone."""
    other = "aaab" + "0" * 60
    daemon.rows[ID] = row(ID, info_hash_v1=ID, info_hash_v2=other)
    assert resolve(client, [other[:4], other[:5], ID[:4]]) == [ID, ID, ID]
    daemon.answers["get_torrent"] = lambda args: detail(torrent=ID) if args["torrent"] == other else None
    assert followed(client, other) == ID


def test_a_torrent_that_is_not_there_is_followed_by_what_was_given(client: Client) -> None:
    """It may be added later."""
    assert followed(client, "0" * 40) == "0" * 40


def test_a_prefix_that_no_torrent_has_is_unknown(client: Client) -> None:
    """As the daemon would say."""
    with pytest.raises(OuzelError, match="unknown_torrent"):
        resolve(client, ["ffff"])


def test_a_prefix_that_several_have_is_ambiguous(daemon: ScriptedDaemon, client: Client) -> None:
    """The message names them."""
    daemon.rows["aaaa" + "0" * 36] = row("aaaa" + "0" * 36)
    with pytest.raises(typer.BadParameter, match=rf"2 torrents begin with aaaa: aaaa0+, {ID}; give more"):
        resolve(client, ["aaaa"])


@pytest.mark.parametrize("text", ["abc", "", "ubuntu", "a" * 65])
def test_what_is_no_id_is_refused(client: Client, text: str) -> None:
    """Too short, too long, or not hexadecimal, and no torrent's name."""
    with pytest.raises(typer.BadParameter, match=r"is no id|is empty"):
        resolve(client, [text])
