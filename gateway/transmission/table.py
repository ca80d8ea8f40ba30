"""All methods by name."""

from typing import Final

from gateway.transmission.face import Method
from gateway.transmission.session import groups, preferences, services, statistics
from gateway.transmission.torrents import actions, adding, getting, moving, setting

METHODS: Final[dict[str, Method]] = {
    "blocklist-update": services.blocklist_update,
    "free-space": services.free_space,
    "group-get": groups.group_get,
    "group-set": groups.group_set,
    "port-test": services.port_test,
    "queue-move-bottom": actions.queue_move_bottom,
    "queue-move-down": actions.queue_move_down,
    "queue-move-top": actions.queue_move_top,
    "queue-move-up": actions.queue_move_up,
    "session-close": services.session_close,
    "session-get": preferences.session_get,
    "session-set": preferences.session_set,
    "session-stats": statistics.session_stats,
    "torrent-add": adding.torrent_add,
    "torrent-get": getting.torrent_get,
    "torrent-reannounce": actions.torrent_reannounce,
    "torrent-remove": actions.torrent_remove,
    "torrent-rename-path": moving.torrent_rename_path,
    "torrent-set": setting.torrent_set,
    "torrent-set-location": moving.torrent_set_location,
    "torrent-start": actions.torrent_start,
    "torrent-start-now": actions.torrent_start_now,
    "torrent-stop": actions.torrent_stop,
    "torrent-verify": actions.torrent_verify,
}
