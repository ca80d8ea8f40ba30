"""docs/commands.md: where each command can be used, and which test proves its effect."""

from typing import Final, NamedTuple

from ouzel.client.methods import Methods
from protocol.wire.operations import OPERATIONS

PAGE: Final = "docs/commands.md"
SOURCE: Final = "tools/spec/pages/command_table.py"


GATEWAY: Final = "`ouzel-gateway`"
"""What uses the commands that no subcommand uses."""


class Row(NamedTuple):
    """The ways to use a command, in addition to the protocol.

    Fields:
        shell: the subcommands of `ouzel` that use this command. Empty if only the gateway uses it.
        test: the test that proves the command's effect: its file below tests/end_to_end, and its name.
    """

    shell: tuple[str, ...]
    test: tuple[str, str]


def _row(*shell: str, test: str) -> Row:
    file, _, name = test.partition("::")
    return Row(shell, (file, f"test_{name}"))


ROWS: Final = {
    "hello": _row("ping", test="clients/test_command_line.py::a_ping_names_the_server"),
    "ping": _row("ping", test="clients/test_command_line.py::a_ping_names_the_server"),
    "health": _row("health", test="host/test_health_reasons.py::one_torrents_trouble_is_told_and_degrades_nothing"),
    "stats": _row("stats", test="torrents/test_totals.py::uploads_are_counted_once_over_deaths_of_either_process"),
    "get_counters": _row("stats", test="host/test_statistics.py::counters_count_what_is_downloaded"),
    "get_metrics": _row("stats", test="gateway/test_metrics.py::counters_never_go_down"),
    "get_spans": _row(test="gateway/test_traces.py::one_trace_from_the_command_line_to_the_engine"),
    "get_settings": _row("settings", test="torrents/test_settings.py::every_setting_can_be_changed_by_a_client"),
    "get_goals": _row("goals", test="torrents/test_global_goals.py::global_goals_on_the_command_line"),
    "get_log": _row("logs", test="host/test_log_commands.py::one_name_from_the_client_to_the_engine_and_back"),
    "get_log_levels": _row("log-level", test="host/test_log_commands.py::libtorrent_logs_only_while_it_is_wanted"),
    "snapshot": _row("watch", test="clients/test_rows.py::rows_by_snapshot_and_events_are_the_daemons_own"),
    "list_torrents": _row("ls", test="clients/test_rows.py::rows_by_snapshot_and_events_are_the_daemons_own"),
    "get_torrent": _row("show", test="clients/test_rows.py::a_torrent_is_known_while_no_engine_lives"),
    "list_files": _row("files", test="torrents/test_names.py::files_are_listed_as_they_are_on_the_disk"),
    "list_trackers": _row("trackers", "show", test="torrents/test_tracker_status.py::trackers_that_fail_and_recover"),
    "list_peers": _row("peers", test="torrents/test_peers.py::a_downloader_is_listed_as_it_is"),
    "piece_map": _row("pieces", test="torrents/test_piece_map.py::bits_are_pieces_on_disk"),
    "list_bans": _row("ban", test="torrents/test_bans.py::bans_on_the_command_line"),
    "list_web_seeds": _row("webseeds", test="torrents/test_web_seeds.py::an_added_web_seed_provides_the_payload"),
    "list_categories": _row("categories", test="torrents/test_categories.py::categories_on_the_command_line"),
    "list_groups": _row("groups", test="torrents/test_groups.py::groups_on_the_command_line"),
    "replay": _row("events", test="clients/test_slow_subscriber.py::a_stopped_subscriber_finds_its_gap_and_repairs_it"),
    "list_crashes": _row("crashes", test="crashes/test_poison.py::a_torrent_that_crashes_the_engine_as_it_is_loaded"),
    "get_crash": _row("crashes show", test="crashes/test_poison.py::a_torrent_that_crashes_the_engine_as_it_is_loaded"),
    "list_damaged": _row(
        "damaged list", test="storage/test_stored_files.py::a_record_is_edited_damaged_and_given_back"
    ),
    "list_jobs": _row("jobs", test="torrents/test_create.py::jobs_run_one_after_the_other_and_can_be_cancelled"),
    "add_torrent": _row("add", test="torrents/test_download.py::a_torrent_is_downloaded_and_its_events_tell_the_story"),
    "upload_part": _row("add", test="torrents/test_adding.py::a_torrent_file_larger_than_a_frame"),
    "remove_torrent": _row(
        "rm", test="torrents/test_download.py::removal_with_files_leaves_nothing_and_the_id_can_be_added_again"
    ),
    "pause": _row("pause", test="torrents/test_download.py::a_paused_torrent_stays_paused_over_restarts_and_resumes"),
    "resume": _row("resume", test="torrents/test_download.py::a_paused_torrent_stays_paused_over_restarts_and_resumes"),
    "set_sequential": _row("files", test="torrents/test_download.py::set_sequential_and_torrent_limits_are_kept"),
    "update_limits": _row("limit", test="torrents/test_download.py::a_limit_holds_for_peers_on_loopback"),
    "update_settings": _row(
        "settings set",
        "settings reset",
        test="torrents/test_settings.py::a_user_agent_is_seen_by_trackers_after_kills_of_either_process",
    ),
    "update_goals": _row(
        "goals", test="torrents/test_global_goals.py::a_clients_goal_pauses_a_seed_and_survives_both_processes"
    ),
    "update_log_levels": _row("log-level", test="host/test_log_commands.py::libtorrent_logs_only_while_it_is_wanted"),
    "update_selection": _row(
        "files", test="torrents/test_download.py::a_deselected_file_is_not_downloaded_until_it_is_selected"
    ),
    "recheck": _row("recheck", test="torrents/test_recheck.py::what_was_spoilt_is_fetched_again"),
    "reannounce": _row("announce", test="torrents/test_reannounce.py::all_trackers_or_one"),
    "update_trackers": _row(
        "trackers", test="torrents/test_tracker_list.py::the_sources_trackers_are_replaced_for_good"
    ),
    "update_web_seeds": _row("webseeds", test="torrents/test_web_seeds.py::an_added_web_seed_provides_the_payload"),
    "add_peers": _row("peers", test="torrents/test_download.py::a_torrent_is_downloaded_and_its_events_tell_the_story"),
    "update_options": _row(
        "options",
        "goals",
        "categories assign",
        "groups assign",
        test="torrents/test_options.py::peers_see_limits_and_super_seeding",
    ),
    "export_torrent": _row(
        "export", test="torrents/test_export.py::what_is_exported_is_the_torrent_with_its_present_trackers"
    ),
    "move_storage": _row("move", test="moves/test_moves.py::to_another_file_system_and_back"),
    "relocate_storage": _row(
        "relocate", test="storage/test_relocate.py::a_disk_that_is_mounted_elsewhere_needs_no_hashing"
    ),
    "rename_file": _row("rename", test="moves/test_renames.py::a_file_and_its_folder_get_other_names"),
    "rename_folder": _row("rename", test="moves/test_renames.py::a_file_and_its_folder_get_other_names"),
    "ban_peer": _row("ban", test="torrents/test_bans.py::a_banned_seed_gives_nothing_more"),
    "unban_peer": _row("unban", test="torrents/test_bans.py::a_banned_seed_gives_nothing_more"),
    "move_in_queue": _row("queue", test="torrents/test_queue.py::the_first_in_the_queue_downloads"),
    "set_piece_deadlines": _row("deadline", test="torrents/test_deadlines.py::a_part_is_requested_before_all_others"),
    "put_category": _row(
        "categories put", test="torrents/test_categories.py::files_are_stored_below_the_path_of_the_category"
    ),
    "remove_category": _row(
        "categories remove", test="torrents/test_categories.py::files_are_stored_below_the_path_of_the_category"
    ),
    "put_group": _row("groups put", test="torrents/test_groups.py::two_downloads_share_the_limit_of_their_group"),
    "remove_group": _row("groups remove", test="torrents/test_groups.py::two_downloads_share_the_limit_of_their_group"),
    "create_torrent": _row("create", test="torrents/test_create.py::hashes_are_those_of_another_implementation"),
    "cancel_job": _row("cancel", test="torrents/test_create.py::jobs_run_one_after_the_other_and_can_be_cancelled"),
    "release_torrent": _row(
        "release", test="crashes/test_poison.py::a_torrent_that_crashes_the_engine_as_it_is_loaded"
    ),
    "restore_damaged": _row(
        "damaged restore", test="storage/test_stored_files.py::a_record_is_edited_damaged_and_given_back"
    ),
}
"""The uses of each command, by op."""


def page() -> str:
    """The text of the page."""
    lines = [
        "# Commands",
        "",
        "Each command of the [protocol](protocol.md), with its method in both Python clients (`ouzel.Client` and",
        "`ouzel.AsyncClient`), and in the command line. The test proves the effect where it happens: at the other",
        f"peer, at a tracker, on the disk, or in the session. `scripts/spec` generates this page from `{SOURCE}`.",
        "",
        "| op | Python | command line | test |",
        "| --- | --- | --- | --- |",
    ]
    for op in OPERATIONS:
        shell, (file, name) = ROWS[op]
        method = f"`{op}`" if hasattr(Methods, op) else "`events`"
        commands = ", ".join(f"`ouzel {each}`" for each in shell) or GATEWAY
        lines.append(f"| `{op}` | {method} | {commands} | [`{name}`](../tests/end_to_end/{file}) |")
    return "\n".join(lines) + "\n"
