"""Ids as people give them."""

import pytest
import typer

from ouzel import Client, OuzelError
from ouzel.ids import resolve
from tests.ouzel.samples import ID, OTHER, row
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
