"""The preferences of user interfaces, of added torrents, and of storage. Pure."""

from typing import Final

from gateway.qbittorrent.preferences.row import Row, Value, View, fixed, setting, stored

BEHAVIOUR: Final = (
    stored("locale", "en"),
    fixed("performance_warning", False),
    stored("status_bar_external_ip", False),
    stored("confirm_torrent_deletion", True),
    stored("confirm_torrent_recheck", True),
    stored("delete_torrent_content_files", False),
    stored("refresh_interval", 1500),
    stored("resolve_peer_countries", True),
    stored("app_instance_name", ""),
    fixed("file_log_enabled", True),
    fixed("file_log_path", ""),
    fixed("file_log_backup_enabled", True),
    fixed("file_log_max_size", 65),
    fixed("file_log_delete_old", True),
    fixed("file_log_age", 1),
    fixed("file_log_age_type", 1),
)
"""The preferences of user interfaces, and of a log file that Ouzel does not have."""

ADDING: Final = (
    stored("torrent_content_layout", "Original"),
    stored("add_to_top_of_queue", False),
    stored("add_stopped_enabled", False),
    fixed("torrent_stop_condition", "None"),
    fixed("merge_trackers", False),
    stored("auto_tmm_enabled", False),
    stored("torrent_changed_tmm_enabled", True),
    fixed("save_path_changed_tmm_enabled", False),
    stored("category_changed_tmm_enabled", False),
    stored("use_category_paths_in_manual_mode", False),
    stored("use_subcategories", False),
    fixed("auto_delete_mode", 0),
    fixed("excluded_file_names_enabled", False),
    fixed("excluded_file_names", ""),
    fixed("add_trackers_enabled", False),
    fixed("add_trackers", ""),
    fixed("add_trackers_from_url_enabled", False),
    fixed("add_trackers_url", ""),
    fixed("add_trackers_url_list", ""),
    fixed("scan_dirs", {}),
    fixed("torrent_file_size_limit", 100 * 1024 * 1024),
)
"""The preferences of added torrents. The handler of `torrents/add` applies the stored preferences."""


def _save_path(view: View) -> Value:
    return view.stored.get("save_path") or first_root(view)


def _temp_path(view: View) -> Value:
    return view.stored.get("temp_path") or f"{_save_path(view)}/temp"


def first_root(view: View) -> str:
    """The first download root, which is the default save path. It is empty if the roots are not known."""
    return view.stats.roots[0].path if view.stats is not None and view.stats.roots else ""


STORAGE: Final = (
    Row("save_path", _save_path, lambda wanted, change: change.stored.update(save_path=wanted["save_path"])),
    fixed("temp_path_enabled", False),
    Row("temp_path", _temp_path, lambda wanted, change: change.stored.update(temp_path=wanted["temp_path"])),
    fixed("export_dir", ""),
    fixed("export_dir_fin", ""),
    fixed("preallocate_all", False),
    fixed("incomplete_files_ext", False),
    fixed("use_unwanted_folder", False),
    fixed("torrent_content_remove_option", "Delete"),
    fixed("recheck_completed_torrents", False),
    fixed("resume_data_storage_type", "Legacy"),
    fixed("save_resume_data_interval", 60),
    fixed("save_statistics_interval", 15),
    fixed("memory_working_set_limit", 512),
    fixed("mark_of_the_web", True),
    setting("async_io_threads", "aio_threads", 10),
    setting("hashing_threads", "hashing_threads", 1),
    setting("file_pool_size", "file_pool_size", 100),
    fixed("disk_cache", -1),
    fixed("disk_cache_ttl", 60),
    setting("disk_queue_size", "max_queued_disk_bytes", 1024 * 1024),
    fixed("disk_io_type", 0),
    fixed("enable_coalesce_read_write", False),
    setting("enable_piece_extent_affinity", "piece_extent_affinity", False),
)
"""The preferences of storage."""

ABSENT: Final = (
    fixed("mail_notification_enabled", False),
    fixed("mail_notification_sender", "qBittorrent_notification@example.com"),
    fixed("mail_notification_email", ""),
    fixed("mail_notification_smtp", "smtp.changeme.com"),
    fixed("mail_notification_ssl_enabled", False),
    fixed("mail_notification_auth_enabled", False),
    fixed("mail_notification_username", ""),
    fixed("mail_notification_password", ""),
    fixed("autorun_on_torrent_added_enabled", False),
    fixed("autorun_on_torrent_added_program", ""),
    fixed("autorun_enabled", False),
    fixed("autorun_program", ""),
    fixed("rss_refresh_interval", 30),
    fixed("rss_fetch_delay", 2),
    fixed("rss_max_articles_per_feed", 50),
    fixed("rss_processing_enabled", False),
    fixed("rss_auto_downloading_enabled", False),
    fixed("rss_download_repack_proper_episodes", True),
    fixed(
        "rss_smart_episode_filters",
        "s(\\d+)e(\\d+)\n(\\d+)x(\\d+)\n(\\d{4}[.\\-]\\d{1,2}[.\\-]\\d{1,2})\n(\\d{1,2}[.\\-]\\d{1,2}[.\\-]\\d{4})",
    ),
    fixed("enable_embedded_tracker", False),
    fixed("embedded_tracker_port", 9000),
    fixed("embedded_tracker_port_forwarding", False),
    fixed("python_executable_path", ""),
    fixed("bdecode_depth_limit", 100),
    fixed("bdecode_token_limit", 10_000_000),
)
"""The preferences of absent functions: mail, RSS, an embedded tracker, search, and programs (see `[hooks]`)."""
