"""The names of JSON-RPC."""

from gateway.transmission.session.table import PREFERENCES
from gateway.transmission.torrents.torrent_fields import FIELDS
from gateway.transmission.transport.naming import legacy_arguments, legacy_method, renamed, snake


def test_old_names_become_snake_case() -> None:
    """Old names become snake case."""
    assert snake("peersGettingFromUs") == "peers_getting_from_us"
    assert snake("alt-speed-time-day") == "alt_speed_time_day"
    assert snake("isUTP") == "is_utp"
    assert snake("file-count") == "file_count"


def test_every_field_and_preference_has_a_name_of_its_own() -> None:
    """Every field and preference has a name of its own."""
    assert len({snake(name) for name in FIELDS}) == len(FIELDS)
    assert len({snake(name) for name in PREFERENCES}) == len(PREFERENCES)


def test_new_names_become_old_ones() -> None:
    """New names become old ones."""
    assert legacy_method("torrent_start_now") == "torrent-start-now"
    assert legacy_method("torrent-get") is None
    assert legacy_arguments("torrent-get", {"fields": ["hash_string", "file_count"], "ids": [1]}) == {
        "fields": ["hashString", "file-count"],
        "ids": [1],
    }
    assert legacy_arguments("torrent-set", {"seed_ratio_mode": 1, "files_wanted": [], "tracker_list": ""}) == {
        "seedRatioMode": 1,
        "files-wanted": [],
        "trackerList": "",
    }
    assert legacy_arguments("torrent-add", {"download_dir": "/d", "peer_limit": 3}) == {
        "download-dir": "/d",
        "peer-limit": 3,
    }
    assert legacy_arguments("session-set", {"seed_ratio_limited": True, "download_dir": "/d"}) == {
        "seedRatioLimited": True,
        "download-dir": "/d",
    }


def test_answers_have_new_names_in_tables_too() -> None:
    """Answers have new names in tables too."""
    assert renamed({"torrents": [["hashString"], ["aB-c"]]}) == {"torrents": [["hash_string"], ["aB-c"]]}
    assert renamed({"torrent-added": {"hashString": "x", "labels": ["a-b"]}}) == {
        "torrent_added": {"hash_string": "x", "labels": ["a-b"]}
    }
