"""The calls correspond to the protocol's commands."""

import pytest

from ouzel.client import calls
from protocol.wire.errors import OuzelError
from protocol.wire.operations import OPERATIONS, parse_command
from protocol.wire.session.desired_session import ScheduleWindow
from tests.ouzel.samples import ID, crash, reply, row

CALLS: list[calls.Call[object]] = [
    calls.hello(),
    calls.ping(),
    calls.health(),
    calls.stats(),
    calls.snapshot("x", limit=3),
    calls.list_torrents(ids=[ID], state="paused", label="l"),
    calls.list_ids(),
    calls.get_torrent(ID),
    calls.list_files(torrent=ID),
    calls.list_trackers(ID),
    calls.list_peers(ID),
    calls.piece_map(ID),
    calls.list_bans(),
    calls.list_categories(),
    calls.put_category("films"),
    calls.put_category("films", "/srv/films"),
    calls.remove_category("films"),
    calls.list_groups(),
    calls.put_group("night"),
    calls.put_group("night", download_bps=0, upload_bps=5000),
    calls.remove_group("night"),
    calls.export_torrent(ID),
    calls.create_torrent("/p", trackers=[["udp://t/"]], exclude=["*.nfo"], output="/p.torrent"),
    calls.list_jobs(),
    calls.cancel_job("5c1e07ab"),
    calls.ban_peer("192.0.2.7"),
    calls.unban_peer("[2001:db8::7]:6881"),
    calls.list_crashes(),
    calls.list_damaged(),
    calls.get_crash(crash().name),
    calls.add_torrent(magnet="magnet:?xt=urn:btih:" + ID, priorities={0: 7}, peers=["[::1]:1"], labels=["l"]),
    calls.add_torrent(metainfo=b"d", include=("*",), wait="applied"),
    calls.upload_part("large", 0, b"d"),
    calls.remove_torrent(ID),
    calls.pause(ID),
    calls.resume(ID),
    calls.recheck(ID),
    calls.update_trackers(ID, replace=[("udp://t/", 0)], add=[("udp://u/", 255)], remove=["udp://v/"]),
    calls.update_trackers(ID),
    calls.update_web_seeds(ID, add=["http://t/"], remove=["http://u/"]),
    calls.list_web_seeds(ID),
    calls.reannounce(ID, tracker="udp://t/"),
    calls.set_sequential(ID, False),
    calls.update_limits(ID, upload_bps=0),
    calls.update_limits(),
    calls.update_limits(alternative_download_bps=0, alternative_upload_bps="file", schedule="file"),
    calls.update_limits(schedule=[ScheduleWindow(start="22:00", to="06:00")]),
    calls.get_settings(),
    calls.get_goals(),
    calls.update_goals(),
    calls.update_goals(ratio=2, seeding_time_s="none", inactive_time_s="file", action="remove"),
    calls.get_counters(),
    calls.get_log(),
    calls.get_log(after=0, limit=1, level="error", component="engine", torrent=ID, request="a/1", text="x"),
    calls.get_log_levels(),
    calls.update_log_levels({"engine": "debug", "libtorrent": None}),
    calls.get_metrics(),
    calls.get_spans(after=7, limit=1, ratio=0.5),
    calls.update_settings({"user_agent": "x", "enable_dht": None}),
    calls.update_selection(ID, include=["*.mkv"], exclude=[], skip_fluff=False, priorities={}),
    calls.move_storage(ID, "/x"),
    calls.rename_file(ID, 0, "a/b"),
    calls.rename_folder(ID, "a", "b"),
    calls.relocate_storage(ID, "/srv", dry_run=True),
    calls.update_options(ID, max_connections=0, super_seeding=False, labels=[], name=""),
    calls.update_options(ID, category="films"),
    calls.update_options(ID, category=""),
    calls.update_options(ID, group="night"),
    calls.update_options(ID, group=""),
    calls.update_options(ID, pex=False, wait="applied"),
    calls.move_in_queue([ID], "top"),
    calls.set_piece_deadlines(ID, 0, 1, 2, 3),
    calls.add_peers(ID, ["127.0.0.1:1"]),
    calls.release_torrent(ID),
    calls.restore_damaged(f"{ID}.json"),
]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.op)
def test_the_daemon_understands_every_call(call: calls.Call[object]) -> None:
    """Names and types of the arguments are part of the protocol."""
    parse_command(call.op, dict(call.args))


def test_every_command_but_replay_has_a_call() -> None:
    """`replay` is used by the event stream only."""
    assert {call.op for call in CALLS} == OPERATIONS.keys() - {"replay"}


def test_an_unknown_state_is_no_request() -> None:
    """The mistake is the caller's."""
    with pytest.raises(ValueError, match="no_such"):
        calls.list_torrents(state="no_such")


def test_a_result_that_is_not_as_the_protocol_says_is_malformed() -> None:
    """The error names the field."""
    page = calls.list_torrents().read(reply({"torrents": [row()], "cursor": "c"}))
    assert page == calls.Page([row()], "c")
    with pytest.raises(OuzelError, match=r"result\.torrents"):
        calls.list_torrents().read(reply({"cursor": None}))
